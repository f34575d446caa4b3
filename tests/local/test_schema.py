"""What the hub needs of an org: printed, written as metadata, and there in the simulated one."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from typer.testing import CliRunner

from local.__main__ import made
from local.schema.command import salesforce
from local.schema.metadata import NAMESPACE, files
from local.systems.salesforce.objects import STANDARD

HERE = {"m": NAMESPACE}


def printed(*arguments: str) -> str:
    ended = CliRunner().invoke(made(["schema", "held"]), ["schema", "salesforce", *arguments])
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_the_objects_and_fields_are_printed_with_type_and_length_and_whether_they_are_ours():
    lines = [line.split() for line in printed().splitlines()]

    assert ["Lead", "Company", "text", "of", "255"] in lines
    assert ["Lead", "Learner_Number__c", "text", "of", "40", "yes"] in lines
    assert ["Training_Purchase__c", "Amount__c", "number", "with", "2", "decimals", "yes"] in lines
    assert ["Course_Result__c", "Contact__c", "lookup", "to", "Contact", "yes"] in lines


def test_the_simulated_org_has_it_all():
    assert [each for each in salesforce() if each.name not in STANDARD.objects[each.sobject].fields] == []


def test_what_is_ours_is_written_as_metadata_and_nothing_of_the_orgs_own(tmp_path):
    printed("--metadata", str(tmp_path))

    lead = ET.parse(tmp_path / "objects" / "Lead.object").getroot()
    names = [each.text for each in lead.findall("m:fields/m:fullName", HERE)]
    assert set(names) == {"Crosswalk_Id__c", "Learner_Number__c"}
    (key,) = [each for each in lead.findall("m:fields", HERE) if each[0].text == "Crosswalk_Id__c"]
    told = {each.tag.partition("}")[2]: each.text for each in key}
    assert (told["type"], told["length"], told["externalId"], told["unique"]) == (
        "Text",
        "36",
        "true",
        "true",
    )


def test_every_field_of_ours_is_in_the_package_and_granted():
    made_files = files(salesforce())
    ours = {f"{each.sobject}.{each.name}" for each in salesforce() if each.is_custom}

    granted = ET.fromstring(made_files["permissionsets/Crosswalk.permissionset"])
    assert {each.text for each in granted.findall("m:fieldPermissions/m:field", HERE)} == ours
    package = ET.fromstring(made_files["package.xml"])
    members = {each.text for each in package.findall("m:types/m:members", HERE)}
    custom = {name for name in ours if name.partition(".")[0].endswith("__c")}
    assert members == ours - custom | {name.partition(".")[0] for name in custom} | {"Crosswalk"}
