"""`python -m opslint`."""

from __future__ import annotations

import os
import sys

# `-m` puts the current directory first: a click.py in the folder to lint must never be imported.
if sys.path and sys.path[0] in {"", os.getcwd()} and not __file__.startswith(os.path.join(os.getcwd(), "opslint", "")):  # noqa: PTH109, PTH118 - pathlib would be imported from there
    del sys.path[0]

from opslint.cli.main import console

sys.exit(console())
