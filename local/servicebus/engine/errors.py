"""What can go wrong, under the names by which Service Bus tells it to a client.

    BrokerError
    ├─ EntityNotFoundError        the address names nothing
    ├─ EntityExistsError          the name is taken
    ├─ EntityDisabledError        its status forbids the operation
    ├─ MessageNotFoundError       no deferred or scheduled message has that number
    ├─ MessageLockLostError       settled too late, twice, or by another token
    ├─ SessionLockLostError       the same, of a session
    ├─ SessionCannotBeLockedError somebody else holds it
    ├─ QuotaExceededError         the entity is full
    ├─ MessageTooLargeError       one message above the limit
    ├─ NotAllowedError            the entity does not work that way
    └─ ArgumentError              a value that is wrong whatever the state
       └─ RuleSyntaxError         an expression that cannot be read

`condition` is the AMQP error condition, `status` the code of a management or HTTP answer.
"""

from typing import ClassVar


class BrokerError(Exception):
    """An operation was refused; nothing of it has happened."""

    condition: ClassVar[str] = "amqp:internal-error"
    status: ClassVar[int] = 500


class EntityNotFoundError(BrokerError):
    condition = "amqp:not-found"
    status = 404


class EntityExistsError(BrokerError):
    condition = "com.microsoft:entity-already-exists"
    status = 409


class EntityDisabledError(BrokerError):
    condition = "com.microsoft:entity-disabled"
    status = 403


class MessageNotFoundError(BrokerError):
    condition = "com.microsoft:message-not-found"
    status = 404


class MessageLockLostError(BrokerError):
    condition = "com.microsoft:message-lock-lost"
    status = 410


class SessionLockLostError(BrokerError):
    condition = "com.microsoft:session-lock-lost"
    status = 410


class SessionCannotBeLockedError(BrokerError):
    condition = "com.microsoft:session-cannot-be-locked"
    status = 410


class QuotaExceededError(BrokerError):
    condition = "amqp:resource-limit-exceeded"
    status = 403


class MessageTooLargeError(BrokerError):
    condition = "amqp:link:message-size-exceeded"
    status = 413


class NotAllowedError(BrokerError):
    condition = "amqp:not-allowed"
    status = 400


class ArgumentError(BrokerError):
    condition = "com.microsoft:argument-error"
    status = 400


class RuleSyntaxError(ArgumentError):
    """An expression that cannot be read; the text says where."""


class FilterError(Exception):
    """A rule met a message that it cannot judge: it divides by a property that is zero, say."""
