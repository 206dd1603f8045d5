"""Asks a `terraform` binary for the value of every expression in console_cases.json, and writes the answers back.

Run it by hand where Terraform is installed: `python tests/read/evaluate/ask_terraform.py`. No provider and no network is
needed. Expressions that Terraform refuses get `"error": true`; `static_error` rows are left as they are.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def ask(expression: str, directory: str) -> dict[str, object]:
    """Return the case for one expression."""
    done = subprocess.run(
        ["terraform", "console"],
        input=f"jsonencode({expression})\n",
        capture_output=True,
        text=True,
        cwd=directory,
        check=False,
    )
    try:
        return {"expr": expression, "value": json.loads(json.loads(done.stdout))}
    except ValueError:
        return {"expr": expression, "error": True}


def main() -> None:
    """Rewrite the table."""
    path = HERE / "console_cases.json"
    table = json.loads(path.read_text())
    version = json.loads(subprocess.run(["terraform", "version", "-json"], capture_output=True, check=True).stdout)
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(HERE / table["variables_file"], Path(directory) / "main.tf")
        cases = [case if "static_error" in case else ask(case["expr"], directory) for case in table["cases"]]
    rows = ",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in cases)
    head = (
        f' "terraform": {json.dumps(version["terraform_version"])},\n "variables_file": "{table["variables_file"]}",\n'
    )
    path.write_text("{\n" + head + f' "cases": [\n{rows}\n ]\n}}\n')
    print(f"{len(cases)} cases, {sum('error' in case for case in cases)} errors")


if __name__ == "__main__":
    main()
