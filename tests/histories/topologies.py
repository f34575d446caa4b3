"""The topologies that histories happen in."""

from __future__ import annotations

ONE_WAY = """
systems:
  salesforce: {kind: salesforce, rank: 2}
  lms: {kind: lms, rank: 1}
entities:
  account: {key: [number], owner: salesforce}
  contact: {key: [email], owner: salesforce}
  lead: {key: [email], owner: salesforce}
flows:
  - {entity: account, from: salesforce, to: lms, delete: deactivate}
  - {entity: contact, from: salesforce, to: lms, delete: DELETE, parent_wait: 1h}
  - {entity: lead, from: salesforce, to: lms, delete: DELETE}
"""

WATCHED = """
systems:
  salesforce: {kind: salesforce, rank: 2}
  lms: {kind: lms, rank: 1}
entities:
  account: {key: [number], owner: salesforce}
  contact: {key: [email], owner: salesforce}
flows:
  - {entity: account, from: salesforce, to: lms, delete: DELETE, watch: true}
  - {entity: contact, from: salesforce, to: lms, delete: DELETE, watch: true}
"""

TWO_WAY = """
systems:
  salesforce: {kind: salesforce, rank: 2}
  lms: {kind: lms, rank: 1}
entities:
  account:
    key: [number]
    conflict: CONFLICT
    fields: {name: {owner: salesforce}, city: {owner: lms}}
  contact:
    key: [email]
    conflict: CONFLICT
    fields: {first_name: {owner: salesforce}, title: {owner: lms}}
flows:
  - {entity: account, from: salesforce, to: lms, delete: DELETE, guard: GUARD}
  - {entity: contact, from: salesforce, to: lms, delete: DELETE, guard: GUARD}
  - {entity: account, from: lms, to: salesforce, delete: propagate, guard: read}
  - {entity: contact, from: lms, to: salesforce, delete: propagate, guard: read}
"""

TRADE = """
systems:
  crm: {kind: dataverse, rank: 2}
  erp: {kind: erp, rank: 1, writes: [customers, contacts]}
  partner: {kind: dataverse}
entities:
  account:
    key: [number]
    conflict: CONFLICT
    fields: {name: {owner: crm}, city: {owner: erp}}
  contact:
    key: [email]
    conflict: CONFLICT
    fields: {first_name: {owner: crm}, title: {owner: erp}}
flows:
  - {entity: account, from: crm, to: erp, delete: DELETE, guard: GUARD}
  - {entity: contact, from: crm, to: erp, delete: DELETE, guard: GUARD, parent_wait: 1h}
  - {entity: account, from: erp, to: crm, delete: DELETE, guard: GUARD}
  - {entity: contact, from: erp, to: crm, delete: DELETE, guard: GUARD, parent_wait: 1h}
  - {entity: account, from: crm, to: partner, delete: DELETE}
  - {entity: contact, from: crm, to: partner, delete: DELETE, parent_wait: 1h}
"""
"""Sales and accounting edit the same customers; a partner is told of what sales has."""

SHAPES = {"trade": TRADE, "one-way": ONE_WAY, "watched": WATCHED, "two-way": TWO_WAY}


def topology(
    shape: str, delete: str, guard: str, conflict: str = "newest", envelope: int | None = None
) -> str:
    """The text of a topology: its policies for deletes and conflicts, its guard of writes into the LMS, and
    how many rows one run may delete or empty.
    """
    text = SHAPES[shape].replace("DELETE", delete).replace("GUARD", guard).replace("CONFLICT", conflict)
    if envelope is None:
        return text
    return text.replace("- {entity:", f"- {{envelope: {{share: 0%, records: {envelope}}}, entity:")
