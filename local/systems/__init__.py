"""The simulated systems: what the hub talks to when there is no vendor at the other end.

```
  HTTP (server.py) ──┐
                     ├─> Controlled (control.py) ──> System (system.py) ──> Rows (rows.py) ──> SQLite
  tests (transport) ─┘     /_sim/: calls, faults,      one vendor's          in memory,
                           records                     API and limits        journalled
```

A system is a stateful function from request to response. It knows nothing of sockets, so that a test calls it
without one, and the local cloud serves the same object over HTTP. The ERP is none, but a database (`erp/`).
People are at work in some of them by themselves (`staff.py`).
"""
