"""The path of a change, over ports: poll → detect → outbox → topic → deliver → settle."""
