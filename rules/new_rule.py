"""`make rule NAME=area/rule-name`: writes a new topic file with one rule in it, never over an existing file."""

from __future__ import annotations

import re
import sys
from pathlib import Path

TEMPLATE = '''"""{title}."""

from __future__ import annotations

from opslint.api import STRICT, Problem, Problems, Project, Severity, Workload, rule, workload


@rule(each=workload("Deployment"), severity=Severity.MEDIUM, preset=STRICT)
def {function}(item: Workload, project: Project) -> Problems:
    """One sentence that says what is bad.

    Why it hurts in operations, and when to leave it.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: web}}
    spec:
      replicas: 1  # <-
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: web}}
    spec:
      replicas: 2
    ```

    See <https://kubernetes.io/docs/>.
    """
    if item.spec["replicas"].number == 1:
        yield Problem(f"{{item.title}} says what is wrong here", item.spec["replicas"])
'''


def main() -> str | int:
    """Write the file; return what is wrong, or 0."""
    match = re.fullmatch(r"([a-z]+)/([a-z0-9-]+)", sys.argv[1] if len(sys.argv) > 1 else "")
    if match is None:
        return "usage: make rule NAME=area/rule-name"
    name = match[2].replace("-", "_")
    path = Path(__file__).parent / "opslint_rules" / match[1] / f"{name}.py"
    if not path.parent.is_dir():
        areas = sorted(one.name for one in path.parent.parent.iterdir() if (one / "__init__.py").exists())
        return f"no area {match[1]}: there are {', '.join(areas)}"
    if path.exists():
        return f"{path} exists"
    path.write_text(TEMPLATE.format(title=match[2].replace("-", " ").capitalize(), function=name), encoding="utf-8")
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
