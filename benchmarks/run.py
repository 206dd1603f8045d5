"""`make bench`: whole processes, in turn, as ratios of one run; the machine's speed cancels out.

Prints for each figure the median of the ratios and, where the project has set itself one, the figure to stay under.
checkov is installed from the registry into an environment of its own under the user's cache folder.
"""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from platformdirs import user_cache_path

sys.path.insert(0, str(Path(__file__).parent))
import corpus
import terraform

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent
OPSLINT = [str(BIN / "opslint")]
COMPOSE = """
import sys
from pathlib import Path
from ruamel.yaml import YAML
from _ruamel_yaml import CParser
class Resolver:
    def descend_resolver(self, *a): pass
    def ascend_resolver(self, *a): pass
    def resolve(self, *a): return ''
class Loader(CParser, Resolver):
    def __init__(self, text): CParser.__init__(self, text)
for path in sorted(Path(sys.argv[1]).rglob('*.yaml')):
    loader = Loader(path.read_text())
    while loader.check_node(): loader.get_node()
"""
# Reads the manifests, then runs every rule on Kubernetes objects, and prints how long the second took of the first.
RULES = """
import gc, sys, time
from opslint.engine.judge import judge
from opslint.engine.packs import load_packs
from opslint.engine.select import select
from opslint.model.settings import Settings
from opslint.read.plan import read_project
gc.disable()  # as a run does
settings = Settings(root=sys.argv[1], preset=sys.argv[2], no_cache=True)
chosen = [one for one in select(load_packs(), settings) if one.rule.applies_to != 'terraform']
for one in chosen:
    one.rule.page  # imports its module
start = time.process_time()
project = read_project([sys.argv[1]], settings).project
read = time.process_time() - start
start = time.process_time()
judge(project, chosen)
print((time.process_time() - start) / read)
"""


def run(command: list[str], cwd: Path | None = None) -> tuple[float, int]:
    """Return wall seconds and peak memory in bytes of a command (children that it waited for included)."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=cwd, env=environment)  # noqa: S603
    assert process.stdout is not None  # noqa: S101
    while process.stdout.read(1 << 20):
        pass
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def ratio(name: str, command: list[str], against: list[str], *, goal: str, runs: int = 7) -> None:
    """Print the median of the ratio of two commands, run in turn."""
    run(command), run(against)
    ratios = [run(command)[0] / run(against)[0] for _ in range(runs)]
    print(f"{name:<58} {statistics.median(ratios):7.2f}  ({min(ratios):.2f} to {max(ratios):.2f})  goal {goal}")


def rules_of_reading(folder: Path, preset: str, *, goal: str, runs: int = 5) -> None:
    """Print what all Kubernetes rules of a preset take of the time that reading the same manifests takes."""
    command = [sys.executable, "-c", RULES, str(folder), preset]
    done = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(runs)]  # noqa: S603
    found = [float(one.stdout) for one in done]
    name = f"all Kubernetes rules of {preset} / reading the manifests"
    print(f"{name:<58} {statistics.median(found):7.2f}  ({min(found):.2f} to {max(found):.2f})  goal {goal}")


def checkov() -> list[str] | None:
    """Return the command of the released checkov, installed once; None when the registry cannot be reached."""
    home = user_cache_path("opslint-bench") / "checkov"
    command = home / "bin" / "checkov"
    if not command.exists():
        print("installing checkov once …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)  # noqa: S603
        done = subprocess.run([str(home / "bin/python"), "-m", "pip", "install", "-q", "checkov"], check=False)  # noqa: S603
        if done.returncode:
            return None
    return [str(command)]


def main() -> None:
    """Run every benchmark."""
    for part in ("linter", "rules", "schemas"):
        compileall.compile_dir(ROOT / part, quiet=2)
    bare = [sys.executable, "-c", "pass"]
    ratio("opslint --version / python -c pass", [*OPSLINT, "--version"], bare, goal="< 6", runs=15)
    with tempfile.TemporaryDirectory(prefix="opslint-bench-") as name:
        folder = Path(name)
        small = folder / "one" / "deployment.yaml"
        small.parent.mkdir()
        small.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n", encoding="utf-8")
        ratio("one small manifest / python -c pass", [*OPSLINT, str(small)], bare, goal="< 12", runs=15)
        large = folder / "large"
        size = corpus.write(large, 2000)
        rules = subprocess.run([*OPSLINT, "rules", "--format", "json"], capture_output=True, text=True, check=True)  # noqa: S603
        count = rules.stdout.count('"preset": "recommended"')
        print(f"2,000 files, {size / 1e6:.1f} MB; recommended preset, {count} rules")
        whole = [*OPSLINT, "--format", "json", "--jobs", "1", "--exit-zero", str(large)]
        compose = [sys.executable, "-c", COMPOSE, str(large)]
        ratio("the whole run / a bare libyaml compose", whole, compose, goal="< 4", runs=5)
        _, peak = run(whole)
        print(f"{'peak memory / size of the text':<58} {peak / size:7.1f}  ({peak / 1e6:.0f} MB)  goal < 60")
        rules_of_reading(large, "recommended", goal="< 1")
        rules_of_reading(large, "all", goal="< 1")
        terraform.whole(Path(tempfile.mkdtemp(dir=folder)))
        other = checkov()
        if other is None:
            print("checkov could not be installed: not compared")
            return
        tree = folder / "both"
        corpus.write(tree / "manifests", 200)
        subprocess.run(["cp", "-r", str(ROOT / "examples/myshop/infra"), str(tree / "infra")], check=True)  # noqa: S603, S607
        theirs = [*other, "-d", str(tree), "-o", "json", "--compact", "--quiet", "--skip-download"]
        ours = [*OPSLINT, "--format", "json", "--exit-zero", str(tree)]
        ratio("checkov / opslint, 200 files and the example's Terraform", theirs, ours, goal="> 20", runs=3)


if __name__ == "__main__":
    main()
