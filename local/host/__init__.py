"""The local Functions host: what `func start` does, in one process and without the Core Tools.

A function app is read once, checked whole, and then served until a signal comes:

    function_app.py ── app.py ── functions.py ──┬─ routes.py ── web.py ──┐
    host.json ──────── host_json.py             ├─ timer.py ─────────────┼─ invocation.py ── your function
    environment ────── settings.py              └─ pump.py ── receiver.py┘
                                                        (Service Bus)
    command.py ── host.py (start, serve, stop) ── server.py (uvicorn) ── admin.py (/admin/...)

Rules
-----
* What the cloud would refuse is refused here at start, all of it at once, with the function's name and what
  to write instead. So is what the cloud would accept and then do wrong (a bad schedule, `@retry` on a
  Service Bus trigger).
* A batch is completed when the function returns, and abandoned, every message of it, when the function
  raises.
* Each timer function runs once at a time, each Service Bus function serves one batch at a time.
* A broker that is away is waited for; it never ends the host.
* The host's log lines carry no values: names, counts, durations and types of errors only.
"""
