"""Who may come in, and to do what: the keys of the namespace, and those of its queues and topics.

::

    token ──> its key, of the entity or of the namespace ──> signature, expiry, place ──> grant

A key of the namespace signs for all of it. A key of a queue or topic stands in that entity's authorization
rules, and is looked for where the token says that it belongs: so it opens that entity and what lies below,
its subscriptions among them, and nothing else. Manage is the right to send and to listen, too.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from local.servicebus.engine.entities import Right
from local.servicebus.engine.namespace import Namespace
from local.servicebus.sas import SharedAccessKey, Token, UnauthorizedError


class Grant(NamedTuple):
    """What a token gives, and until when."""

    rights: frozenset[Right]
    expires_at: datetime

    def gives(self, right: Right) -> bool:
        return right in self.rights or Right.MANAGE in self.rights


class KeyRing:
    def __init__(self, namespace: Namespace, *keys: SharedAccessKey) -> None:
        self._namespace = namespace
        self._keys = keys

    def admit(self, text: str, now: datetime, path: str) -> Grant:
        """`path` is what the token should open. Errors: UnauthorizedError."""
        token = Token.parse(text)
        key = self._signer(token)
        grant = Grant(key.rights, token.expires_at(now.tzinfo))
        if grant.expires_at <= now:
            raise UnauthorizedError("the token has expired")
        if not token.opens(path):
            raise UnauthorizedError("the token is for another entity")
        return grant

    def _signer(self, token: Token) -> SharedAccessKey:
        named = [key for key in self._keys_for(token) if key.name == token.key_name]
        if not named:
            raise UnauthorizedError("the token names an unknown key")
        for key in named:
            if key.has_signed(token):
                return key
        raise UnauthorizedError("the token's signature does not match its content")

    def _keys_for(self, token: Token) -> Iterator[SharedAccessKey]:
        for rule in self._namespace.authorization_rules(token.path):
            yield SharedAccessKey(rule.key_name, rule.primary_key, rule.rights)
            yield SharedAccessKey(rule.key_name, rule.secondary_key, rule.rights)
        yield from self._keys
