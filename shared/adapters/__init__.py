"""The edges: where the hub touches a database, a bus, HTTP, credentials."""
