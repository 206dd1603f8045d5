"""Writes what real charts render to into files, and measures what the rules take of the time that reading them takes.

    python benchmarks/manifests.py FOLDER …

The corpus of `make bench` is the rules' worst case: each of its containers lacks what a dozen rules ask for. Manifests
that people install are larger, and have less wrong with them. Nothing is written outside a temporary folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from run import rules_of_reading

from opslint.model.settings import Settings
from opslint.read.plan import read_project


def write(folder: Path, target: Path) -> int:
    """Write each rendered text of the charts under a folder into a file of its own; return how many there are."""
    project = read_project([str(folder)], Settings(root=str(folder))).project
    texts = [file.source for file in project.files if file.source.kind == "rendered"]
    for number, source in enumerate(texts):
        place = target / Path(source.path).parent  # of the template: what belongs together stays so
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.yaml").write_text(source.text, encoding="utf-8")
    return len(texts)


def main() -> None:
    """Measure over the charts under the folders that are given."""
    with tempfile.TemporaryDirectory(prefix="opslint-bench-") as name:
        count = sum(
            write(Path(folder).resolve(), Path(name) / str(number)) for number, folder in enumerate(sys.argv[1:])
        )
        print(f"{count:,} manifests that the charts render to")
        for preset in ("recommended", "all"):
            rules_of_reading(Path(name), preset, goal="< 1")


if __name__ == "__main__":
    main()
