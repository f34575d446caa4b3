"""A Service Bus on the desk: an engine of pure code, and the shells that put it on the wire.

engine/         queues, topics, subscriptions, rules, locks, sessions: no sockets, no time of its own
amqp/           AMQP 1.0, for the unmodified `azure-servicebus` client
admin/          Atom over HTTPS, for the unmodified administration client
configuration   the entities of a `Config.json`, as Microsoft's emulator reads it
sas             tokens, and the keys that sign them
keyring         who may come in, and to do what
"""
