"""A wrong `topology.yaml` is refused with the line of each mistake, and what to write instead.

Each case changes one thing in a sound file; what the refusal says is whole, so that no mistake is told twice
and none hides behind another.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.topology_file import TopologyError, load, parse

SOUND = """systems:
  crm: {kind: salesforce, rank: 2}
  lms: {kind: lms, rank: 1}
entities:
  account: {key: [number], owner: crm}
  contact:
    key: [email]
    fields: {phone: {owner: lms}}
flows:
  - {entity: account, from: crm, to: lms}
  - entity: contact
    from: crm
    to: lms
    freshness: 5m
    guard: read
"""

DURATION = "write a duration such as 30s, 5m, 2h or 1d"
MAPPING = "write a mapping, such as {name: value}"
LIST = "write a list, such as [one, another]"
NAME = "a system's name is small letters, digits and hyphens, a letter first, at most 32"
ACCOUNT = (
    "number, name, phone, website, industry, street, city, state, postal_code, country, credit_limit, on_hold"
)
ENTITIES = (
    "account, contact, lead, unit, product, price_list, price_list_item, order, order_line, invoice, learner,"
    " training_purchase, course_result"
)
FLOW_KEYS = (
    "entity, from, to, mode, freshness, priority, delete, only, except, once, recent, missing_parent,"
    " parent_wait, guard, watch, envelope"
)
SYSTEM_TAG = "tag:yaml.org,2002:python/object:os.system"
BURIED = (
    "none would bury edits of contact.account, which both lms and crm may change: write read or conditional, "
    "or give the field an owner"
)

CASES: list[tuple[str, str, list[str]]] = [
    # systems
    ("rank: 2", "rank: high", ["2: systems.crm.rank: write a whole number"]),
    ("rank: 2", "rank: [2]", ["2: systems.crm.rank: write a whole number"]),
    ("rank: 2", "rank: 1.5", ["2: systems.crm.rank: write a whole number"]),
    ("rank: 2", "rank:", ["2: systems.crm.rank: write a whole number"]),
    ("rank: 2", "rank: 1001", ["2: systems.crm.rank: write at most 1000"]),
    ("rank: 2", "rank: -1001", ["2: systems.crm.rank: write at least -1000"]),
    ("rank: 2", "rnak: 2", ["2: systems.crm.rnak: unknown key; did you mean rank?"]),
    ("rank: 2", "url: x", ["2: systems.crm.url: unknown key; there are kind, rank, writes, budget"]),
    ("rank: 2", "rank: 2, rank: 3", ["2: 'rank' stands twice"]),
    ("kind: lms, ", "", ["3: systems.lms.kind: is missing"]),
    ("kind: lms", "kind:", ["3: systems.lms.kind: write a word"]),
    ("kind: lms", "kind: 7", ["3: systems.lms.kind: write a word"]),
    ("kind: lms", "kind: no", ["3: systems.lms.kind: write a word"]),
    ("kind: lms", "kind: [lms]", ["3: systems.lms.kind: write a word"]),
    ("{kind: lms, rank: 1}", "lms", [f"3: systems.lms: {MAPPING}"]),
    ("{kind: lms, rank: 1}", "", [f"3: systems.lms: {MAPPING}"]),
    ("{kind: lms, rank: 1}", "[lms]", [f"3: systems.lms: {MAPPING}"]),
    ("  lms: {", "  crm: {", ["3: 'crm' stands twice"]),
    (
        "flows:",
        "  quote: {}\nflows:",
        [f"9: entities.quote: no such entity; there are {ENTITIES}"],
    ),
    ("entities:", "  LMS2: {kind: lms}\nentities:", [f"4: systems.LMS2: {NAME}"]),
    ("entities:", "  the lms: {kind: lms}\nentities:", [f"4: systems.the lms: {NAME}"]),
    ("entities:", "  l'ms: {kind: lms}\nentities:", [f"4: systems.l'ms: {NAME}"]),
    ("entities:", "  l_ms: {kind: lms}\nentities:", [f"4: systems.l_ms: {NAME}"]),
    ("entities:", "  2lms: {kind: lms}\nentities:", [f"4: systems.2lms: {NAME}"]),
    ("entities:", f"  {'x' * 33}: {{kind: lms}}\nentities:", [f"4: systems.{'x' * 33}: {NAME}"]),
    ("entities:", "  '': {kind: lms}\nentities:", [f"4: systems.: {NAME}"]),
    *(
        (
            "entities:",
            f"  {word}: {{kind: lms}}\nentities:",
            [f"4: systems.{word}: '{word}' is the hub's own word; call the system something else"],
        )
        for word in ("operator", "hub", "bus")
    ),
    # entities
    ("key: [number]", "key: number", [f"5: entities.account.key: {LIST}"]),
    ("key: [number]", "key:", [f"5: entities.account.key: {LIST}"]),
    ("key: [number]", "key: {number: 1}", [f"5: entities.account.key: {LIST}"]),
    ("key: [number]", "key: [7]", ["5: entities.account.key[0]: write a word"]),
    (
        "key: [number]",
        "key: [nr]",
        [f"5: entities.account.key[0]: account has no field 'nr'; it has {ACCOUNT}"],
    ),
    ("key: [number]", "key: [number, number]", ["5: entities.account.key[1]: number stands twice"]),
    (
        "key: [email]",
        "key: [email, account]",
        ["7: entities.contact.key[1]: account refers to another record, which each system calls otherwise"],
    ),
    ("owner: crm", "owner: cmr", ["5: entities.account.owner: no system 'cmr'; there are crm, lms"]),
    ("owner: crm", "owner: ''", ["5: entities.account.owner: no system ''; there are crm, lms"]),
    ("owner: crm", "owner: [crm]", ["5: entities.account.owner: write a word"]),
    ("owner: crm", "ownr: crm", ["5: entities.account.ownr: unknown key; did you mean owner?"]),
    (
        "owner: crm",
        "from: crm",
        ["5: entities.account.from: unknown key; there are key, twins, owner, conflict, fields"],
    ),
    ("{phone: {owner: lms}}", "[phone]", [f"8: entities.contact.fields: {MAPPING}"]),
    ("phone: {owner: lms}", "phone: lms", [f"8: entities.contact.fields.phone: {MAPPING}"]),
    ("phone: {owner: lms}", "phone:", [f"8: entities.contact.fields.phone: {MAPPING}"]),
    (
        "phone: {owner: lms}",
        "phone: {owner: lsm}",
        ["8: entities.contact.fields.phone.owner: no system 'lsm'; there are crm, lms"],
    ),
    (
        "phone: {owner: lms}",
        "phone: {owned: lms}",
        ["8: entities.contact.fields.phone.owned: unknown key; did you mean owner?"],
    ),
    (
        "phone: {owner: lms}",
        "phone: {conflict: oldest}",
        ["8: entities.contact.fields.phone.conflict: 'oldest' is not one of newest, rank, ask"],
    ),
    (
        "phone: {owner: lms}",
        "phone: {owner: lms, conflict: rank}",
        ["8: entities.contact.fields.phone.conflict: the owner decides: write owner or conflict, not both"],
    ),
    (
        "phone: {owner: lms}",
        "fax: {owner: lms}",
        ["8: entities.contact.fields.fax: contact has no field 'fax'"],
    ),
    (
        "  account: {",
        "  acount: {",
        [
            f"5: entities.acount: no such entity; there are {ENTITIES}",
            "10: flows[0].entity: 'account' is not under entities",
        ],
    ),
    (
        "entities:",
        "entities: []\nothers:",
        [f"4: entities: {MAPPING}", "5: others: unknown key; there are systems, entities, flows"],
    ),
    # flows
    ("entity: account", "entity: lead", ["10: flows[0].entity: 'lead' is not under entities"]),
    ("entity: account", "entity: [account]", ["10: flows[0].entity: write a word"]),
    ("entity: account, ", "", ["10: flows[0].entity: is missing"]),
    (
        "from: crm, to: lms}",
        "from: cmr, to: lms}",
        ["10: flows[0].from: no system 'cmr'; there are crm, lms"],
    ),
    ("from: crm, to: lms}", "from: crm, to: lsm}", ["10: flows[0].to: no system 'lsm'; there are crm, lms"]),
    ("from: crm, to: lms}", "from: lms, to: lms}", ["10: flows[0]: a flow goes from one system to another"]),
    ("from: crm, to: lms}", "from: crm}", ["10: flows[0].to: is missing"]),
    ("from: crm, to: lms}", "from: crm, to: }", ["10: flows[0].to: write a word"]),
    (
        "from: crm, to: lms}",
        "source: crm, to: lms}",
        ["10: flows[0].from: is missing", f"10: flows[0].source: unknown key; there are {FLOW_KEYS}"],
    ),
    (
        "    to: lms",
        "    too: lms",
        ["11: flows[1].to: is missing", "13: flows[1].too: unknown key; did you mean to?"],
    ),
    *(
        ("freshness: 5m", f"freshness: {written}", [f"14: flows[1].freshness: {DURATION}"])
        for written in ("5 parsecs", "-5m", "1.5h", "true", "[5m]", "", "5 m 3", "'∞'", "5M")
    ),
    ("freshness: 5m", "freshness: 0", ["14: flows[1].freshness: write at least 1"]),
    ("freshness: 5m", "freshness: 0h", ["14: flows[1].freshness: write at least 1"]),
    ("freshness: 5m", "freshness: 4000d", ["14: flows[1].freshness: write at most 315360000"]),
    ("freshness: 5m", "parent_wait: forever", [f"14: flows[1].parent_wait: {DURATION}"]),
    ("freshness: 5m", "fresh: 5m", ["14: flows[1].fresh: unknown key; did you mean freshness?"]),
    *(
        (
            "freshness: 5m",
            f"delete: {written}",
            [f"14: flows[1].delete: {shown} is not one of propagate, deactivate, ignore"],
        )
        for written, shown in (
            ("vanish", "'vanish'"),
            ("[ignore]", "['ignore']"),
            ("", "None"),
            ("no", "False"),
        )
    ),
    (
        "freshness: 5m",
        "missing_parent: adopt",
        ["14: flows[1].missing_parent: 'adopt' is not one of bring, wait, leave-empty, reject"],
    ),
    (
        "freshness: 5m",
        "missing_parent: leave_empty",
        ["14: flows[1].missing_parent: 'leave_empty' is not one of bring, wait, leave-empty, reject"],
    ),
    ("guard: read", "guard: maybe", ["15: flows[1].guard: 'maybe' is not one of none, read, conditional"]),
    ("guard: read", "guard: yes", ["15: flows[1].guard: True is not one of none, read, conditional"]),
    ("freshness: 5m", "watch: sometimes", ["14: flows[1].watch: write true or false"]),
    ("freshness: 5m", "watch:", ["14: flows[1].watch: write true or false"]),
    *(
        (
            "freshness: 5m",
            f"envelope: {{share: {written}}}",
            [f"14: flows[1].envelope.share: {wanted}"],
        )
        for written, wanted in (
            ("much", "write a share such as 5%"),
            ("-5%", "write a share such as 5%"),
            ("0.05", "write a word"),
        )
    ),
    ("freshness: 5m", "envelope: 5%", [f"14: flows[1].envelope: {MAPPING}"]),
    (
        "freshness: 5m",
        "envelope: {records: -1}",
        ["14: flows[1].envelope.records: write at least 0"],
    ),
    (
        "freshness: 5m",
        "envelope: {record: 1}",
        ["14: flows[1].envelope.record: unknown key; did you mean records?"],
    ),
    ("  - entity: contact", "  - account\n  - entity: contact", [f"11: flows[1]: {MAPPING}"]),
    ("  - entity: contact", "  -\n  - entity: contact", [f"11: flows[1]: {MAPPING}"]),
    (
        "  - entity: contact",
        "  - {entity: account, from: crm, to: lms}\n  - entity: contact",
        ["11: flows[1]: account from crm to lms stands twice"],
    ),
    (
        "  - entity: contact",
        "  - {entity: contact, from: lms, to: crm}\n  - entity: contact",
        [
            f"11: flows[1].guard: {BURIED}",
        ],
    ),
    # the whole
    ("systems:", "system:", ["1: systems: is missing", "1: system: unknown key; did you mean systems?"]),
    ("entities:", "entitys:", ["1: entities: is missing", "4: entitys: unknown key; did you mean entities?"]),
    ("flows:", "flow:", ["1: flows: is missing", "9: flow: unknown key; did you mean flows?"]),
    ("entities:", "systems:", ["4: 'systems' stands twice"]),
    (
        "flows:",
        "flows: 7\ncolour:",
        [f"9: flows: {LIST}", "10: colour: unknown key; there are systems, entities, flows"],
    ),
    ("rank: 2}", "rank: 2", ["3: not YAML: expected ',' or '}', but got ':'"]),
    ("flows:", "\tflows:", ["9: not YAML: found character '\\t' that cannot start any token"]),
    ("kind: salesforce", "kind: *nobody", ["2: not YAML: found undefined alias 'nobody'"]),
    ("  crm: {", "  ? [a, b]\n  : {", ["2: a key is a word, not a list or a mapping"]),
    ("key: [number]", "key: &key [*key]", ["5: an alias leads into itself"]),
    ("kind: lms", "kind: 'l\x00ms'", ["3: not YAML: character 61 of the file is not allowed"]),
    (
        "kind: lms",
        "kind: !!python/object:os.system x",
        [
            f"3: not YAML: could not determine a constructor for the tag '{SYSTEM_TAG}'",
        ],
    ),
]

WHOLE: dict[str, str] = {
    "": "1: the file is empty; it needs systems, entities and flows",
    "# nothing but a comment": "1: the file is empty; it needs systems, entities and flows",
    "null": "1: the file is empty; it needs systems, entities and flows",
    "7": f"1: {MAPPING}",
    "- a list": f"1: {MAPPING}",
    "{}": "1: systems: is missing",
    "[1": "1: not YAML: expected ',' or ']', but got '<stream end>'",
    "--- a\n--- b": "2: not YAML: but found another document",
    "%YAML 3.0\n---\na: 1": "1: not YAML: found incompatible YAML document (version 1.* is required)",
    "a: {" * 2_000: "1: it is nested too deeply",
    "systems: \ud800": "1: not YAML: character 10 of the file is not allowed",
}


@pytest.mark.parametrize("old, new, said", CASES)
def test_a_mistake_is_refused_with_its_line_and_what_to_write(old: str, new: str, said: list[str]):
    assert old in SOUND
    with pytest.raises(TopologyError) as raised:
        parse(SOUND.replace(old, new, 1))

    assert raised.value.description.splitlines() == [f"topology.yaml:{line}" for line in said]


@pytest.mark.parametrize("text", WHOLE)
def test_a_file_that_is_no_topology_at_all_is_refused(text: str):
    with pytest.raises(TopologyError) as raised:
        parse(text)

    assert raised.value.description.splitlines()[0] == f"topology.yaml:{WHOLE[text]}"


def test_every_mistake_of_a_file_is_said_at_once():
    wrong = SOUND.replace("rank: 2", "rank: high").replace("guard: read", "guard: maybe")

    with pytest.raises(TopologyError) as raised:
        parse(wrong, "mine.yaml")

    assert raised.value.description.splitlines() == [
        "mine.yaml:2: systems.crm.rank: write a whole number",
        "mine.yaml:15: flows[1].guard: 'maybe' is not one of none, read, conditional",
    ]


def test_an_unknown_entity_beside_a_two_way_flow_is_said_and_nothing_breaks():
    back = "\n  - {entity: contact, from: lms, to: crm, guard: read}\n"
    wrong = (SOUND.rstrip() + back).replace("  account: {", "  acount: {")

    with pytest.raises(TopologyError, match="no such entity; there are account, contact, lead"):
        parse(wrong)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(TopologyError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load(tmp_path / "nowhere.yaml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    path = tmp_path / "topology.yaml"
    path.write_bytes(b"systems: \xff\xfe")

    with pytest.raises(TopologyError, match=r"topology\.yaml: cannot be read: it is not UTF-8"):
        load(path)


def test_rank_decides_only_between_systems_of_different_ranks():
    text = SOUND.replace("rank: 2", "rank: 1").replace("key: [number]", "key: [number], conflict: rank")
    text += "  - {entity: account, from: lms, to: crm, guard: read}\n"
    with pytest.raises(TopologyError) as raised:
        parse(text)
    assert "rank cannot decide between crm and lms: give them different ranks" in str(raised.value)
