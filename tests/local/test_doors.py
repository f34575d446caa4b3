"""The doors of a desk: who is told what, and that secrets stay where they are."""

from __future__ import annotations

import stat
from pathlib import Path

from local.up.doors import kept_doors
from shared.push.settings import read
from shared.topology import System
from shared.topology_file import parse
from tests.infra.test_one_truth import TOPOLOGY

COMPANY = parse(TOPOLOGY)


class Entropy:
    """Bytes that are never the same twice."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, length: int) -> bytes:
        self.asked += 1
        return self.asked.to_bytes(length, "big")


def test_every_system_has_a_door_with_a_secret_of_its_own_that_the_hub_takes(tmp_path: Path):
    doors = kept_doors(tmp_path / "push.json", COMPANY, Entropy())

    assert set(doors) == set(COMPANY.systems)
    assert len({door.secret for door in doors.values()}) == len(doors)
    for name, door in doors.items():
        told = read(name, door.settings(name))
        assert (str(told.push_scheme), told.secrets) == (door.scheme, (door.secret,))
        assert door.endpoint(name, "http://h")["url"] == f"http://h/api/events/{name}"
    assert {door.scheme for door in doors.values()} == {"standard-webhooks", "key"}


def test_secrets_are_kept_for_the_owner_alone_and_a_system_that_is_added_gets_its_own(tmp_path: Path):
    file, entropy = tmp_path / "push.json", Entropy()
    first = kept_doors(file, COMPANY, entropy)
    more = COMPANY.model_copy(update={"systems": {**COMPANY.systems, "academy": System(kind="lms")}})
    second = kept_doors(file, more, entropy)

    assert {name: second[name] for name in first} == first
    assert second["academy"].scheme == "standard-webhooks"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept_doors(file, COMPANY, entropy) == first
