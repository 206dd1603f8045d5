"""The index of a pack says the same as its modules, and is not used when it does not fit them."""

import importlib
import sys
from pathlib import Path

import pytest

from opslint.engine.index import NAME, make_index, read_index
from opslint.engine.packs import collect

MODULE = '''
from opslint.api import STRICT, Problem, Severity, any_of, kind, resource, rule


@rule(
    each=any_of(kind("Pod", groups=("",)), resource("aws_instance")),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={"kyverno": ["no-pods"]},
    cis=["EKS 1.8.0 4.2.1"],
    options={"least": "the least", "names": "some names"},
    prod_only=True,
)
def no_pods(item, project, *, least: int = 2, names: tuple[str, ...] = ("a",)):
    """There is a pod.

    It hurts.
    """
    yield Problem(f"{item.name} of {least}", item.root)
'''


@pytest.fixture
def pack(tmp_path, monkeypatch):
    folder = tmp_path / "indexed_pack"
    (folder / "security").mkdir(parents=True)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "security" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "security" / "pods.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield importlib.import_module("indexed_pack")
    for name in [name for name in sys.modules if name.startswith("indexed_pack")]:
        del sys.modules[name]


def write_index(pack):
    (folder,) = pack.__path__
    rules = collect("p", pack, indexed=False).rules
    Path(folder, NAME).write_text(make_index(rules, folder), encoding="utf-8")
    for name in [name for name in sys.modules if name.startswith("indexed_pack.")]:
        del sys.modules[name]
    return rules, folder


def test_it_says_the_same(pack):
    (real,), folder = write_index(pack)
    (read,) = collect("p", pack).rules
    assert "indexed_pack.security.pods" not in sys.modules
    for name in type(real).__slots__:
        if name != "function":
            assert getattr(read, name) == getattr(real, name), name
    assert read.page == real.page
    assert read.summary == "There is a pod."
    assert "indexed_pack.security.pods" in sys.modules
    assert read.path.startswith(folder)


def test_its_rules_run(pack, lint_files):
    write_index(pack)
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"
    report = lint_files({"a.yaml": text}, collect("p", pack).rules, rules={"no-pods": {"least": 3}})
    assert [finding.message for finding in report.findings] == ["web of 3"]
    assert lint_files({"a.yaml": text.replace("Pod", "Service")}, collect("p", pack).rules).findings == ()


def test_a_stale_one_is_not_used(pack):
    _, folder = write_index(pack)
    assert read_index("indexed_pack", folder) is not None
    Path(folder, "security", "pods.py").write_text(MODULE + "\n# changed\n", encoding="utf-8")
    assert read_index("indexed_pack", folder) is None
    assert [rule.id for rule in collect("p", pack).rules] == ["no-pods"]


@pytest.mark.parametrize("text", ["", "{", '{"modules": {}}', "[]", '{"modules": {}, "rules": [{}]}'])
def test_a_broken_one_is_not_used(pack, text):
    _, folder = write_index(pack)
    Path(folder, NAME).write_text(text, encoding="utf-8")
    assert read_index("indexed_pack", folder) is None


def test_line_ends_do_not_make_it_stale(pack):
    _, folder = write_index(pack)
    Path(folder, "security", "pods.py").write_bytes(MODULE.replace("\n", "\r\n").encode())
    assert read_index("indexed_pack", folder) is not None
