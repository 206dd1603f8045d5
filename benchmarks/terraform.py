"""How fast Terraform is read and evaluated, how much of it is resolved, and whether valid files are refused.

    python benchmarks/terraform.py speed [FOLDER]     the reader against others, and its time per byte on mutated texts
    python benchmarks/terraform.py leaves FOLDER …    the share of the leaves of resource arguments that are resolved
    python benchmarks/terraform.py valid FOLDER …     every file of Terraform: which are refused

`make bench` runs the first. Without a folder it reads texts made up for it. With OPSLINT_BENCH_TERRAFORM naming a
checkout (the goals are for that of terraform-aws-modules/terraform-aws-eks), reading and evaluating it is compared with
checkov and with importing python-hcl2. pygohcl is installed from the registry into an environment of its own under the
user's cache folder.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from platformdirs import user_cache_path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parent.parent / "tests" / "fuzz")]
from typing import TYPE_CHECKING

import corpus
import fuzz_hcl

from opslint.model.settings import Settings
from opslint.read import hcl
from opslint.read.discover import discover
from opslint.read.hcl.pace import reading_pace
from opslint.read.terraform import read_terraform

if TYPE_CHECKING:
    from opslint.model.node import Node

SUFFIXES = (".tf", ".tofu", ".tfvars", ".hcl")
RUNS = 5
SMALLEST, TEXTS = 4096, 2000
EVALUATE = """
import sys
from pathlib import Path
from opslint.model.settings import Settings
from opslint.read.discover import discover
from opslint.read.terraform import count_unknown, read_terraform
root = Path(sys.argv[1])
result = read_terraform(discover([str(root)], root).terraform, Settings(root=str(root)), root)
if sys.argv[2:]:
    count_unknown(result.modules)
"""
GO = """
import sys, time, pygohcl
from pathlib import Path
texts = [Path(name).read_text(errors="replace") for name in Path(sys.argv[1]).read_text().splitlines()]
best = 1e9
for _ in range(5):
    start = time.process_time()
    for text in texts:
        try:
            pygohcl.loads(text)
        except Exception:
            pass
    best = min(best, time.process_time() - start)
print(best)
"""


def files_under(folders: list[Path], suffixes: tuple[str, ...] = (".tf",)) -> list[Path]:
    """Return the files with these endings."""
    found = [path for folder in folders for path in folder.rglob("*") if path.name.endswith(suffixes)]
    return sorted(path for path in found if path.is_file())


def say(name: str, value: str, goal: str) -> None:
    """Print one figure."""
    print(f"{name:<58} {value:>9}  goal {goal}")


# -- speed
def ours(texts: list[str]) -> float:
    """Return the best seconds of reading all texts."""
    best = float("inf")
    for _ in range(RUNS):
        start = time.process_time()
        with reading_pace():
            for text in texts:
                hcl.parse(text)
        best = min(best, time.process_time() - start)
    return best


def python_hcl2(texts: list[str]) -> float:
    """Return the seconds of python-hcl2 for all texts; what it refuses counts too."""
    import hcl2

    hcl2.loads("a = 1\n")  # its grammar is built at first use
    start = time.process_time()
    for text in texts:
        try:
            hcl2.loads(text)
        except Exception:  # noqa: BLE001, S112 - it raises what its parser raises
            continue
    return time.process_time() - start


def pygohcl(paths: list[Path], folder: Path) -> float | None:
    """Return the best seconds of pygohcl for all files, None when it cannot be installed."""
    home = user_cache_path("opslint-bench") / "pygohcl"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        print("installing pygohcl once …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)  # noqa: S603
        if subprocess.run([str(python), "-m", "pip", "install", "-q", "pygohcl"], check=False).returncode:  # noqa: S603
            return None
        (home / "ready").touch()
    listed = folder / "files.txt"
    listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
    done = subprocess.run([str(python), "-c", GO, str(listed)], capture_output=True, text=True, check=True)  # noqa: S603
    return float(done.stdout)


def speed(folder: Path) -> None:
    """Print the figures of the reader over the files of a folder."""
    paths = files_under([folder])
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in paths]
    size = sum(map(len, texts))
    seconds = ours(texts)
    print(f"{len(paths)} files of Terraform, {size / 1e6:.2f} MB: read at {size / 1e6 / seconds:.1f} MB/s")
    say("python-hcl2 / the reader, processor time", f"{python_hcl2(texts) / seconds:.1f}", ">= 25")
    go = pygohcl(paths, folder)
    if go is None:
        print("pygohcl could not be installed: not compared")
    else:
        say("pygohcl / the reader, processor time", f"{go / min(seconds, ours(texts)):.2f}", ">= 1")
    per_byte()


def per_byte() -> None:
    """Print how much longer than usual a byte of a mutated text may take."""
    rng = random.Random(20261122)  # noqa: S311 - a corpus, not a secret
    costs = []
    while len(costs) < TEXTS:
        text = "".join(fuzz_hcl.mutate(rng) for _ in range(rng.randrange(4, 40)))
        if len(text) < SMALLEST:
            continue
        took = min(_seconds(text) for _ in range(2))
        costs.append(took / len(text.encode("utf-8", "surrogatepass")))
    say(
        f"{TEXTS:,} mutated texts of 4 KB and more, time per byte: max / median",
        f"{max(costs) / statistics.median(costs):.1f}",
        "< 20",
    )


def _seconds(text: str) -> float:
    start = time.process_time()
    hcl.parse(text)
    return time.process_time() - start


def against_checkov(checkout: str, checkov: list[str] | None) -> None:
    """Compare reading and evaluating a checkout with checkov and with importing python-hcl2, in whole processes."""
    if not checkout:
        print("OPSLINT_BENCH_TERRAFORM names no checkout: reading and evaluating one is not compared")
        return
    from run import run

    mine = [sys.executable, "-c", EVALUATE, checkout]
    imported = [sys.executable, "-c", "import hcl2"]
    every = [*mine, "every argument"]
    run(mine), run(imported)
    rows = [(run(mine)[0], run(every)[0], run(imported)[0]) for _ in range(7)]
    blocks = statistics.median(one / other for one, _, other in rows)
    arguments = statistics.median(one / other for _, one, other in rows)
    say("the checkout read, its blocks evaluated / import hcl2", f"{blocks:.2f}", "< 2")
    say("the same with every argument evaluated / import hcl2", f"{arguments:.2f}", "-")
    if checkov is None:
        print("checkov could not be installed: not compared")
        return
    theirs = [*checkov, "-d", checkout, "--framework", "terraform", "-o", "json", "--quiet", "--skip-download"]
    took = run(theirs)[0]
    mean = statistics.median(one for _, one, _ in rows)
    say("checkov / the checkout with every argument evaluated", f"{took / mean:.1f}", "> 20")


# -- how much is known
def leaves(folder: Path) -> tuple[int, int, Counter[str]]:
    """Return how many leaves of the arguments of resources are known or null, how many there are, and why not."""
    root = folder.resolve()
    result = read_terraform(discover([str(root)], root).terraform, Settings(root=str(root)), root)
    known = whole = 0
    causes: Counter[str] = Counter()
    for module in result.modules:
        for block in module.blocks:
            if block.mode == "resource" and not block.virtual:
                for node in block.body.walk():
                    if node.known and (node.is_map or node.is_list):
                        continue
                    whole += 1
                    known += node.known
                    causes.update([] if node.known else [_kind(node)])
    return known, whole, causes


def _kind(node: Node) -> str:
    first = node.why.partition(".")[0]
    return first if first in {"var", "data", "module", "each", "count"} else "an attribute of a resource"


def say_leaves(folders: list[Path]) -> int:
    """Print the shares; 1 below three quarters."""
    low = 0
    for folder in folders:
        known, whole, causes = leaves(folder)
        share = known / whole if whole else 1.0
        low |= share < 0.75
        why = ", ".join(f"{cause} {count}" for cause, count in causes.most_common(5))
        print(f"{folder.name:<40} {share:7.1%} of {whole:>7} leaves are resolved (not: {why})")
    return low


# -- valid files
def say_valid(folders: list[Path]) -> int:
    """Read every file and print what is refused; 1 when anything is."""
    paths = files_under(folders, SUFFIXES)
    refused = size = 0
    for path in paths:
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            print(f"{path}: not UTF-8")
            continue
        size += len(text)
        errors = hcl.parse(text).errors
        refused += bool(errors)
        for error in errors[:1]:
            line = text.count("\n", 0, error.offset) + 1
            print(f"{path}:{line}: {error.message}")
    print(f"{len(paths)} files, {size / 1e6:.1f} MB: {refused} refused")
    return int(refused > 0)


def made_up(folder: Path) -> Path:
    """Write texts of Terraform that are the same at every run."""
    corpus.write_terraform(folder, 60)
    return folder


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("speed", "leaves", "valid"))
    parser.add_argument("folders", nargs="*", type=Path)
    given = parser.parse_args()
    if given.what == "leaves":
        return say_leaves(given.folders)
    if given.what == "valid":
        return say_valid(given.folders)
    import tempfile

    with tempfile.TemporaryDirectory(prefix="opslint-bench-") as name:
        whole(Path(name), given.folders[0] if given.folders else None)
    return 0


def whole(temporary: Path, folder: Path | None = None) -> None:
    """Print all figures of speed."""
    from run import checkov

    speed(folder or made_up(temporary))
    checkout = os.environ.get("OPSLINT_BENCH_TERRAFORM", "")
    against_checkov(checkout, checkov() if checkout else None)


if __name__ == "__main__":
    raise SystemExit(main())
