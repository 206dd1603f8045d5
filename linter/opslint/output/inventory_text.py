"""How opslint sees a repository, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.output.escape import visible, without_commands
from opslint.output.selection import place, plural
from opslint.output.style import paint, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opslint.output.inventory import Facts
    from opslint.output.style import Line, Piece

_STAGES: Final = {"prod": "production", "nonprod": "non-production", "unknown": "unknown, so treated as production"}
_BRANCHES_SHOWN: Final = 20


def to_text(found: Facts, *, color: bool = False, width: int = 0) -> str:
    """Return an inventory as text; `width` is the terminal's in columns, 0 for no wrapping."""
    lines: list[Line] = []
    for title, name, write in _SECTIONS:
        entries = found[name]
        if not entries:
            continue
        if lines:
            lines.append([])
        lines.append([(f"{title} ({len(entries)})", "strong")])
        for entry in entries:
            for indent, pieces in write(entry):
                shown = [(visible(text), style) for text, style in pieces]
                lines += wrap([(indent, ""), *shown], width, indent + "  ")
    if not lines:
        lines = [[("nothing was read", "")]]
    return without_commands("".join(paint(line, color=color) + "\n" for line in lines))


_HEAD: Final = "  "
_DETAIL: Final = "    "


def _unit(unit: Facts) -> Iterator[tuple[str, list[Piece]]]:
    yield _HEAD, [(unit["id"], "place"), (f"  {unit['kind']}, {plural(unit['objects'], 'object')}", "")]
    facts = [_environment(unit["environment"])]
    if unit["namespace"]:
        facts.append(f"namespace {unit['namespace']}")
    if unit["cluster"]:
        facts.append(f"cluster {unit['cluster']}")
    yield _DETAIL, [("; ".join(facts), "")]
    if unit["declared_by"]:
        yield _DETAIL, [(f"by {unit['declared_by']}", "")]
    for target in unit["targets"]:
        yield _DETAIL, [(f"Kubernetes {target['kubernetes']} by {target['named_by']}", "")]
    if not unit["closed"]:
        why = "; ".join(unit["open_because"]) or "a part of it could not be read"
        yield _DETAIL, [("not closed: ", "medium"), (f"{why} (what refers to missing objects is not judged)", "")]


def _environment(environment: Facts | None) -> str:
    if environment is None:
        return "no environment told"
    sign = f", by {environment['sign']}" if environment["sign"] else ""
    return f"environment {environment['name']} ({_STAGES.get(environment['stage'], environment['stage'])}{sign})"


def _cluster(cluster: Facts) -> Iterator[tuple[str, list[Piece]]]:
    name = f"  {cluster['name']}" if cluster["name"] and cluster["name"] != cluster["id"] else ""
    yield _HEAD, [(cluster["id"], "place"), (name, "")]
    if cluster["version"]:
        yield _DETAIL, [(f"Kubernetes {cluster['version']} by {_at(cluster['version_place'])}", "")]
    else:
        why = cluster["version_unknown"]
        said = f"its version is not known ({why})" if why else f"no version at {_at(cluster['declared'])}"
        yield _DETAIL, [(said, "medium")]
    yield _DETAIL, [(_environment(cluster["environment"]), "")]


def _at(where: Facts) -> str:
    return _shown_place(where) or "an unknown place"


def _shown_place(where: Facts) -> str:
    return place(where["path"], where["line"] or 0) if where["path"] else ""


def _chart(chart: Facts) -> Iterator[tuple[str, list[Piece]]]:
    state = "library, rendered by the charts that use it" if chart["library"] else ""
    if not chart["library"] and not chart["rendered"]:
        state = "not rendered" if chart["releases"] else "in no environment that is kept"
    named = f"  {chart['name']}" if chart["name"] != chart["path"].rpartition("/")[2] else ""
    yield _HEAD, [(chart["path"], "place"), (named, ""), (f"  {state}" if state else "", "medium")]
    for release in chart["releases"]:
        told = release["source"] == "default values"
        values = ", ".join(release["values"]) or ("its default values" if told else "the values given there")
        where = f" in namespace {release['namespace']}" if release["namespace"] else ""
        failed = "" if release["rendered"] else "; it did not render"
        yield (
            _DETAIL,
            [
                (f"release {release['name']}{where}, {_environment(release['environment'])}: {values}", ""),
                (f" (from {release['source']})", "dim"),
                (failed, "medium"),
            ],
        )
    for item in chart["missing_dependencies"]:
        yield _DETAIL, [("dependency missing: ", "medium"), (f"{item['name']} at {_at(item)}", "")]
    branches = chart["branches_unrendered"]
    if branches:
        yield _DETAIL, [(f"{plural(len(branches), 'template branch')} in no environment:", "")]
        for where in branches[:_BRANCHES_SHOWN]:
            yield _DETAIL + "  ", [(_at(where), "place")]
        if len(branches) > _BRANCHES_SHOWN:
            yield _DETAIL + "  ", [(f"and {len(branches) - _BRANCHES_SHOWN} more (--format json lists them)", "dim")]


def _module(module: Facts) -> Iterator[tuple[str, list[Piece]]]:
    yield _HEAD, [(module["path"], "place")]
    for run in module["runs"]:
        files = ", ".join(run["var_files"]) or "no variables file of its own"
        plan = f", values of the plan {run['plan']}" if run["plan"] else ""
        yield _DETAIL, [(f"{_environment(run['environment'])}: {files}, {plural(run['blocks'], 'block')}{plan}", "")]
    for call in module["calls"]:
        yield _DETAIL, _call(call)


def _call(call: Facts) -> list[Piece]:
    how: str = {
        "local": "read",
        "installed": "read from .terraform/modules",
        "adapter": "known by its inputs",
        "plan": "seen in the plan",
        "opaque": "not read: its resources are unknown",
    }.get(call["how"]) or str(call["how"])
    if call["how"] == "adapter":
        how += f", as version {call['major']}" if call["major"] is not None else ", of any version"
    version = f" {call['version']}" if call["version"] else ""
    style = "medium" if call["how"] == "opaque" else ""
    return [(f"{call['address']}  {call['source'] or 'no source'}{version}: ", ""), (how, style)]


def _registry(entry: Facts) -> Iterator[tuple[str, list[Piece]]]:
    name = entry["registry"] or "not known"
    counts = f"  {plural(entry['images'], 'image')} in {plural(entry['containers'], 'container')}"
    yield _HEAD, [(name, "place"), (counts, "")]


def _error(error: Facts) -> Iterator[tuple[str, list[Piece]]]:
    where = _shown_place(error)
    yield _HEAD, [(f"{where}: " if where else "", "place"), (f"{error['message']} ", ""), (f"({error['kind']})", "dim")]


def _notice(notice: Facts) -> Iterator[tuple[str, list[Piece]]]:
    where = _shown_place(notice)
    yield _HEAD, [(f"{where}: " if where else "", "place"), (notice["message"], "")]


_SECTIONS: Final[Sequence[tuple[str, str, Callable[[dict[str, Any]], Iterator[tuple[str, list[Piece]]]]]]] = (
    ("Units", "units", _unit),
    ("Clusters", "clusters", _cluster),
    ("Charts", "charts", _chart),
    ("Terraform root modules", "terraform", _module),
    ("Image registries", "registries", _registry),
    ("Could not be read", "errors", _error),
    ("Notices", "notices", _notice),
)
