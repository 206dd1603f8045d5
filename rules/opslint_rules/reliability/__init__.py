"""Reliability: what takes the service down."""
