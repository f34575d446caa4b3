"""Names and addresses of entities.

A name is 1 to 260 letters, digits and `. - _ /`, beginning and ending with a letter or digit; of a
subscription or rule 1 to 50 of them, without `/`. An address is compared in lower case, as `key` makes it.
"""

import re

from local.servicebus.engine.errors import ArgumentError

_PATH = re.compile(r"[A-Za-z0-9](?:[\w./~-]{0,258}[\w-])?", re.ASCII)
_LEAF = re.compile(r"[A-Za-z0-9_$](?:[\w.~$-]{0,48}[\w$-])?", re.ASCII)


def key(address: str) -> str:
    """The form in which addresses are compared."""
    return address.strip("/").lower()


def subscription_address(topic: str, name: str) -> str:
    return f"{topic}/Subscriptions/{name}"


def check_path(name: str) -> None:
    """The name of a queue or topic."""
    if not _PATH.fullmatch(name) or "//" in name:
        raise ArgumentError(f"{name!r} is no name for a queue or topic")


def check_leaf(name: str) -> None:
    """The name of a subscription or rule."""
    if not _LEAF.fullmatch(name):
        raise ArgumentError(f"{name!r} is no name for a subscription or rule")
