"""Upgrades: what stands in the way of the next version."""
