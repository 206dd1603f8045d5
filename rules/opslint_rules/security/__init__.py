"""Security: what an intruder would use."""
