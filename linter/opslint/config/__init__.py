"""Finds, reads and checks the configuration, and merges the command line into it."""

from __future__ import annotations

from opslint.config.error import ConfigError
from opslint.config.find import find_root
from opslint.config.load import load_settings

__all__ = ["ConfigError", "find_root", "load_settings"]
