"""The objects of the simulated org, as tables of their fields. A further object is one more entry here.

Lengths, flags and picklists are those of a plain Enterprise org. `Crosswalk_Id__c` is the hub's own
external id field, `Learner_Number__c` the school's number of a person. The two objects of training refer to
a lead, or to its contact once it is converted. Which picklists are restricted: salutation, lead status and
geocode accuracy; the others take any text, as standard picklists of most orgs do.
"""

from typing import Final

from local.systems.salesforce.schema import Schema, parse_object

_GEOCODES: Final = (
    "Address; NearAddress; Block; Street; ExtendedZip; Zip; Neighborhood; City; County; State; Unknown"
)
_INDUSTRIES: Final = (
    "Agriculture; Apparel; Banking; Biotechnology; Chemicals; Communications; Construction; Consulting;"
    "Education; Electronics; Energy; Engineering; Entertainment; Environmental; Finance; Food & Beverage;"
    "Government; Healthcare; Hospitality; Insurance; Machinery; Manufacturing; Media; Not For Profit;"
    "Recreation; Retail; Shipping; Technology; Telecommunications; Transportation; Utilities; Other"
)
_STATUSES: Final = "Open - Not Contacted; Working - Contacted; Closed - Converted; Closed - Not Converted"
_SOURCES: Final = "Web; Phone Inquiry; Partner Referral; Purchased List; Training; Other"

_AUDIT: Final = """
IsDeleted         boolean       system
CreatedDate       datetime      system
CreatedById       reference     system     | User
LastModifiedDate  datetime      system
LastModifiedById  reference     system     | User
SystemModstamp    datetime      system
"""


def _address(stem: str) -> str:
    return f"""
{stem}Street           textarea 255  -
{stem}City             string 40     -
{stem}State            string 80     -
{stem}PostalCode       string 20     -
{stem}Country          string 80     -
{stem}Latitude         double        -
{stem}Longitude        double        -
{stem}GeocodeAccuracy  picklist 40   restricted  | {_GEOCODES}
{stem}Address          address       read
"""


_ACCOUNT: Final = f"""
Id                 id             system lookup
MasterRecordId     reference      read        | Account
Name               string 255     required
Type               picklist 40    -           | Prospect; Customer - Direct; Customer - Channel; Other
ParentId           reference      -           | Account
{_address("Billing")}
{_address("Shipping")}
Phone              phone 40       -
Fax                phone 40       -
AccountNumber      string 40      indexed
Website            url 255        -
PhotoUrl           url 255        read
Sic                string 20      -
Industry           picklist 40    -           | {_INDUSTRIES}
AnnualRevenue      currency       -
NumberOfEmployees  int            -
Ownership          picklist 40    -           | Public; Private; Subsidiary; Other
TickerSymbol       string 20      -
Description        textarea 32000 -
Rating             picklist 40    -           | Hot; Warm; Cold
Site               string 80      -
OwnerId            reference      default     | User
AccountSource      picklist 40    -           | {_SOURCES}
SicDesc            string 80      -
YearStarted        string 4       -
LastActivityDate   date           read
Crosswalk_Id__c    string 36      external unique
{_AUDIT}
"""

_CONTACT: Final = f"""
Id                  id             system lookup
MasterRecordId      reference      read       | Contact
AccountId           reference      indexed    | Account
LastName            string 80      required
FirstName           string 40      -
Salutation          picklist 40    restricted | Mr.; Ms.; Mrs.; Dr.; Prof.; Mx.
Name                string 121     system
{_address("Other")}
{_address("Mailing")}
Phone               phone 40       -
Fax                 phone 40       -
MobilePhone         phone 40       -
HomePhone           phone 40       -
OtherPhone          phone 40       -
AssistantPhone      phone 40       -
ReportsToId         reference      -          | Contact
Email               email 80       lookup
Title               string 128     -
Department          string 80      -
AssistantName       string 40      -
LeadSource          picklist 255   -          | {_SOURCES}
Birthdate           date           -
Description         textarea 32000 -
OwnerId             reference      default    | User
HasOptedOutOfEmail  boolean        default
HasOptedOutOfFax    boolean        default
DoNotCall           boolean        default
LastActivityDate    date           read
EmailBouncedReason  string 255     -
EmailBouncedDate    datetime       -
IsEmailBounced      boolean        system
PhotoUrl            url 255        read
Crosswalk_Id__c     string 36      external unique
Learner_Number__c   string 40      -
{_AUDIT}
"""

_LEAD: Final = f"""
Id                      id             system lookup
MasterRecordId          reference      read       | Lead
LastName                string 80      required
FirstName               string 40      -
Salutation              picklist 40    restricted | Mr.; Ms.; Mrs.; Dr.; Prof.; Mx.
Name                    string 121     system
Title                   string 128     -
Company                 string 255     required
{_address("")}
Phone                   phone 40       -
MobilePhone             phone 40       -
Fax                     phone 40       -
Email                   email 80       lookup
Website                 url 255        -
PhotoUrl                url 255        read
Description             textarea 32000 -
LeadSource              picklist 255   -          | {_SOURCES}
Status                  picklist 255   default restricted | {_STATUSES}
Industry                picklist 255   -          | {_INDUSTRIES}
Rating                  picklist 255   -          | Hot; Warm; Cold
AnnualRevenue           currency       -
NumberOfEmployees       int            -
OwnerId                 reference      default    | User
HasOptedOutOfEmail      boolean        default
DoNotCall               boolean        default
IsConverted             boolean        system
ConvertedDate           date           read
ConvertedAccountId      reference      read       | Account
ConvertedContactId      reference      read       | Contact
IsUnreadByOwner         boolean        default
LastActivityDate        date           read
EmailBouncedReason      string 255     update
EmailBouncedDate        datetime       update
RecordTypeId            reference      -          | RecordType
Crosswalk_Id__c         string 36      external unique
Learner_Number__c       string 40      -
{_AUDIT}
"""

_USER: Final = f"""
Id          id           system lookup
Username    string 80    required unique
LastName    string 80    required
FirstName   string 40    -
Name        string 121   system
Email       email 128    required indexed
Alias       string 8     required
IsActive    boolean      default
{_AUDIT}
"""

_RECORD_TYPE: Final = f"""
Id             id          system lookup
Name           string 80   required
DeveloperName  string 80   required
SobjectType    string 40   required
IsActive       boolean     default
{_AUDIT}
"""


def _of_training(name: str, fields: str) -> str:
    """A custom object: its name is a number that the org gives, and it belongs to a lead or a contact."""
    return f"""
Id               id            system lookup
OwnerId          reference     default          | User
Name             string 80     system numbered  | {name}
Number__c        string 40     indexed
Lead__c          reference     indexed          | Lead
Contact__c       reference     indexed          | Contact
Course__c        string 255    -
Status__c        string 40     -
Crosswalk_Id__c  string 36     external unique
{fields}
{_AUDIT}
"""


_PURCHASE: Final = _of_training(
    "TP",
    """
Quantity__c      double 18 0   -
Amount__c        double 16 2   -
Currency__c      string 3      -
Purchased_On__c  date          -
""",
)
_RESULT: Final = _of_training(
    "CR",
    """
Grade__c         double 16 2   -
Completed_On__c  date          -
""",
)

STANDARD: Final = Schema(
    [
        parse_object("Account", "001", "Accounts", _ACCOUNT),
        parse_object("Contact", "003", "Contacts", _CONTACT),
        parse_object("Lead", "00Q", "Leads", _LEAD),
        parse_object("User", "005", "Users", _USER),
        parse_object("RecordType", "012", "Record Types", _RECORD_TYPE),
        parse_object("Training_Purchase__c", "a01", "Training Purchases", _PURCHASE),
        parse_object("Course_Result__c", "a02", "Course Results", _RESULT),
    ]
)

RECORD_TYPES: Final = {"Lead": ("Customer", "Vendor", "Partner")}
"""Object to the names of its record types."""
