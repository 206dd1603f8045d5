"""Takes the pictures of the documentation: real output of real commands over the example shop, drawn as SVG by rich."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = 110


class Shot(NamedTuple):
    """A command as a person types it after `opslint `, and the lines of its output that are shown."""

    command: str
    first: str = ""  # begin with the line that starts so; the whole output when empty
    lines: int = 40


SHOTS = {
    "finding": Shot("examples/myshop --select pdb-blocks-drain,irsa-trust-mismatch", lines=28),
    "summary": Shot("examples/myshop", first="Read  "),
    "upgrade": Shot("upgrade examples/myshop --to 1.34", lines=30),
}


def draw(name: str) -> str:
    """Return the SVG of a command's output."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    shot = SHOTS[name]
    command = [sys.executable, "-m", "opslint", *shot.command.split(), "--as-of", "2026-11-22", "--color", "always"]
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"`opslint {shot.command}` ended with {done.returncode}: {done.stderr}")
    lines = done.stdout.splitlines()
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    start = next(number for number, line in enumerate(plain) if line.startswith(shot.first))
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi("\n".join(lines[start : start + shot.lines])), soft_wrap=False)
    svg = console.export_svg(title=f"opslint {shot.command}", theme=MONOKAI, unique_id=f"opslint-{name}")
    # A page that shows the picture shall not ask another host for a font.
    return re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL)
