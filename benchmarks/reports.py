"""`make bench`, second part: reports of many findings, and a run over what changed, as a commit hook does it.

Prints what 20,000 findings written as SARIF add to the run (wall seconds and peak memory, against the concise format),
what a run of 60,000 findings comes to under GitHub's limits, and `--changed-since HEAD` with one changed file of the
example and a warm cache against `python -c pass`.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from run import OPSLINT, ROOT, run

# Under the preset `all`, each of these has at least this many findings; the run's own count is what is printed.
WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web-{0}, namespace: shop-{1}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web-{0}}}}}
  template:
    metadata: {{labels: {{app: web-{0}}}}}
    spec:
      hostNetwork: true
      containers:
        - name: web
          image: registry.example/web
          securityContext: {{privileged: true}}
---
"""


def write(folder: Path, workloads: int) -> None:
    """Write so many workloads, a hundred a file."""
    folder.mkdir()
    for number in range(workloads // 100):
        text = "".join(WORKLOAD.format(number * 100 + one, number) for one in range(100))
        (folder / f"shop-{number}.yaml").write_text(text, encoding="utf-8")


def sarif(folder: Path, workloads: int) -> None:
    """Print what SARIF adds to a run over so many workloads, and what the file comes to."""
    tree = folder / f"of-{workloads}"
    write(tree, workloads)
    lint = [*OPSLINT, "--preset", "all", "--exit-zero", "--jobs", "1", "--no-cache", str(tree)]
    concise = [*lint, "--format", "concise", "--quiet"]
    found = subprocess.run(concise, capture_output=True, text=True, check=True).stdout.count("\n")  # noqa: S603
    report = folder / "report.sarif"
    both = [*lint, "--format", "concise", "--quiet", "--output", f"sarif={report}"]
    pairs = [(run(both), run(concise)) for _ in range(3)]
    seconds = statistics.median(more[0] - less[0] for more, less in pairs)
    memory = statistics.median(more[1] - less[1] for more, less in pairs)
    print(f"{f'SARIF of {found:,} findings adds':<58} {seconds:7.2f} s, {memory / 1e6:.0f} MB")
    text = report.read_bytes()
    run_ = json.loads(text)["runs"][0]
    said = [note["message"]["text"] for note in run_["invocations"][0]["toolExecutionNotifications"]]
    packed = len(gzip.compress(text, 6))
    size = f"{len(run_['results']):7,}  {packed / 1e6:.1f} MB"
    print(f"{'  results, bytes after gzip':<58} {size}  goal <= 25,000, <= 10 MB")
    print("".join(f"  {text}\n" for text in said if "left out" in text), end="")


def changed(folder: Path) -> None:
    """Print the figure of a run over what changed in the example."""
    shop = folder / "shop"
    shutil.copytree(ROOT / "examples/myshop", shop)
    who = [word for key in ("user.name", "user.email") for word in ("-c", f"{key}=bench@example.com")]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "start"]):
        subprocess.run(["git", *arguments], cwd=shop, check=True)  # noqa: S603, S607
    values = shop / "charts/myshop-api/values-prod.yaml"
    values.write_text(values.read_text(encoding="utf-8") + "# a change\n", encoding="utf-8")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    since = [*OPSLINT, "--changed-since", "HEAD", "--exit-zero"]
    bare = [sys.executable, "-c", "pass"]
    run(since, shop), run(since, shop), run(bare)
    ratios = [run(since, shop)[0] / run(bare)[0] for _ in range(7)]
    name = "--changed-since HEAD, warm, one file / python -c pass"
    print(f"{name:<58} {statistics.median(ratios):7.1f}  ({min(ratios):.1f} to {max(ratios):.1f})  goal < 25")


def main() -> None:
    """Run them."""
    with tempfile.TemporaryDirectory(prefix="opslint-bench-") as name:
        changed(Path(name))
        sarif(Path(name), 1_900)
        sarif(Path(name), 5_500)


if __name__ == "__main__":
    main()
