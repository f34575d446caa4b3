"""What is refused, and how far the refusal reaches.

::

    AmqpError              condition and description, as the other side reads them
    ├─ LinkError           this link is detached
    ├─ SessionError        this session is ended
    └─ ConnectionFault     this connection is closed
"""

from __future__ import annotations

from local.servicebus.amqp.codec.performatives import Error
from local.servicebus.engine.errors import BrokerError

NOT_ALLOWED = "amqp:not-allowed"
NOT_IMPLEMENTED = "amqp:not-implemented"
DECODE_ERROR = "amqp:decode-error"
INVALID_FIELD = "amqp:invalid-field"
INTERNAL_ERROR = "amqp:internal-error"
ILLEGAL_STATE = "amqp:illegal-state"
UNAUTHORIZED = "amqp:unauthorized-access"
FRAMING_ERROR = "amqp:connection:framing-error"
FORCED = "amqp:connection:forced"
UNATTACHED_HANDLE = "amqp:session:unattached-handle"
HANDLE_IN_USE = "amqp:session:handle-in-use"
MESSAGE_TOO_LARGE = "amqp:link:message-size-exceeded"
TIMEOUT = "com.microsoft:timeout"
SESSION_LOCK_LOST = "com.microsoft:session-lock-lost"
ARGUMENT_ERROR = "com.microsoft:argument-error"


class AmqpError(Exception):
    """A refusal in the words of the protocol."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(description)
        self.condition = condition
        self.description = description

    def as_error(self) -> Error:
        return Error(self.condition, self.description)


class LinkError(AmqpError):
    """The link is at fault."""


class SessionError(AmqpError):
    """The session is at fault."""


class ConnectionFault(AmqpError):
    """The connection is at fault."""


def error_of(refusal: BrokerError | AmqpError) -> Error:
    """The broker's refusals and the protocol's are told alike."""
    if isinstance(refusal, AmqpError):
        return refusal.as_error()
    return Error(refusal.condition, str(refusal))
