"""Simulated systems that push: they tell whoever subscribed what has happened to their rows.

```
  a request is answered ─> Rows.commit ─> Courier.offer ─> queue ─> message ─> POST ─> heard? ─┬─ yes: done
                                                             ^                                 ├─ no: lost, or
                                                             └──── again, when it is due ──────┤
                                                                       "send me nothing more" ─┴─ off
```

manner.py      a vendor's way of pushing: what is said, how, to whom, what counts as heard, when to repeat
courier.py     the queue, and who carries it out
standing.py    what becomes of a message that was, or was not, heard; what has been counted

Rules
- Nothing is pushed until somebody subscribes (`POST /_sim/push`); a subscription outlives the process, the
  queue does not: what is lost with it, polling finds.
- The answer to the request that wrote a row never waits for a push. Each row written is said, however it was
  written, rows of a bulk job and our own client's too; rows that were loaded are not.
- `CAPACITY` notices wait at most. What comes then is not said, and counted: a sender has a limit.
- Faults, ordered as others are, meet a message when it is first sent: `push_drop` (it is lost on the way, and
  the sender does not know), `push_duplicate`, `push_delay` (by `seconds`; others overtake it), `push_reorder`
  (it goes behind the next one, or `seconds` later where there is none).

Each kind's manner stands in its own folder. The ERP is a database, and pushes nothing.
"""
