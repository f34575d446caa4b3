"""The rooms that a contract holds for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.rooms.dataverse import dataverse
from tests.rooms.erp import erp, other_erp
from tests.rooms.systems import Room, lms, salesforce

ROOMS: Mapping[str, Callable[..., Room]] = {"salesforce": salesforce, "lms": lms, "dataverse": dataverse}
"""Those behind an API."""

EVERY: Mapping[str, Callable[..., Room]] = {**ROOMS, "erp": erp, "other_erp": other_erp}
