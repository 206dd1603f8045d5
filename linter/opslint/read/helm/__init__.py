"""Helm charts: loading, rendering in a worker process, and the way back from rendered text to the templates."""
