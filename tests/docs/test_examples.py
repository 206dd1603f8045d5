"""What the README and the guides show is what opslint takes: commands, configuration, hooks, links."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

from opslint.cli.group import COMMANDS, opslint
from opslint.config.load import load_settings
from opslint.engine.packs import load_packs

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs").glob("[!r]*/*.md"))]
FENCE = re.compile(r"^(`{3,})([\w-]*)\n(.*?)^\1$", re.DOTALL | re.MULTILINE)


def fences(language):
    return [
        pytest.param(match[3], id=f"{page.relative_to(ROOT)}-{number}")
        for page in PAGES
        for number, match in enumerate(FENCE.finditer(page.read_text(encoding="utf-8")))
        if match[2] == language
    ]


COMMAND_LINES = [
    pytest.param(line[2:], id=line[2:].split("#")[0].strip())
    for page in PAGES
    for match in FENCE.finditer(page.read_text(encoding="utf-8"))
    if match[2] == "console"
    for line in match[3].splitlines()
    if line.startswith("$ ") and re.search(r"(^|\| )opslint\b", line[2:]) and "_COMPLETE" not in line
]


def parse(arguments):
    """Parse as the command line does, without running anything."""
    name, rest = (arguments[0], arguments[1:]) if arguments[:1] and arguments[0] in COMMANDS else ("check", arguments)
    with click.Context(opslint) as top:
        command = opslint.get_command(top, name)
        return command.make_context(name, list(rest), parent=top)


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_a_shown_command_is_taken(line):
    last = shlex.split(line.split("| ")[-1], comments=True)
    assert last[0] == "opslint"
    known = {rule.id for pack in load_packs() for rule in pack.rules} | {"missing-team-label"}
    for name in re.findall(r"(?:--select|--ignore|explain) ([\w-]+)", line):
        assert name in known | {"upgrade", "ownership", "cis-eks"}
    parse(last[1:])


def test_there_are_commands_and_a_wrong_one_is_noticed():
    assert len(COMMAND_LINES) > 30
    with pytest.raises(click.UsageError):
        parse(["--no-such-option", "."])


CONFIGURATIONS = [
    param
    for param in fences("yaml")
    if param.values[0].startswith(("# .opslint.yaml", "preset:")) and "missing-team-label" not in param.values[0]
]


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_a_shown_configuration_is_valid(text, tmp_path):
    (tmp_path / ".opslint.yaml").write_text(text, encoding="utf-8")
    load_settings([str(tmp_path)], config_file=None, overrides={}, root=tmp_path)


def test_there_are_configurations():
    assert len(CONFIGURATIONS) > 4


@pytest.mark.parametrize("text", fences("yaml"))
def test_every_yaml_parses(text):
    YAML(typ="safe").load(text)


@pytest.mark.parametrize("text", fences("toml"))
def test_every_toml_parses(text):
    tomllib.loads(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page):
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text(encoding="utf-8")))
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"\w+:", target):
            assert (page.parent / target).exists(), target


def test_the_hooks_of_the_guide_exist():
    hooks = {hook["id"] for hook in YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    shown = {name for page in PAGES for name in re.findall(r"^ +- id: ([\w-]+)", page.read_text(), re.MULTILINE)}
    assert shown <= hooks
    assert "opslint" in shown
