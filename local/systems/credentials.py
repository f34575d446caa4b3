"""What callers have to show to the simulated systems: made at the first start, kept private."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Secrets:
    client_id: str
    client_secret: str
    token: str
    application_id: str
    """The app registration by which callers reach the Dataverse environments."""
    application_secret: str
    launch_key: str
    """Private, in PEM: what signs links that log people in to the LMS."""


def make_secrets(random: Random) -> Secrets:
    def word(length: int) -> str:
        return "".join(random.choices(_ALPHABET, k=length))

    return Secrets(
        client_id="3MVG9." + word(79),
        client_secret=word(64),
        token=word(40),
        application_id=str(UUID(int=random.getrandbits(128), version=4)),
        application_secret=word(40),
        launch_key=_private_key(random.randbytes(32)),
    )


def _private_key(seed: bytes) -> str:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def kept_secrets(path: Path, random: Random) -> Secrets:
    """Those in the file; what it lacks is made, and is in it from now on."""
    try:
        known = json.loads(path.read_text())
    except FileNotFoundError:
        known = {}
    made = {**asdict(make_secrets(random)), **known}
    if made != known:
        write_private(path, json.dumps(made))
    return Secrets(**made)


def write_private(path: Path, text: str) -> None:
    """A whole file or none, for the owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
