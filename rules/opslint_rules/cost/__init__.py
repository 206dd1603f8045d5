"""Cost: what is paid for nothing."""
