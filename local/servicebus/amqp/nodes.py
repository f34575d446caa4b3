"""What an address leads to.

::

    $cbs                     open to everybody           requests and answers
    <entity>/$management     Listen                      requests and answers
    <entity>                 Send, or to receive Listen  messages; a receiver may ask for a session
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from local.servicebus.amqp.addresses import is_cbs, managed_entity, path_of
from local.servicebus.amqp.cbs import ClaimsBasedSecurity
from local.servicebus.amqp.codec.performatives import Attach, Source, Target
from local.servicebus.amqp.container import Container
from local.servicebus.amqp.entities import EntitySink
from local.servicebus.amqp.errors import NOT_IMPLEMENTED, LinkError
from local.servicebus.amqp.incoming import IncomingLink, Sink
from local.servicebus.amqp.links import Link
from local.servicebus.amqp.management import Management
from local.servicebus.amqp.outgoing import OutgoingLink
from local.servicebus.amqp.receiving import open_receiver
from local.servicebus.amqp.requests import MAX_REQUEST_SIZE, AnswerSupply, RequestSink, Responder
from local.servicebus.amqp.session import Session
from local.servicebus.engine.entities import Right


class WayBack(NamedTuple):
    """A link on which the answers of a node go to the client."""

    session: Session
    node: str
    target: str | None


class Nodes:
    """Of one connection, because tokens are."""

    def __init__(self, container: Container, cbs: ClaimsBasedSecurity) -> None:
        self._container = container
        self._cbs = cbs
        self._ways_back: dict[AnswerSupply, WayBack] = {}

    def open_link(self, session: Session, attach: Attach) -> Link:
        """Errors: LinkError, BrokerError."""
        path = _path(attach)
        if is_cbs(path):
            return self._open_request_link(session, attach, path, self._cbs)
        self._cbs.check(path, _needed(path, attach))
        entity = managed_entity(path)
        if entity is not None:
            responder = Management(self._container, entity, partial(self._cbs.check, path))
            return self._open_request_link(session, attach, path, responder)
        if attach.role:
            return open_receiver(self._container, session, attach, path)
        self._container.broker.check_sender(path)
        return _sender(session, attach, EntitySink(self._container, path))

    def may_stay(self, attach: Attach) -> bool:
        path = _path(attach)
        return is_cbs(path) or self._cbs.opens(path, _needed(path, attach))

    def _open_request_link(self, session: Session, attach: Attach, path: str, responder: Responder) -> Link:
        if attach.role:
            return self._open_way_back(session, attach, path)
        return _sender(
            session, attach, RequestSink(responder, lambda reply_to: self._way_back(session, path, reply_to))
        )

    def _open_way_back(self, session: Session, attach: Attach, path: str) -> Link:
        supply = AnswerSupply()
        link = OutgoingLink(session, attach, supply)
        target = attach.target.address if isinstance(attach.target, Target) else None
        self._ways_back[supply] = WayBack(session, path, target if isinstance(target, str) else None)
        link.when_closed(lambda: self._forget(supply))
        link.open(attach.source if isinstance(attach.source, Source) else Source(), MAX_REQUEST_SIZE, {})
        return link

    def _way_back(self, session: Session, path: str, reply_to: str | None) -> AnswerSupply | None:
        """Of this session and node; among several the one that the request names."""
        found = {
            way.target: supply
            for supply, way in self._ways_back.items()
            if way.session is session and way.node.lower() == path.lower()
        }
        return found.get(reply_to) or next(iter(found.values()), None)

    def _forget(self, supply: AnswerSupply) -> None:
        del self._ways_back[supply]


def _sender(session: Session, attach: Attach, sink: Sink) -> Link:
    link = IncomingLink(session, attach, sink)
    link.open()
    return link


def _needed(path: str, attach: Attach) -> Right:
    """What a link there takes."""
    return Right.LISTEN if attach.role or managed_entity(path) is not None else Right.SEND


def _path(attach: Attach) -> str:
    """The broker's end of the link: the source if the client receives, else the target."""
    terminus = attach.source if attach.role else attach.target
    if not isinstance(terminus, Source | Target):
        raise LinkError(NOT_IMPLEMENTED, "A link leads to a node; transactions are not offered.")
    return path_of(terminus.address)
