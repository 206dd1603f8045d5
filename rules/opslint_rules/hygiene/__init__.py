"""Hygiene: what the files say wrongly about themselves."""
