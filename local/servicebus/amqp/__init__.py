"""Service Bus on the wire: AMQP 1.0, as the unmodified `azure-servicebus` client speaks it.

::

    endpoint      listens, with TLS or without; a socket becomes a connection
    turns         what has to happen between two events: deliver, reach the disk, acknowledge, write
    connection    headers, SASL, open and close, heartbeats ──┐
    session       windows, handles, deliveries ───────────────┤  a tree of state machines, without I/O:
    links         incoming (the client sends), outgoing ──────┘  bytes in, bytes out
    nodes         what an address leads to: an entity, `$cbs`, `<entity>/$management`
    envelope      messages of the broker as AMQP messages, and back
    codec/        values, performatives, sections, frames

Whose fault something is decides what ends: a message is rejected, a link detached, a session ended, a
connection closed. Neither ends the process, and other connections notice nothing.
"""
