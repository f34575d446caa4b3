"""What a system must have before the hub can use it."""
