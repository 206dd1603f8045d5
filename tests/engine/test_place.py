"""Places: field paths by name, fingerprints that survive edits."""

from opslint.api import STRICT, Problem, Severity, container, resource, rule
from opslint.engine.place import fingerprint
from opslint_rules.hygiene.keys import duplicate_key


@rule(each=container(), severity=Severity.LOW, preset=STRICT)
def no_image(item, project):
    """Each one."""
    yield Problem("here", item.root["resources"])


TEXT = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
    - name: first
    - name: web
      image: nginx
"""


def by_field(report):
    return {finding.field_path: finding.fingerprint for finding in report.findings}


def test_field_paths_name_list_items(lint_files):
    assert set(by_field(lint_files({"a.yaml": TEXT}, [no_image]))) == {
        "spec.containers[name=first].resources",
        "spec.containers[name=web].resources",
    }


def test_fingerprints_survive_lines_and_order(lint_files):
    before = by_field(lint_files({"a.yaml": TEXT}, [no_image]))
    swapped = TEXT.replace("    - name: first\n", "") + "    - name: first\n"
    assert by_field(lint_files({"a.yaml": "# a comment\n\n" + swapped}, [no_image])) == before


def test_fingerprints_change_with_the_resource(lint_files):
    before = by_field(lint_files({"a.yaml": TEXT}, [no_image]))
    after = by_field(lint_files({"a.yaml": TEXT.replace("name: web, namespace", "name: api, namespace")}, [no_image]))
    assert set(before.values()).isdisjoint(after.values())


def test_the_resource_is_named(lint_files):
    resource = lint_files({"a.yaml": TEXT}, [no_image]).findings[0].resource
    assert (resource.kind, resource.namespace, resource.name, resource.api_version) == ("Pod", "shop", "web", "v1")


def test_fingerprints_do_not_depend_on_the_paths_given(lint_files):
    files = {"k8s/web/a.yaml": TEXT}
    whole = lint_files(files, [no_image])
    for path in ("k8s", "k8s/web", "k8s/web/a.yaml"):
        assert by_field(lint_files(files, [no_image], paths=(path,))) == by_field(whole)


def test_fingerprints_leave_out_the_longest_name_of_a_release(lint_files):
    """Whatever order a set of names has: it differs from run to run."""
    name = "web-api-v2-blue-eu-west-db"
    [finding] = lint_files({"a.yaml": TEXT.replace("name: web, n", f"name: {name}, n")}, [no_image]).findings[:1]
    ends = [at for at, letter in enumerate(name) if letter == "-"]

    def fingerprint_without(*releases):
        fingerprint([finding], frozenset(releases))
        return finding.fingerprint

    longest = fingerprint_without(name[: ends[-1]])
    assert fingerprint_without(*(name[:end] for end in ends)) == longest
    assert fingerprint_without(name[: ends[0]]) != longest
    assert fingerprint_without("we") == fingerprint_without()


def test_what_an_item_lacks_has_no_values_key_of_the_items_first_entry(lint_files):
    files = {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "c/values.yaml": "name: web\nmore:\n  - name: side\n",
        "c/templates/a.yaml": (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: {{ .Values.name }}\n"
            "    {{- toYaml .Values.more | nindent 4 }}\n"
        ),
    }
    found = lint_files(files, [no_image]).findings
    places = [(one.location.source.path, one.location.span.line, [label for label, _ in one.related]) for one in found]
    assert places == [("c/templates/a.yaml", 6, []), ("c/templates/a.yaml", 7, ["values key more[0].name"])]


def test_both_of_two_places_that_one_helper_printed_are_named(lint_files):
    files = {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "c/templates/_h.tpl": '{{- define "h" -}}\napp: web\n{{- end -}}\n',
        "c/templates/a.yaml": (
            'apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels:\n    {{- include "h" . | nindent 4 }}\n'
            '    {{- include "h" . | nindent 4 }}\n'
        ),
    }
    (found,) = lint_files(files, [duplicate_key]).findings
    related = [(label, place.source.path, place.span.line) for label, place in found.related]
    assert (found.location.source.path, found.location.span.line) == ("c/templates/_h.tpl", 2)
    assert related == [("included here", "c/templates/a.yaml", 7), ("first", "c/templates/a.yaml", 6)]


CALLED_TWICE = {
    "modules/volume/main.tf": 'variable "size" {\n  default = 1\n}\nresource "aws_ebs_volume" "this" {\n  size = var.size\n}\n',
    "blue/main.tf": 'module "volume" {\n  source = "../modules/volume"\n}\n',
    "green/main.tf": 'locals {}\n\nmodule "volume" {\n  source = "../modules/volume"\n}\n',
}


@rule(each=resource("aws_ebs_volume"), severity=Severity.LOW, preset=STRICT)
def each_volume(item, project):
    """Each volume."""
    yield Problem("small", item["size"])


def callers(report):
    return sorted(
        [(label, place.source.path, place.span.line) for label, place in finding.related if label.startswith("module.")]
        for finding in report.findings
    )


def test_a_line_of_a_module_that_is_called_twice_names_each_caller(lint_files):
    report = lint_files(CALLED_TWICE, [each_volume])
    assert {(one.location.source.path, one.location.span.line) for one in report.findings} == {
        ("modules/volume/main.tf", 5)
    }
    assert callers(report) == [[("module.volume", "blue/main.tf", 1)], [("module.volume", "green/main.tf", 3)]]


def test_a_module_with_one_caller_needs_no_name_of_it(lint_files):
    one = {path: text for path, text in CALLED_TWICE.items() if not path.startswith("green/")}
    assert callers(lint_files(one, [each_volume])) == [[]]


def test_a_caller_that_gives_the_value_is_not_named_twice(lint_files):
    given = {
        path: text.replace('"../modules/volume"\n', '"../modules/volume"\n  size   = 2\n')
        for path, text in CALLED_TWICE.items()
    }
    found = callers(lint_files(given, [each_volume]))
    assert [len(one) for one in found] == [1, 1]
