"""Fixes: from what a rule proposes to edits of files, and those to files that are written safely."""
