"""Every fix of a field whose value comes from values files: it is made there, and changes that field and no other.

The examples of the rules' pages become charts: each scalar that a fix changes is read from values. What is rendered for
each environment afterwards differs by what the fix changes in the manifest, and by nothing else.
"""

import copy
import importlib.util
import json
import re
from pathlib import Path

import pytest

from opslint.model.settings import Settings
from opslint.read.plan import read_project

pytestmark = pytest.mark.usefixtures("one_engine")

_SPEC = importlib.util.spec_from_file_location("fix_styles", Path(__file__).with_name("test_fix_styles.py"))
styles = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(styles)

CHART = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"
EXAMPLES = [one for one in styles.EXAMPLES if len(one.files) == 1]
# The values files that have the keys of the fields, and those that have other keys only.
ENVIRONMENTS = {
    "values of a stage, defaults elsewhere": {
        "values.yaml": True,
        "values-prod.yaml": False,
        "values-stage.yaml": True,
    },
    "values of one environment only": {"values.yaml": False, "values-prod.yaml": True},
}


def charted(documents, changes, values_files):
    """A chart of the documents, in which each scalar that a fix changes comes from the values files; None: there is none."""
    documents, values = copy.deepcopy(documents), {}
    for (number, *keys), old, new in changes:
        if old is ... or new is ... or isinstance(old, (dict, list)) or isinstance(new, (dict, list)):
            continue
        holder = documents[number]
        for key in keys[:-1]:
            holder = holder[key]
        name = f"v{len(values)}"
        values[name] = old
        holder[keys[-1]] = f"@{name}{'s' if isinstance(old, str) else ''}"
    if not values:
        return None
    text = styles.written(documents, styles.Style(comment=" # say {}"))
    text = re.sub(r'"@(v\d+)s"', r'"{{ .Values.\1 }}"', text)
    text = re.sub(r'"@(v\d+)"', r"{{ .Values.\1 }}", text)
    files = {"c/Chart.yaml": CHART, "c/templates/all.yaml": text}
    for path, given in values_files.items():
        lines = [f"{key}: {json.dumps(value)}  # of {path}\n" for key, value in values.items()]
        files[f"c/{path}"] = "".join(lines) if given else "unused: 1\n"
    return files


def rendered(folder):
    """The objects of each unit, in the order of the template."""
    settings = Settings(root=str(folder), no_cache=True, target_version="1.34")
    project = read_project([str(folder)], settings).project
    return {unit.id: [one.root.plain() for one in unit.objects] for unit in project.units}


@pytest.mark.parametrize("values_files", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
@pytest.mark.parametrize("example", EXAMPLES, ids=[one.name for one in EXAMPLES])
def test_a_fix_is_made_in_the_values_that_the_field_comes_from(example, values_files, tmp_path):
    ((path, marked),) = example.files.items()
    text = styles.MARKS.sub("", marked)
    documents = styles.plain(path, text)
    wanted = styles.changes_of(
        documents, styles.plain(path, styles.mended({path: text}, example, tmp_path / "as is")[path])
    )
    chart = charted(documents, wanted, values_files)
    if chart is None:
        assert all(old is ... or new is ... or isinstance(old, (dict, list)) for _, old, new in wanted)
        return
    folder = tmp_path / "as a chart"
    for name, content in chart.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    before = rendered(folder)
    after = styles.mended(chart, example, folder)
    now = rendered(folder)
    assert list(now) == list(before)
    made = [change for unit in before for change in styles.changes_of(before[unit], now[unit])]
    assert [change for change in made if change not in wanted] == []
    # A value is written in the place of the old one: its line's key and comment stay, and what reads it does too.
    template = "c/templates/all.yaml"
    assert after[template].count("{{ .Values.v") == chart[template].count("{{ .Values.v")
    for name in (f"c/{path}" for path in values_files):
        old, new = (re.sub(r": .*  #", " #", files[name]) for files in (chart, after))
        assert new == old
    assert any(after[f"c/{name}"] != chart[f"c/{name}"] for name, given in values_files.items() if given) or not made
