"""Random histories: people at work in every system, faults, crashes, in virtual time and from one seed.

history.py      what may happen, and how a seed writes it down
topologies.py   who flows to whom
stage.py        the world that it happens in
people.py       who edits what, and what they saw
power.py        crashes, at any await
play.py         makes it happen, then lets all settle
invariants.py   what must hold in the end
shrink.py       the shortest story that still fails
"""
