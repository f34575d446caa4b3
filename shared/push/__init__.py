"""Doors: how a system tells the hub what has happened in it, over HTTP.

settings.py    what a system's door must be told: scheme, secret, networks
exchange.py    a request and an answer, as plain values
door.py        one system's door: every check in its order, then the queue, then the answer
networks.py    who may knock at all
schemes.py     how a sender proves itself: standard_webhooks.py, key.py, entra.py
parse.py       JSON and XML of strangers, bounded
cloudevents.py CloudEvents 1.0 as events, whatever the system

What a system pushes in words of its own is its room's affair: `functions/<room>/push.py`.
"""
