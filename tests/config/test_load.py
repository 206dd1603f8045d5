"""From files and the command line to Settings."""

from datetime import date

import pytest

from opslint.config import ConfigError, load_settings
from opslint.model.settings import ChartEnvironment, Settings, TerraformEnvironment

EVERYTHING = """\
target_version: "v1.34.1"
as_of: 2026-11-22
preset: strict
select: [security]
extend_select: [missing-cpu-limit]
ignore: [secret-as-env-var, cost]
severity: {gp2-storage: info}
fail_on: high
exclude: ["vendor/**"]
per_path: {"charts/legacy/**": {ignore: [security]}}
suppress:
  - {rule: missing-pdb, resource: "Deployment/batch/*", path: "k8s/**", reason: "may be evicted", until: 2027-01-31}
require_reason: true
foreign_suppressions: false
registries: ["123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"]
accounts: {"012345678901": prod}
system_namespaces: [karpenter]
known_objects: ["Secret/*/tls-*"]
extra_podspecs: {"example.com/Worker": "spec.template.spec"}
rules:
  missing-pdb: {min_replicas: 3}
clusters:
  prod: {terraform: module.eks, version: "1.34", environment: prod, account: "012345678901", region: r, units: ["charts/*@prod"]}
charts:
  - path: ./charts/api/
    environments:
      prod: {values: [values-prod.yaml], namespace: shop, release_name: api, set: {replicaCount: 3, debug: false}}
terraform:
  - path: infra
    environments: {dev: {var_files: [dev.tfvars]}}
helm: {engine: binary, include_vendored: true}
baseline: .opslint-baseline.json
"""


@pytest.fixture
def repo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(root, paths=(".",), config_file=None, **overrides):
    return load_settings(paths, config_file=config_file, overrides=overrides, root=root)


def test_defaults_without_a_file(repo):
    assert load(repo) == Settings(root=str(repo))


def test_an_empty_file_says_nothing(repo):
    (repo / ".opslint.yaml").write_text("# nothing yet\n")
    assert load(repo) == Settings(root=str(repo))


def test_everything(repo):
    (repo / ".opslint.yaml").write_text(EVERYTHING)
    settings = load(repo)
    assert (settings.target_version, settings.target_source) == ("1.34", "configuration")
    assert settings.target_location.span.line == 1
    assert settings.as_of == date(2026, 11, 22)
    assert (settings.preset, settings.fail_on) == ("strict", "high")
    assert settings.select == ("security",)
    assert settings.extend_select == ("missing-cpu-limit",)
    assert settings.ignore == ("secret-as-env-var", "cost")
    assert settings.severity == {"gp2-storage": "info"}
    assert settings.exclude == ("vendor/**",)
    assert settings.per_path == {"charts/legacy/**": {"ignore": ("security",)}}
    (suppress,) = settings.suppress
    assert (suppress.rule, suppress.resource, suppress.path) == ("missing-pdb", "Deployment/batch/*", "k8s/**")
    assert (suppress.reason, suppress.until) == ("may be evicted", date(2027, 1, 31))
    assert suppress.location.text == "missing-pdb"
    assert settings.require_reason is True
    assert settings.foreign_suppressions is False
    assert settings.registries == ("123456789012.dkr.ecr.ap-northeast-2.amazonaws.com",)
    assert settings.accounts == {"012345678901": "prod"}
    assert settings.system_namespaces == ("karpenter",)
    assert settings.known_objects == ("Secret/*/tls-*",)
    assert settings.extra_podspecs == {"example.com/Worker": "spec.template.spec"}
    assert settings.rules == {"missing-pdb": {"min_replicas": 3}}
    assert {key: place.text for key, place in settings.rule_locations.items()} == {
        "missing-pdb": "missing-pdb",
        "missing-pdb.min_replicas": "min_replicas",
    }
    (cluster,) = settings.clusters
    assert (cluster.name, cluster.terraform, cluster.version, cluster.environment) == (
        "prod",
        "module.eks",
        "1.34",
        "prod",
    )
    assert (cluster.account, cluster.region, cluster.units) == ("012345678901", "r", ("charts/*@prod",))
    assert cluster.location.text == '"1.34"'
    assert settings.charts == {
        "charts/api": (
            ChartEnvironment("prod", ("values-prod.yaml",), "shop", "api", {"replicaCount": 3, "debug": False}),
        )
    }
    assert settings.terraform == {"infra": (TerraformEnvironment("dev", ("dev.tfvars",)),)}
    assert (settings.helm_engine, settings.include_vendored) == ("binary", True)
    assert settings.baseline == ".opslint-baseline.json"


def test_pyproject(repo):
    (repo / "pyproject.toml").write_text(
        '[tool.opslint]\npreset = "strict"\nas_of = 2026-11-22\n[tool.opslint.rules.missing-pdb]\nmin_replicas = 3\n'
    )
    settings = load(repo)
    assert (settings.preset, settings.as_of) == ("strict", date(2026, 11, 22))
    assert settings.rules == {"missing-pdb": {"min_replicas": 3}}
    assert settings.rule_locations["missing-pdb"].span.line == 1


def test_broken_pyproject_with_our_table(repo):
    (repo / "pyproject.toml").write_text('[tool.opslint]\npreset = strict"\n')
    with pytest.raises(ConfigError) as caught:
        load(repo)
    assert str(caught.value).startswith("pyproject.toml:2:")


def test_paths_start_at_the_folder_of_the_file(repo):
    sub = repo / "apps"
    sub.mkdir()
    (sub / ".opslint.yaml").write_text(EVERYTHING)
    for config_file in (None, "apps/.opslint.yaml"):
        settings = load(repo, ["apps"], config_file)
        assert list(settings.charts) == ["apps/charts/api"]
        assert list(settings.terraform) == ["apps/infra"]
        assert list(settings.per_path) == ["apps/charts/legacy/**"]
        assert settings.exclude == ("/apps/vendor/**",)
        assert settings.clusters[0].units == ("apps/charts/*@prod",)
        assert settings.suppress[0].path == "apps/k8s/**"
        assert settings.baseline == "apps/.opslint-baseline.json"
        assert settings.target_location.source.path == "apps/.opslint.yaml"


def test_a_named_file_beside_the_linted_path_starts_at_the_current_directory(repo):
    (repo / "ci").mkdir()
    (repo / "ci" / "opslint.yaml").write_text("terraform: [{path: infra}]\n")
    assert list(load(repo, ["."], "ci/opslint.yaml").terraform) == ["infra"]


def test_a_named_file_goes_before_a_found_one(repo):
    (repo / ".opslint.yaml").write_text("preset: strict\n")
    (repo / "other.yaml").write_text("fail_on: low\n")
    settings = load(repo, config_file="other.yaml")
    assert (settings.preset, settings.fail_on) == ("recommended", "low")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("as_of: 2026-02-30", ".opslint.yaml:1:8: 2026-02-30 is no day of the calendar"),
        ("exclude: [a, '[z-a]']", ".opslint.yaml:1:14: '[z-a]' is no pattern of a .gitignore"),
        ("charts: [{path: ../x}]", "leads out of"),
        ("baseline: /etc/x", "leads out of"),
        ("charts: [{path: a}, {path: ./a}]", "stands here twice"),
    ],
)
def test_values_that_cannot_be(repo, text, message):
    (repo / ".opslint.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(repo)
    assert message in str(caught.value)


def test_all_errors_come_at_once(repo):
    (repo / ".opslint.yaml").write_text("foo: 1\npreset: x\n")
    with pytest.raises(ConfigError) as caught:
        load(repo)
    assert [error.line for error in (caught.value, *caught.value.more)] == [1, 2]


def test_a_named_file_that_is_not_there(repo):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load(repo, config_file="nowhere.yaml")


def test_command_line_over_configuration(repo):
    (repo / ".opslint.yaml").write_text(EVERYTHING)
    settings = load(repo, fail_on="low", target_version="next", env=("prod",), exclude=("tmp/",))
    assert (settings.fail_on, settings.env) == ("low", ("prod",))
    assert (settings.target_version, settings.target_source, settings.target_location) == ("next", "flag", None)
    assert settings.exclude == ("vendor/**", "tmp/")


def test_select_on_the_command_line_drops_the_selection_of_the_configuration(repo):
    (repo / ".opslint.yaml").write_text(EVERYTHING)
    settings = load(repo, select=("cost",), ignore=("gp2-storage",))
    assert (settings.select, settings.extend_select, settings.ignore) == (("cost",), (), ("gp2-storage",))


def test_the_others_add(repo):
    (repo / ".opslint.yaml").write_text(EVERYTHING)
    settings = load(repo, extend_select=("secret-as-env-var",), ignore=("backup",))
    assert settings.select == ("security",)
    assert settings.extend_select == ("missing-cpu-limit", "secret-as-env-var")
    assert settings.ignore == ("cost", "backup")


def test_preset_on_the_command_line_drops_the_select_of_the_configuration(repo):
    (repo / ".opslint.yaml").write_text(EVERYTHING)
    settings = load(repo, preset="all")
    assert (settings.preset, settings.select, settings.ignore) == ("all", (), ("secret-as-env-var", "cost"))


def test_selectors_know_their_places(repo):
    (repo / ".opslint.yaml").write_text(
        "ignore: [cost]\nextend_select:\n  - missing-pdb\nseverity:\n  gp2-storage: info\n"
        'per_path:\n  "legacy/**": {ignore: [security]}\n',
        encoding="utf-8",
    )
    places = load(repo).selector_locations
    assert {name: (place.span.line, place.span.column) for name, place in places.items()} == {
        "cost": (1, 10),
        "missing-pdb": (3, 5),
        "gp2-storage": (5, 3),
        "security": (7, 26),
    }
