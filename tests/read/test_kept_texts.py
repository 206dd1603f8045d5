"""What the last run made of a text, in place of parsing it again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kept import assert_same_reading, places_through_the_cache, through_the_cache
from processes import child_environment

from opslint.cli.main import main
from opslint.model.source import Source
from opslint.read import kept_texts as module
from opslint.read.cache import TupleCache
from opslint.read.helm.values import BadYaml, Place, read_places
from opslint.read.kept_texts import KeptTexts, kept_texts, texts_kept
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
    - name: web
      image: registry.example/web:1.2.3
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own; returns the folder of the texts."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/opslint/texts"


@pytest.fixture
def run(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run opslint in a repository of its own and return what it says."""
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*arguments: str) -> str:
        main(["--format", "json", "--exit-zero", *arguments])
        done = json.loads(capsys.readouterr().out)
        return json.dumps(done["findings"])

    return call


def entries(cache: Path) -> dict[str, Any]:
    """Return the one entry that is kept."""
    (path,) = cache.glob("*.tuples")
    found = TupleCache("texts").get(path.stem)
    assert isinstance(found, dict)
    return found


# -- what comes back


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.y*ml")), ids=lambda path: path.name)
def test_all_of_the_example_comes_back_as_it_was(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    file = read_yaml(Source("a.yaml", text))
    assert_same_reading(file, through_the_cache(file))


def test_an_alias_comes_back_as_the_node_of_its_anchor() -> None:
    file = read_yaml(Source("a.yaml", "a: &x {k: [1]}\nb: *x\nc: {<<: *x, m: !!str 2}\n"))
    again = through_the_cache(file).documents[0]
    assert again["a"].raw is again["b"].raw
    assert again["c"]["k"].extent == again["a"]["k"].extent
    assert again["c"]["m"].value == "2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "é: 'ü'  # c\nb:\n  - {c: 1, d: }\n",
        "x: &a {k: 1}\ny: *a\nz:\n  <<: *a\n  m: 2\n",
        "a: &a [*a]\n",
        "- 1\n- \n- ~\n- {a: {b: [c]}}\n",
        "{a: {url: https://x.example},\n list: [http://y:80, z]}\n",
    ],
)
def test_places_come_back_as_they_were(text: str) -> None:
    place = read_places(text)
    again = places_through_the_cache(place)

    def seen(root: Place) -> list[Any]:
        return [
            (path, one.kind, one.span, one.text, one.plain, list(one.entries), one.keys) for path, one in root.walk()
        ]

    assert seen(again) == seen(place)


def test_an_anchor_that_holds_itself_comes_back_as_one_place() -> None:
    again = places_through_the_cache(read_places("a: &a [*a]\n"))
    loop = again.get("a")
    assert loop is not None
    assert loop.get(0) is loop


def test_values_that_do_not_parse_are_refused_again(cache: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with texts_kept(tmp_path), pytest.raises(BadYaml, match="did not find expected") as caught:
            read_places("a: [1,\nb: 2\n")
        assert caught.value.line == 3
    assert list(entries(cache)) == ["places"]


# -- runs


def test_a_second_run_says_the_same_and_needs_no_parser(cache: Path, tmp_path: Path) -> None:
    shop = tmp_path / "a shop"
    shutil.copytree(ROOT / "examples/myshop", shop)
    code = (
        "import sys; from opslint.cli.main import main; status = main(); "
        "print('parser', 'ruamel.yaml' in sys.modules, 'schemas', 'opslint.engine.validate.shapes' in sys.modules, "
        "file=sys.stderr)"
    )

    def call(*arguments: str) -> tuple[str, str]:
        done = subprocess.run(
            [sys.executable, "-c", code, "--exit-zero", "--quiet", "--as-of", "2026-11-01", *arguments, "."],
            cwd=shop,
            capture_output=True,
            text=True,
            env=child_environment(),
            check=True,
        )
        return done.stdout, done.stderr.splitlines()[-1]

    plain, first, second = call("--no-cache"), call(), call()
    assert plain[0] == first[0] == second[0]
    assert "high" in plain[0]
    assert [one[1].split()[1] for one in (plain, first, second)] == ["True", "True", "False"]


def test_what_changed_is_read_again(run: Callable[..., str]) -> None:
    Path("pod.yaml").write_text(POD)
    before = run()
    assert run() == before
    Path("pod.yaml").write_text(POD.replace(":1.2.3", ":latest"))
    after = run()
    assert "mutable-image-tag" in after
    assert "mutable-image-tag" not in before
    Path("pod.yaml").write_text(POD)
    assert run() == before


def test_findings_stand_where_the_text_stands_now(run: Callable[..., str]) -> None:
    text = POD.replace(":1.2.3", ":latest")
    Path("pod.yaml").write_text(text)
    run()
    Path("pod.yaml").rename("moved.yaml")
    found = run()
    assert '"moved.yaml"' in found
    assert "pod.yaml" not in found


def test_an_object_that_fits_is_not_looked_through_again(
    run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = POD.replace("name: web, ", "name: other, ").replace("  containers:", "  restart: Never\n  containers:")
    Path("pods.yaml").write_text(f"{POD}---\n{wrong}")
    looked: list[str] = []
    from opslint.engine.validate import composed

    whole = composed.surely_fits

    def count(root: Any, shape: Any) -> bool:
        looked.append(root["metadata"]["name"].text)
        return whole(root, shape)

    monkeypatch.setattr(composed, "surely_fits", count)
    from opslint.engine import validate

    for target, expected in (("1.33", ["web", "other"]), ("1.33", ["other"]), ("1.34", ["web", "other"])):
        looked.clear()
        validate._cheap_test.cache_clear()
        found = run("--target-version", target)
        assert looked == expected
        assert "restart" in found
    validate._cheap_test.cache_clear()


@pytest.mark.parametrize("arguments", [["--no-cache", "."], ["-"], [".", "-"]])
def test_nothing_is_kept_when_nobody_wants_it_or_of_what_comes_by_a_pipe(
    arguments: list[str], tmp_path: Path, cache: Path
) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    subprocess.run(
        [sys.executable, "-m", "opslint", "--exit-zero", *arguments],
        cwd=tmp_path,
        input=POD.replace("web", "piped").encode(),
        capture_output=True,
        env=child_environment(),
        check=True,
    )
    assert not cache.exists()


def test_a_run_that_fails_keeps_nothing(cache: Path, tmp_path: Path) -> None:
    def interrupted() -> None:
        with texts_kept(tmp_path):
            read_yaml(Source("a.yaml", POD))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert kept_texts() is None
    assert not cache.exists()


def test_repositories_are_kept_apart(cache: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        with texts_kept(tmp_path / name):
            read_yaml(Source("a.yaml", f"a: {name}\n"))
    assert len(list(cache.glob("*.tuples"))) == 2


def test_a_lack_of_memory_is_no_answer(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from opslint.read import yaml_compose

    def no_memory(_: object) -> None:
        raise MemoryError

    with texts_kept(tmp_path), monkeypatch.context() as patch:
        patch.setattr(yaml_compose, "_composer", lambda: (no_memory, None))
        assert [one.message for one in read_yaml(Source("a.yaml", POD)).errors] == ["could not be read"]
    assert not cache.exists()
    with texts_kept(tmp_path):
        assert read_yaml(Source("a.yaml", POD)).errors == []


def test_another_parser_has_answers_of_its_own(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with texts_kept(tmp_path):
        read_yaml(Source("a.yaml", POD))
    monkeypatch.setattr(module, "_parser", lambda: "a newer one")
    with texts_kept(tmp_path):
        read_yaml(Source("a.yaml", POD))
    assert len(list(cache.glob("*.tuples"))) == 2


def test_the_parser_is_known_by_its_file_and_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "_ruamel_yaml" in module._parser()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert module._parser() == ""
    (tmp_path / "_ruamel_yaml.py").write_text("raise SystemExit")
    assert module._parser().startswith(str(tmp_path / "_ruamel_yaml.py"))


@pytest.mark.parametrize("content", [b"", b"garbage", b"0\ngarbage"])
def test_a_broken_entry_is_not_used(cache: Path, tmp_path: Path, content: bytes) -> None:
    with texts_kept(tmp_path):
        read_yaml(Source("a.yaml", POD))
    (path,) = cache.glob("*.tuples")
    path.write_bytes(content)
    with texts_kept(tmp_path):
        assert read_yaml(Source("a.yaml", POD)).documents[0]["kind"].text == "Pod"
    assert entries(cache)["yaml"]


@pytest.mark.parametrize("entry", [[1], {"yaml": [1]}, {"yaml": {POD: 5}}, {"yaml": {POD: (0,)}}])
def test_an_entry_of_another_shape_is_not_used(cache: Path, tmp_path: Path, entry: object) -> None:
    with texts_kept(tmp_path):
        read_yaml(Source("a.yaml", POD))
    (path,) = cache.glob("*.tuples")
    TupleCache("texts").put(path.stem, entry)
    with texts_kept(tmp_path):
        assert read_yaml(Source("a.yaml", POD)).documents[0]["kind"].text == "Pod"


# -- what is kept


def read_one(texts: KeptTexts, *names: str) -> None:
    """Read texts as a reader does."""
    for name in names:
        if texts.find("reader", name) is None:
            texts.keep("reader", name, lambda name=name: f"answer to {name}")  # type: ignore[misc]


def test_only_a_run_with_something_new_is_written() -> None:
    texts = KeptTexts({})
    read_one(texts, "a")
    before = texts.answers()
    assert before == {"reader": {"a": (0, "answer to a")}}
    again = KeptTexts(before)
    read_one(again, "a", "a")
    assert again.answers() == {}


def test_a_list_goes_on_where_the_last_run_left_it() -> None:
    kept: Any = {}
    for number in (3, 5):
        texts = KeptTexts(kept)
        texts.find("list", "text")
        texts.gather("list", "text", number)
        texts.gather("list", "text", number + 1)
        kept = texts.answers()
    assert kept == {"list": {"text": (0, [3, 4, 5, 6])}}


def test_what_no_run_reads_goes_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RUNS", 2)
    kept: Any = {}
    ages = []
    for number in range(4):
        texts = KeptTexts(kept)
        read_one(texts, *(["old"] if number == 0 else []), f"new {number}")
        kept = texts.answers()
        ages.append(kept["reader"].get("old", (None,))[0])
    assert ages == [0, 1, 2, None]
    # Used once more, it stays.
    texts = KeptTexts({"reader": {"old": (2, "x")}})
    read_one(texts, "old", "new")
    assert texts.answers()["reader"]["old"] == (0, "x")


def test_a_large_run_is_not_kept_and_what_there_is_no_room_for_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 10)
    texts = KeptTexts({})
    read_one(texts, "123456", "123457")
    assert texts.answers() == {}
    texts = KeptTexts({"reader": {"123456": (0, "x"), "1": (0, "y")}})
    read_one(texts, "23456")
    assert sorted(texts.answers()["reader"]) == ["23456"]
    texts = KeptTexts({"reader": {"1": (0, "y")}, "other": {"1": (0, "y"), "12345": (0, "z")}})
    read_one(texts, "1", "12345")  # a text counts once, however many have read it
    assert sorted(texts.answers()["other"]) == ["1", "12345"]


def test_a_text_beyond_the_limit_is_not_kept(cache: Path, tmp_path: Path) -> None:
    with texts_kept(tmp_path):
        read_yaml(Source("a.yaml", "a: 1\n# " + "x" * module._MOST))
    assert not cache.exists()
