"""Runs rules over a Project and makes a Report."""
