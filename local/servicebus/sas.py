r"""Shared access signatures: tokens, and the keys that sign them.

    SharedAccessSignature sr={uri}&sig={base64 of HMAC-SHA256}&se={expiry}&skn={name of the key}

The signature is made with the key over `{uri}\n{expiry}`: the URI as it stands in the token, still
percent-encoded, and the expiry in Unix seconds. A token opens its URI and everything below it, for what its
key has rights to.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, tzinfo
from typing import ClassVar, NamedTuple
from urllib.parse import quote_plus, unquote_plus, urlsplit

from local.servicebus.engine.entities import Right

SCHEME = "SharedAccessSignature "
ALL_RIGHTS = frozenset(Right)


class UnauthorizedError(Exception):
    """The token does not open this door; the text says why."""

    condition: ClassVar[str] = "amqp:unauthorized-access"
    status: ClassVar[int] = 401


class Token(NamedTuple):
    """What a token says, each part as it stands there; nothing of it is verified yet."""

    resource: str
    signature: str
    expiry: str
    signer: str

    @classmethod
    def parse(cls, text: str) -> "Token":
        """Errors: UnauthorizedError."""
        if not text.startswith(SCHEME):
            raise UnauthorizedError("not a shared access signature")
        fields = dict(part.partition("=")[::2] for part in text.removeprefix(SCHEME).split("&"))
        missing = {"sr", "sig", "se", "skn"} - fields.keys()
        if missing:
            raise UnauthorizedError(f"the token lacks {', '.join(sorted(missing))}")
        return cls(fields["sr"], fields["sig"], fields["se"], fields["skn"])

    @property
    def key_name(self) -> str:
        return unquote_plus(self.signer)

    @property
    def path(self) -> str:
        """Of what it opens; empty, if that is the whole namespace."""
        uri = unquote_plus(self.resource)
        return urlsplit(uri if "://" in uri else f"sb://{uri}").path.strip("/")

    def opens(self, path: str) -> bool:
        opened, wanted = self.path.lower(), path.strip("/").lower()
        return opened in ("", wanted) or wanted.startswith(f"{opened}/")

    def expires_at(self, zone: tzinfo | None) -> datetime:
        """Errors: UnauthorizedError."""
        try:
            return datetime.fromtimestamp(int(self.expiry), zone)
        except (ValueError, OverflowError, OSError):
            raise UnauthorizedError("the token does not say when it expires") from None


class SharedAccessKey:
    """One name and key, and what they give a right to."""

    def __init__(self, name: str, key: str, rights: Collection[Right] = ALL_RIGHTS) -> None:
        self.name = name
        self.rights = frozenset(rights)
        self._key = key.encode()

    def has_signed(self, token: Token) -> bool:
        """Never with an empty key: that would be everybody's."""
        expected = self._signature(token.resource, token.expiry)
        given = unquote_plus(token.signature)
        return bool(self._key) and hmac.compare_digest(given.encode(), expected.encode())

    def sign(self, uri: str, expires_at: datetime) -> str:
        """A token for the URI, as a client makes it."""
        resource, expiry = quote_plus(uri), str(int(expires_at.timestamp()))
        signature = quote_plus(self._signature(resource, expiry))
        return f"{SCHEME}sr={resource}&sig={signature}&se={expiry}&skn={quote_plus(self.name)}"

    def _signature(self, resource: str, expiry: str) -> str:
        digest = hmac.digest(self._key, f"{resource}\n{expiry}".encode(), hashlib.sha256)
        return base64.b64encode(digest).decode()
