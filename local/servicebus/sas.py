"""Shared access signatures: who may come in.

    SharedAccessSignature sr={uri}&sig={base64 HMAC-SHA256(key, "{uri}\\n{expiry}")}&se={expiry}&skn={key name}

The signature is over the URI as it stands in the token, still percent-encoded, and the expiry in Unix seconds.
"""

from datetime import datetime


class UnauthorizedError(Exception):
    """The token does not open this door; the text says why."""

    condition = "amqp:unauthorized-access"
    status = 401


class SharedAccessKey:
    """One name and key, and the tokens that were signed with it."""

    def __init__(self, name: str, key: str) -> None:
        self.name = name
        self._key = key

    def verify(self, token: str, now: datetime) -> None:
        """Errors: UnauthorizedError."""
        raise NotImplementedError
