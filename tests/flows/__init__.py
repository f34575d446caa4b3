"""Flows as sentences: what the hub does for the people on both sides, file by file a story.

Each test plays in virtual time through the real pipeline, rooms, store and bus engine (`tests.world`); people
work in the simulated systems past the call log, so that every call in it is the hub's.
"""
