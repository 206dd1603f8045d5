"""Runs the examples of rule pages and the cases of Markdown files: for our packs and anyone's.

A fence in a rule's docstring, ```` ```yaml bad ````, is reported at exactly the lines marked `# <-`; a `good` one
nowhere.
Fences of one verdict that follow each other directly form one project. After the verdict a fence may say more:
`file=charts/a/values.yaml`, `target=1.32`, `as-of=2026-01-01`, and options of the rule such as `min_replicas=3`.
A file `.opslint.yaml` is the configuration of the run.

A `fixed` fence after a bad one is what all its fixes, safe and unsafe, make of it (marks apart); files that stay as
they are need no fence, and a mark in it says what is still reported.

A Markdown case is a `##` sentence and its fences; its marks name the rule, `# <- missing-pdb`, and maybe a part of the
message after a colon. The rules that run are those of the line `rules: missing-pdb, pdb-blocks-drain` below the title
or the sentence.
"""

from __future__ import annotations

import json
import re
import tempfile
from datetime import date
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.records import dataclass, field, replace
from opslint.model.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opslint.engine.packs import Pack
    from opslint.engine.rule import Rule
    from opslint.model.report import Report

FENCE: Final = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
MARK: Final = re.compile(r"(?:#|//)\s*<-[ \t]*(?P<say>[^\n]*)$")
NAMES: Final = {
    "yaml": "example.yaml",
    "hcl": "main.tf",
    "terraform": "main.tf",
    "json": "example.json",
    "tfvars": "terraform.tfvars",
}
# What a pack's own tests need; the modules below are not promised to stay.
__all__ = ["cases_of", "examples_of", "fix_mismatches", "load_packs", "mismatches", "run_example"]
_CONFIGURATION: Final = ".opslint.yaml"
AS_OF: Final = date(2026, 11, 22)
TARGET: Final = "1.34"


@dataclass(frozen=True, slots=True)
class Example:
    """Files that form one project, and what is expected of it."""

    name: str
    verdict: str  # bad | good | fixed, or "" for a Markdown case
    files: dict[str, str]
    rules: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)  # of a bad example: files as its fixes leave them

    def expected(self) -> set[tuple[str, int, str, str]]:
        """Return (file, line, rule, part of the message) of every mark."""
        found = set()
        for path, text in self.files.items():
            for number, line in enumerate(text.splitlines(), 1):
                for mark in MARK.finditer(line):
                    if self.verdict:
                        found.add((path, number, self.rules[0], ""))
                        continue
                    for say in mark["say"].split(" <- "):
                        rule, _, part = say.partition(":")
                        found.add((path, number, rule.strip(), part.strip()))
        return found


def examples_of(rule: Rule) -> list[Example]:
    """Return the executed examples of a rule's page.

    Raises:
        ValueError: the page has no bad or no good example, a bad one marks no line, or a fixed one follows no bad one.
    """
    groups: list[tuple[str, list[re.Match[str]]]] = []
    end = -1
    for match in FENCE.finditer(rule.page):
        verdict = match[2].split()[0] if match[2].split() else ""
        if verdict not in {"bad", "good", "fixed"}:
            continue
        joined = groups and groups[-1][0] == verdict and not rule.page[end : match.start()].strip()
        if joined:
            groups[-1][1].append(match)
        else:
            groups.append((verdict, [match]))
        end = match.end()
    found: list[Example] = []
    for number, (verdict, fences) in enumerate(groups, 1):
        example = _example(f"{rule.id}-{verdict}-{number}", verdict, fences, (rule.id,))
        if verdict != "fixed":
            found.append(example)
        elif found and found[-1].verdict == "bad":
            found[-1] = replace(found[-1], fixed=example.files)
        else:
            raise ValueError(f"{example.name}: a fixed example follows the bad one that it mends")
    for verdict in ("bad", "good"):
        if not any(example.verdict == verdict for example in found):
            raise ValueError(f"the page of {rule.id} has no {verdict} example")
    for example in found:
        if bool(example.expected()) != (example.verdict == "bad"):
            raise ValueError(f"{example.name}: a bad example marks lines with `# <-`, a good one none")
    return found


def cases_of(path: Path) -> list[Example]:
    """Return the cases of a Markdown file."""
    text = path.read_text(encoding="utf-8")
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    default = _rules_line(head)
    found = []
    for section in sections:
        title, _, body = section.partition("\n")
        rules = _rules_line(body) or default
        if not rules:
            raise ValueError(f"{path.name}: case {title!r} has no line `rules: …`")
        found.append(_example(f"{path.stem}: {title.strip()}", "", list(FENCE.finditer(body)), rules))
    return found


def _rules_line(text: str) -> tuple[str, ...]:
    # A role in an example has a line `rules:` too.
    match = re.search(r"^rules:([^\n]*)$", text.partition("\n```")[0], re.MULTILINE)
    return tuple(name.strip() for name in match[1].split(",")) if match else ()


def _example(name: str, verdict: str, fences: list[re.Match[str]], rules: tuple[str, ...]) -> Example:
    files: dict[str, str] = {}
    settings: dict[str, str] = {}
    options: dict[str, Any] = {}
    for fence in fences:
        path = NAMES.get(fence[1], f"example.{fence[1]}")
        for word in fence[2].split()[1 if verdict else 0 :]:
            key, _, value = word.partition("=")
            if key == "file":
                path = value
            elif key in {"target", "as-of", "preset"}:
                settings[key] = value
            else:
                options[key] = _value(value)
        files[path] = files.get(path, "") + fence[3]
    return Example(name, verdict, files, rules, settings, options)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def run_example(example: Example, packs: Sequence[Pack], *, fixing: bool = False) -> Report:
    """Lint the example in a folder of its own and return the report; with `fixing` its fixes are written out."""
    with tempfile.TemporaryDirectory(prefix="opslint-example-") as folder:
        _write(example, folder)
        return lint([folder], _settings(example, folder), packs, fixing=fixing)


def fix_mismatches(example: Example, packs: Sequence[Pack]) -> Iterator[str]:
    """Yield how what the fixes make of a bad example differs from its `fixed` fences; nothing when it has none."""
    if not example.fixed:
        return
    from opslint.engine.repair.passes import repair

    before = replace(example, files={path: _without_marks(text) for path, text in example.files.items()}, fixed={})
    after = replace(example, verdict="fixed", files={**before.files, **example.fixed}, fixed={})
    with tempfile.TemporaryDirectory(prefix="opslint-example-") as folder:
        _write(before, folder)

        def run() -> Report:
            return lint([folder], _settings(before, folder), packs, fixing=True)

        result = repair(run, Path(folder), unsafe=True)
        for refusal in result.refusals:
            yield f"{refusal.path}:{refusal.line}: not fixed ({refusal.title}): {refusal.why}"
        for path, text in after.files.items():
            made = result.files[path][1].decode() if path in result.files else before.files.get(path, "")
            said = _without_marks(text).splitlines(keepends=True)
            if lines := list(unified_diff(said, made.splitlines(keepends=True), "as said", "as fixed")):
                yield f"{path}: the fix makes another text\n" + "".join(lines)
        yield from mismatches(after, result.report)
        result.write(Path(folder))
        again = repair(run, Path(folder), unsafe=True)
        yield from (f"{path}: fixing once more changes it again" for path in again.files)


def _without_marks(text: str) -> str:
    return re.sub(rf"[ \t]*{MARK.pattern}", "", text, flags=re.MULTILINE)


def _write(example: Example, folder: str) -> None:
    for path, text in example.files.items():
        target = Path(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _settings(example: Example, folder: str) -> Settings:
    if _CONFIGURATION in example.files:
        return _configured(example, folder)
    return Settings(
        root=folder,
        target_version=example.settings.get("target", TARGET if not _has_terraform(example) else ""),
        target_source="configuration",
        as_of=date.fromisoformat(example.settings.get("as-of", AS_OF.isoformat())),
        select=example.rules,
        rules={example.rules[0]: example.options} if example.options else {},
        no_cache=True,
    )


def _configured(example: Example, folder: str) -> Settings:
    from opslint.config import load_settings

    overrides: dict[str, object] = {
        "as_of": date.fromisoformat(example.settings.get("as-of", AS_OF.isoformat())),
        "select": example.rules,
        "no_cache": True,
    }
    return load_settings([folder], config_file=None, overrides=overrides, root=Path(folder))


def _has_terraform(example: Example) -> bool:
    return any(path.endswith((".tf", ".tfvars")) for path in example.files)


def mismatches(example: Example, report: Report) -> Iterator[str]:
    """Yield how a report differs from what the example expects."""
    for failure in report.failures:
        yield f"{failure.path}:{failure.line}: not read: {failure.message}"
    wanted = example.expected()
    found = {(one.location.source.path, one.location.span.line, one.rule_id): one for one in report.findings}
    for path, line, rule, part in sorted(wanted):
        finding = found.get((path, line, rule))
        if finding is None:
            yield f"{path}:{line}: {rule} is silent here"
        elif part not in finding.message:
            yield f"{path}:{line}: {rule} does not say {part!r}: {finding.message}"
    marked = {(path, line, rule) for path, line, rule, _ in wanted}
    for key, finding in sorted(found.items()):
        if key not in marked:
            yield f"{key[0]}:{key[1]}: {finding.rule_id} is not expected here: {finding.message}"
