"""The operators' room: what an interrupted run left behind, dead letters, health."""
