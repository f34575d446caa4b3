"""The tables of all rooms."""

from __future__ import annotations

from functions.dataverse import translate as dataverse
from functions.erp import mapping as erp_mapping
from functions.erp import settings as erp_settings
from functions.erp import translate as erp
from functions.lms import translate as lms
from functions.salesforce import translate as salesforce

EVERY = [
    *salesforce.TRANSLATIONS.values(),
    *lms.TRANSLATIONS.values(),
    *dataverse.TRANSLATIONS.values(),
    *erp.translations("the ERP", erp_mapping.load(erp_settings.MAPPING)).values(),
]
