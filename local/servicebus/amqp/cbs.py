"""`$cbs`, claims-based security: the client puts a token, and what the token's audience covers is open to it,
for what the token's key has rights to.

One for each connection. A token is good until it expires; the client puts the next one before that. When none
has come in time, the links that it had opened are closed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from local.servicebus.amqp.addresses import covers, managed_entity, path_of
from local.servicebus.amqp.codec.values import Int
from local.servicebus.amqp.container import Container
from local.servicebus.amqp.errors import UNAUTHORIZED, AmqpError, LinkError
from local.servicebus.amqp.requests import Answer, Request
from local.servicebus.amqp.turns import Cancellable
from local.servicebus.engine.entities import Right
from local.servicebus.engine.errors import EntityNotFoundError
from local.servicebus.keyring import Grant
from local.servicebus.sas import UnauthorizedError

PUT_TOKEN = "put-token"  # noqa: S105  # the name of an operation


class ClaimsBasedSecurity:
    def __init__(self, container: Container, withdraw: Callable[[AmqpError], None]) -> None:
        self._container = container
        self._withdraw = withdraw
        self._claims: dict[str, Grant] = {}
        self._timer: Cancellable | None = None

    def opens(self, path: str, right: Right) -> bool:
        return any(grant.gives(right) for grant in self._grants(path))

    def check(self, path: str, right: Right) -> None:
        """Errors: LinkError."""
        if not self._grants(path):
            raise LinkError(UNAUTHORIZED, f"No token for '{path}' has been put on this connection.")
        if not self.opens(path, right):
            raise LinkError(
                UNAUTHORIZED, f"The key of this connection lacks the right '{right}' to '{path}'."
            )

    def answer(self, request: Request, deliver: Callable[[Answer], None]) -> None:
        try:
            self._put(request)
        except (UnauthorizedError, EntityNotFoundError) as refusal:
            deliver(_status(refusal.status, str(refusal)))
        except AmqpError as refusal:
            deliver(_status(400, str(refusal)))
        else:
            deliver(_status(202, "Accepted"))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _put(self, request: Request) -> None:
        if request.operation != PUT_TOKEN or not isinstance(request.value, str):
            raise LinkError("amqp:not-implemented", "This node takes put-token with a token.")
        # The type is not asked for: some clients say `jwt` of a signature, and only signatures verify.
        audience = path_of(request.properties.get("name"))
        now = self._container.clock()
        grant = self._container.keys.admit(request.value, now, audience)
        self._check_exists(audience)
        self._claims[audience] = grant
        self._watch(now)

    def _check_exists(self, audience: str) -> None:
        """Asked last: what is there is nothing to tell to whoever may not come in."""
        entity = managed_entity(audience) or audience
        if entity:
            self._container.broker.check_exists(entity)

    def _grants(self, path: str) -> list[Grant]:
        now = self._container.clock()
        return [
            grant
            for audience, grant in self._claims.items()
            if grant.expires_at > now and covers(audience, path)
        ]

    def _watch(self, now: datetime) -> None:
        """Wake up when the next token runs out."""
        self.close()
        seconds = (min(grant.expires_at for grant in self._claims.values()) - now).total_seconds()
        self._timer = self._container.turns.later(min(seconds, 86_400.0), self._expire)

    def _expire(self) -> None:
        now = self._container.clock()
        expired = [audience for audience, grant in self._claims.items() if grant.expires_at <= now]
        for audience in expired:
            del self._claims[audience]
        if expired:
            self._withdraw(AmqpError(UNAUTHORIZED, "The token has expired."))
        if self._claims:
            self._watch(now)


def _status(code: int, description: str) -> Answer:
    return Answer({"status-code": Int(code), "status-description": description})
