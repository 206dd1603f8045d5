"""Plants known defects on known lines of real charts and looks where the findings stand.

    python benchmarks/planted.py FOLDER …

Every chart under the folders is copied, with the charts that it depends on and that stand under the folders as well
(put into its charts/ where it does not render with them beside it). Wherever a template writes `containers:`, defects
are planted: as literal text, in a helper, and as values that are printed alone, with others, and as YAML. What then
renders into a workload must be found on exactly its line. Nothing is written outside a temporary folder. The exit
status is 1 below 99 %.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from opslint.engine.judge import judge
from opslint.engine.packs import load_packs
from opslint.engine.place import finding_of
from opslint.engine.select import select
from opslint.model.settings import Settings
from opslint.read.plan import read_project

if TYPE_CHECKING:
    from opslint.model.source import Location

RULES = ("privileged-container", "host-namespace", "mutable-image-tag")
KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"})
LITERAL = ("host", "privileged", "untagged", "helper")
VARIANTS = (*LITERAL, "value", "joined", "block")
GOAL = 0.99
CONTAINERS = re.compile(r"^( *)containers:\s*$")
ITEM = re.compile(r"^( *)- ")
NINDENT = re.compile(r"nindent (\d+)")
TEST_HOOK = re.compile(r"helm\.sh/hook\"?:.*\btest\b")
NAMES = re.compile(r"^\s*-?\s*name:\s*(\S+)", re.MULTILINE)
HELPERS = "templates/_planted.tpl"
PINNED = "registry.example.com/planted:1.0.0"


class Plant(NamedTuple):
    """A defect: what finds it, and where (`also` is a place that must be related to the finding)."""

    name: str
    variant: str
    rule: str
    path: str
    line: int
    also: tuple[str, int] | None = None


class Outcome(NamedTuple):
    """What became of the defects of one chart."""

    rendered: list[Plant]
    missed: list[tuple[Plant, str]]


class Planter:
    """Plants defects of these variants in the copy of a chart."""

    def __init__(self, chart: Path, variants: tuple[str, ...]) -> None:
        self.chart, self.variants, self.number = chart, variants, 0
        self.plants: list[Plant] = []
        values = chart / "values.yaml"
        text = values.read_text(encoding="utf-8") if values.exists() else ""
        self.values = [*text.rstrip("\n").split("\n"), "planted:"]
        self.helpers: list[str] = []

    def plant(self) -> list[Plant]:
        """Plant in every template of the chart itself and return what was planted."""
        for path in sorted((self.chart / "templates").rglob("*")):
            if path.suffix in {".yaml", ".yml", ".tpl"} and path.is_file():
                self._template(path)
        if any(plant.variant in {"value", "joined", "block"} for plant in self.plants):
            (self.chart / "values.yaml").write_text("\n".join(self.values) + "\n", encoding="utf-8")
            (self.chart / "values.schema.json").unlink(missing_ok=True)  # it may forbid keys that it does not know
        if not self.plants:
            return []
        (self.chart / HELPERS).write_text("\n".join(self.helpers) + "\n", encoding="utf-8")
        return self.plants

    def _template(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            return
        if TEST_HOOK.search("\n".join(lines)):
            return  # rules leave tests alone
        inner, out = path.relative_to(self.chart).as_posix(), []
        for number, line in enumerate(lines):
            match = CONTAINERS.match(line)
            indent = _item_indent(lines, number) if match else None
            if match is None or indent is None:
                out.append(line)
                continue
            if "host" in self.variants and "hostPID" not in "\n".join(lines):
                out.append(f"{match[1]}hostPID: true # {self._name()}")
                self.plants.append(Plant(self._name(), "host", "host-namespace", inner, len(out)))
                self.number += 1
            out.append(line)
            for variant in self.variants:
                if variant != "host":
                    self._one(variant, inner, out, " " * indent)
                    self.number += 1
        path.write_text("\n".join(out), encoding="utf-8")

    def _name(self) -> str:
        return f"planted-{self.number}x"

    def _one(self, variant: str, path: str, out: list[str], pad: str) -> None:
        name, key = self._name(), f"p{self.number}"
        if variant == "helper":
            out += [f'{pad}{{{{- include "{name}" "{name}" | nindent {len(pad)} }}}}']
            self.helpers += [
                f'{{{{- define "{name}" -}}}}',
                "- name: {{ . }}",
                f"  image: {PINNED}",
                "  securityContext:",
                "    privileged: true",
                "{{- end }}",
            ]
            where = len(self.helpers) - 1
            self.plants.append(Plant(name, variant, "privileged-container", HELPERS, where, (path, len(out))))
            return
        out += [f"{pad}- name: {name}"]
        here, value = len(out), f"$.Values.planted.{key}"
        last = len(self.values)
        if variant == "privileged":
            out += [f"{pad}  image: {PINNED}", f"{pad}  securityContext:", f"{pad}    privileged: true"]
            plant = Plant(name, variant, "privileged-container", path, here + 3)
        elif variant == "untagged":
            out += [f"{pad}  image: registry.example.com/planted"]
            plant = Plant(name, variant, "mutable-image-tag", path, here + 1)
        elif variant == "value":
            out += [f"{pad}  image: {{{{ {value}.image | quote }}}}"]
            self.values += [f"  {key}:", "    image: registry.example.com/planted:latest"]
            plant = Plant(name, variant, "mutable-image-tag", "values.yaml", last + 2, (path, here + 1))
        elif variant == "joined":
            out += [f'{pad}  image: "{{{{ {value}.repository }}}}:{{{{ {value}.tag }}}}"']
            self.values += [f"  {key}:", "    repository: registry.example.com/planted", "    tag: latest"]
            plant = Plant(name, variant, "mutable-image-tag", path, here + 1, ("values.yaml", last + 3))
        else:
            out += [f"{pad}  image: {PINNED}", f"{pad}  securityContext:"]
            out += [f"{pad}    {{{{- toYaml {value}.context | nindent {len(pad) + 4} }}}}"]
            self.values += [f"  {key}:", "    context:", "      runAsUser: 0", "      privileged: true"]
            plant = Plant(name, variant, "privileged-container", "values.yaml", last + 4, (path, here + 3))
        self.plants.append(plant)


def _item_indent(lines: list[str], number: int) -> int | None:
    """Return how far the items of the list after line `number` are indented, None when it does not show."""
    for line in lines[number + 1 : number + 16]:
        item = ITEM.match(line)
        if item:
            return len(item[1])
        if "nindent" in line:
            return int(NINDENT.findall(line)[-1]) if NINDENT.findall(line) else None
        if line.strip() and not line.strip().startswith(("{{", "#")):
            return None
    return None


def charts_under(folders: list[Path]) -> list[Path]:
    """Return the charts under the folders that are no subchart of another, libraries included."""
    found = {path.parent for folder in folders for path in folder.rglob("Chart.yaml")}
    return sorted(chart for chart in found if found.isdisjoint(chart.parents))


def is_library(chart: Path) -> bool:
    """Return whether Chart.yaml says so."""
    return re.search(r"^type:\s*library", (chart / "Chart.yaml").read_text(encoding="utf-8"), re.MULTILINE) is not None


def others_of(chart: Path, charts: list[Path]) -> dict[str, Path]:
    """Return the charts that a dependency may name, by name: those beside the chart come first."""
    return {one.name: one for one in charts} | {one.name: one for one in charts if one.parent == chart.parent}


def copy(chart: Path, others: dict[str, Path], folder: Path, *, vendor: bool = False) -> Path:
    """Copy a chart into an empty folder, with the charts it depends on beside it (in its charts/ with `vendor`)."""
    shutil.rmtree(folder, ignore_errors=True)
    target = folder / chart.name
    shutil.copytree(chart, target, symlinks=True)
    wanted, seen = [chart], {chart.name}
    while wanted:
        user = wanted.pop()
        for name in NAMES.findall((user / "Chart.yaml").read_text(encoding="utf-8")):
            if name not in others or name in seen:
                continue
            seen.add(name)
            place = target / "charts" / name if vendor else folder / name
            if not place.exists():
                shutil.copytree(others[name], place, symlinks=True)
            if not vendor:
                wanted.append(others[name])
    return target


class Trial:
    """Lints planted charts with the three rules."""

    def __init__(self) -> None:
        self.packs = load_packs()

    def run(self, chart: Path, plants: list[Plant]) -> Outcome | str:
        """Lint a chart and look for its defects; a text says why it did not render."""
        root = chart.parent
        settings = Settings(
            root=str(root), target_version="1.33", preset="all", select=RULES, as_of=date(2026, 1, 1), no_cache=True
        )
        reading = read_project([str(root)], settings, only_chart=chart.name)
        own = [one for one in reading.project.charts if one.path == chart.name]
        if not own or not own[0].rendered:
            return next((f"{one.path}:{one.line}: {one.message}" for one in reading.failures), "no chart was found")
        documents = [
            document
            for release in own[0].releases
            for source in release.sources
            if source.kind == "rendered"
            for document in re.split(r"^---", source.text, flags=re.MULTILINE)
        ]
        documents = [text for text in documents if KINDS & set(re.findall(r"^kind: *\"?(\w+)", text, re.MULTILINE))]
        text = "\n".join(documents)
        rendered = [plant for plant in plants if re.search(rf"\b{plant.name}\b", text)]
        findings = [finding_of(said) for said in judge(reading.project, select(self.packs, settings)).said]
        missed = []
        for plant in rendered:
            place = (f"{chart.name}/{plant.path}", plant.line)
            also = (f"{chart.name}/{plant.also[0]}", plant.also[1]) if plant.also else None
            here = [one for one in findings if one.rule_id == plant.rule and _place(one.location) == place]
            if not here:
                missed.append((plant, f"no finding on {place[0]}:{place[1]}"))
            elif also and not any(_place(other) == also for one in here for _, other in one.related):
                missed.append((plant, f"{place[0]}:{place[1]} does not name {also[0]}:{also[1]}"))
        return Outcome(rendered, missed)


def _place(location: Location) -> tuple[str, int]:
    return location.source.path, location.span.line


def main() -> None:
    """Plant in all charts and print the share that was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--only", default="", help="a part of the path of the charts to try")
    parser.add_argument("--verbose", action="store_true", help="say of each chart what became of it")
    given = parser.parse_args()
    charts = charts_under(given.folders)
    trial = Trial()
    rendered: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    tried = without = unrendered = 0
    for chart in charts:
        if is_library(chart) or given.only not in str(chart):
            continue
        with tempfile.TemporaryDirectory(prefix="opslint-planted-") as folder:
            outcome: Outcome | str = ""
            # Some charts need what they depend on; and where values cannot be reached, plain text can.
            for vendor, variants in ((False, VARIANTS), (True, VARIANTS), (False, LITERAL), (True, LITERAL)):
                target = copy(chart, others_of(chart, charts), Path(folder, "root"), vendor=vendor)
                plants = Planter(target, variants).plant()
                outcome = trial.run(target, plants)
                if not isinstance(outcome, str):
                    break
        if isinstance(outcome, str):
            unrendered += 1
            if given.verbose:
                print(f"{chart}: not rendered: {outcome}")
            continue
        if not outcome.rendered:
            without += 1
            if given.verbose:
                print(f"{chart}: {len(plants)} planted, none of them is rendered into a workload")
            continue
        tried += 1
        rendered.update(plant.variant for plant in outcome.rendered)
        missed.update(plant.variant for plant, _ in outcome.missed)
        for plant, why in outcome.missed:
            print(f"{chart}: {plant.variant} ({plant.rule}): {why}")
    for variant in VARIANTS:
        print(f"{variant:<12} {rendered[variant] - missed[variant]:>5} of {rendered[variant]:>5}")
    whole = rendered.total()
    share = (whole - missed.total()) / whole if whole else 0.0
    print(f"{share:.2%} of {whole} defects in {tried} charts stand on their line")
    print(f"{unrendered} charts do not render as they are, {without} render no workload with a defect")
    sys.exit(share < GOAL)


if __name__ == "__main__":
    main()
