"""Backup: what cannot be brought back."""
