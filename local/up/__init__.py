"""`python -m local up`: the whole hub on one machine, as three processes and somebody who looks after them.

```
  up ──┬─ systems      Salesforce, LMS, Dataverse, the ERP     each writes a ready file with its addresses
       ├─ servicebus   queues, topics, administration          and is started again, on its own ports,
       └─ host         function_app.py: timers, handlers       should it die by itself
        └─ looks at the hub's store and at the bus: progress, the table of flows, the report
```

command.py        the options
directory.py      what one data directory holds, and whose it is
child.py          one process; leash.py ends it when `up` itself is gone
cloud.py          the three together, in the order in which they need one another
surroundings.py   the host's settings: what would be app settings in the cloud
endpoints.py      the addresses, for whoever wants to use the running cloud
pushes.py         tells the systems where to push, and to push no more
store_view.py, bus_view.py, work_view.py   what the hub has done, what still waits, who is still at work
settling.py       when all has settled, and when it never will
report.py         one run in numbers
screen.py         progress, tables, lines
visit.py          what a command beside a running `up` needs; touch.py, win.py and launch.py are such
run.py            from the first process to the last word
"""
