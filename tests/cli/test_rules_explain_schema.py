"""The commands that show rules."""

import json

import jsonschema
import pytest

from opslint.cli.catalogue import all_rules
from opslint.cli.group import COMMANDS
from opslint.cli.schema import configuration_schema
from opslint.engine.docs import page_markdown


def ids(out):
    return [line.split()[0] for line in out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["gp2-storage", "missing-cpu-limit", "missing-pdb"]),
        (["limit"], ["missing-cpu-limit"]),
        (["MISSING", "budget"], ["missing-pdb"]),
        (["ckv_x_1"], ["missing-pdb"]),
        (["--tag", "cis-eks"], ["missing-pdb"]),
        (["--tag", "cis-eks-4.2.1"], ["missing-pdb"]),
        (["--preset", "recommended"], ["missing-pdb"]),
        (["--preset", "strict"], ["gp2-storage", "missing-pdb"]),
        (["--preset", "all"], ["gp2-storage", "missing-cpu-limit", "missing-pdb"]),
    ],
)
def test_filters(cli, arguments, expected):
    status, out, err = cli("rules", *arguments)
    assert (status, ids(out), err) == (0, expected, "")


def test_area(cli, packs):
    area = packs.rules[0].area
    assert len(cli("rules", "--area", area)[1].splitlines()) == 3
    status, out, err = cli("rules", "--area", area + "x")
    assert (status, out) == (2, "")
    assert f'did you mean "{area}"' in err


def test_nothing_fits(cli):
    assert cli("rules", "zzz") == (0, "", "note: no rule fits\n")
    assert cli("rules", "zzz", "--format", "json")[1] == "[]\n"


def test_json_has_the_keys_of_the_interface(cli):
    listed = json.loads(cli("rules", "--format", "json")[1])
    rule = listed[-1]
    assert list(rule) == [
        *(
            "id",
            "name",
            "severity",
            "area",
            "applies_to",
            "preset",
            "summary",
            "fixable",
            "tags",
            "url",
            "aliases",
            "related",
        ),
    ]
    assert (rule["id"], rule["severity"], rule["preset"]) == ("missing-pdb", "medium", "recommended")
    assert rule["aliases"] == {"kyverno": ["require-pdb"], "checkov": ["CKV_X_1"]}
    assert rule["related"] == {"polaris": ["missingPodDisruptionBudget"]}


def test_markdown_table_keeps_its_columns(cli):
    lines = cli("rules", "-f", "markdown")[1].splitlines()
    assert lines[1] == "|---|---|---|---|---|"
    assert {line.replace("\\|", "").count("|") for line in lines} == {6}


def test_benchmark(cli):
    status, out, err = cli("rules", "--benchmark", "cis-eks")
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0].startswith("CIS Amazon EKS Benchmark 1.8.0: rules cover 1 of 50 controls; ")
    assert "13 need a node" in lines[0]
    said = {line.split()[0]: line.split("  ")[-1].strip() for line in lines[2:-2]}
    assert said["4.2.1"] == "missing-pdb"
    assert said["3.2.1"] == "- needs a node: its files, its kubelet"
    assert lines[-1] == "Run them: opslint --select cis-eks"
    assert len({line.index(said[line.split()[0]]) for line in lines[2:-2]}) == 1, "the columns stand below each other"


def test_benchmark_in_json(cli):
    made = json.loads(cli("rules", "--benchmark", "cis-kubernetes", "-f", "json")[1])
    assert (made["benchmark"], made["version"], len(made["controls"])) == ("cis-kubernetes", "1.12", 131)
    assert all(source for source in made["sources"])
    assert made["controls"][0] == {
        "id": "1.1.1",
        "title": "Pod manifest of the API server: permissions",
        "status": "control-plane",
        "rules": [],
        "needs": "",
    }
    covered = json.loads(cli("rules", "--benchmark", "cis-eks", "-f", "json")[1])["controls"]
    assert [one["rules"] for one in covered if one["status"] == "covered"] == [["missing-pdb"]]


def test_benchmark_in_markdown(cli):
    lines = cli("rules", "--benchmark", "cis-eks", "-f", "markdown")[1].splitlines()
    assert "| 4.2.1 | No privileged containers | missing-pdb |" in lines
    assert {line.count("|") for line in lines[2:]} == {4}


def test_benchmark_goes_with_no_filter(cli):
    status, out, err = cli("rules", "--benchmark", "cis-eks", "--area", "cost")
    assert (status, out) == (2, "")
    assert "do not go with it" in err
    assert cli("rules", "--benchmark", "cis-gke")[0] == 2


def test_a_tag_may_be_named_as_its_benchmark_is(cli):
    status, _, err = cli("rules", "--tag", "cis-kubernetes")
    assert status == 2
    assert "no rule has the tag 'cis-k8s'" in err


@pytest.mark.parametrize("name", ["missing-pdb", "missing_pdb", "Missing-PDB"])
def test_explain(cli, packs, name):
    status, out, err = cli("explain", name)
    assert (status, err) == (0, "")
    assert out.startswith("# missing-pdb\n")
    assert "During an upgrade every node is drained." in out
    assert "`min_replicas`" in out
    rule = packs.rules[-1]
    assert out.endswith(f"\nDefined in {rule.path}:{rule.line}\n")
    assert "\x1b" not in out


def test_explain_the_name_of_another_tool(cli):
    status, out, err = cli("explain", "ckv_x_1")
    assert status == 0
    assert out.startswith("# missing-pdb")
    assert "missing-pdb does the same as ckv_x_1" in err
    assert "is related to" in cli("explain", "missingPodDisruptionBudget")[2]


def test_explain_unknown_rule(cli):
    status, out, err = cli("explain", "missing-pbd")
    assert (status, out) == (2, "")
    assert err == "error: there is no rule 'missing-pbd'; did you mean \"missing-pdb\"?\n"


def test_explain_needs_a_rule(cli):
    assert cli("explain")[0] == 2


def test_explain_several(cli):
    out = cli("explain", "missing-pdb", "gp2-storage")[1]
    assert out.index("# missing-pdb") < out.index("# gp2-storage")


def test_schema_knows_the_options_of_the_rules(cli):
    schema = json.loads(cli("schema")[1])
    jsonschema.Draft202012Validator.check_schema(schema)
    fits = jsonschema.Draft202012Validator(schema).is_valid
    assert fits({"rules": {"missing-pdb": {"min_replicas": 3, "names": None}}})
    assert not fits({"rules": {"missing-pdb": {"min_replicas": "3"}}})
    assert not fits({"rules": {"missing-pdb": {"least": 3}}})
    assert not fits({"rules": {"missing-pbd": {}}})
    assert fits({"preset": "strict"})


def test_schema_knows_the_words_an_option_takes():
    schema = configuration_schema(all_rules(()))
    jsonschema.Draft202012Validator.check_schema(schema)
    fits = jsonschema.Draft202012Validator(schema).is_valid
    assert fits({"rules": {"namespace-without-pod-security": {"minimum": "restricted"}}})
    assert not fits({"rules": {"namespace-without-pod-security": {"minimum": "high"}}})
    assert fits({"rules": {"takeover-permissions": {"items": ["exec", "create-pods"]}}})
    assert not fits({"rules": {"takeover-permissions": {"items": ["shell"]}}})


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("secret-literal", "`name_pattern` (regular expression, default"),
        ("plaintext-secret", "`placeholders` (list of regular expression, default"),
        ("namespace-without-pod-security", "`minimum` (`baseline` or `restricted`, default"),
        ("karpenter-never-expires", '`max_age` (duration, default `"1440h"`)'),
        ("gp2-storage", "`io_volumes` (bool, default `false`)"),
    ],
)
def test_a_page_says_what_the_texts_of_an_option_have_to_be(rule, said):
    assert said in page_markdown(next(one for one in all_rules(()) if one.id == rule))


@pytest.mark.parametrize("what", ["report", "inventory"])
def test_schema_prints_those_of_the_json_formats(cli, what):
    status, out, _ = cli("schema", what)
    schema = json.loads(out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (status, schema["title"]) == (0, f"opslint {what}")


def test_an_unknown_schema_is_wrong_usage(cli):
    assert cli("schema", "sarif")[0] == 2


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_every_help_has_examples_and_exit_statuses(cli, command):
    status, out, _ = cli(*command, "--help")
    assert status == 0
    assert "Examples:\n" in out
    assert "Exit status:" in out
    assert all(len(line) <= 120 for line in out.splitlines())
