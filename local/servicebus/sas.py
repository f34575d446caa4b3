r"""Shared access signatures: who may come in.

    SharedAccessSignature sr={uri}&sig={base64 of HMAC-SHA256}&se={expiry}&skn={name of the key}

The signature is made with the key over `{uri}\n{expiry}`: the URI as it stands in the token, still
percent-encoded, and the expiry in Unix seconds. A token opens its URI and everything below it.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote_plus, unquote_plus, urlsplit

SCHEME = "SharedAccessSignature "


class UnauthorizedError(Exception):
    """The token does not open this door; the text says why."""

    condition: ClassVar[str] = "amqp:unauthorized-access"
    status: ClassVar[int] = 401


class SharedAccessKey:
    """One name and key, and the tokens that were signed with it."""

    def __init__(self, name: str, key: str) -> None:
        self.name = name
        self._key = key.encode()

    def verify(self, token: str, now: datetime, path: str | None = None) -> datetime:
        """The token's expiry. `path` is what it should open, if that is known. Errors: UnauthorizedError."""
        fields = _fields(token)
        if not hmac.compare_digest(unquote_plus(fields["skn"]).encode(), self.name.encode()):
            raise UnauthorizedError("the token names an unknown key")
        expected = self._signature(fields["sr"], fields["se"])
        if not hmac.compare_digest(unquote_plus(fields["sig"]).encode(), expected.encode()):
            raise UnauthorizedError("the token's signature does not match its content")
        if not fields["se"].isdecimal() or int(fields["se"]) <= now.timestamp():
            raise UnauthorizedError("the token has expired")
        if path is not None and not _opens(unquote_plus(fields["sr"]), path):
            raise UnauthorizedError("the token is for another entity")
        return datetime.fromtimestamp(int(fields["se"]), now.tzinfo)

    def sign(self, uri: str, expires_at: datetime) -> str:
        """A token for the URI, as a client makes it."""
        resource, expiry = quote_plus(uri), str(int(expires_at.timestamp()))
        signature = quote_plus(self._signature(resource, expiry))
        return f"{SCHEME}sr={resource}&sig={signature}&se={expiry}&skn={quote_plus(self.name)}"

    def _signature(self, resource: str, expiry: str) -> str:
        digest = hmac.digest(self._key, f"{resource}\n{expiry}".encode(), hashlib.sha256)
        return base64.b64encode(digest).decode()


def _fields(token: str) -> dict[str, str]:
    if not token.startswith(SCHEME):
        raise UnauthorizedError("not a shared access signature")
    fields = dict(part.partition("=")[::2] for part in token.removeprefix(SCHEME).split("&"))
    missing = {"sr", "sig", "se", "skn"} - fields.keys()
    if missing:
        raise UnauthorizedError(f"the token lacks {', '.join(sorted(missing))}")
    return fields


def _opens(uri: str, path: str) -> bool:
    """The audience covers the path: the whole namespace, the entity itself, or something above it."""
    opened = urlsplit(uri if "://" in uri else f"sb://{uri}").path.strip("/").lower()
    wanted = path.strip("/").lower()
    return opened in ("", wanted) or wanted.startswith(f"{opened}/")
