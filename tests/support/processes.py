"""Processes of Python that tests start."""

import os
import sys


def child_environment(**more):
    """Return this process's environment, with what it can import: for a child that sees the same opslint."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **more}
