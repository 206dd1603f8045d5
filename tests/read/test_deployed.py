"""Applications and Flux Kustomizations of plain manifests and kustomizations make units of their own."""

from functools import partial

import pytest
from deployed_paths import application, config_map, kustomization, read_deployed, seen
from readings import notices as said


@pytest.fixture
def read(tmp_path):
    """Write files and read them: `read(files) -> Reading`."""
    return partial(read_deployed, tmp_path)


MANIFESTS = {
    "k8s/web/a.yaml": config_map("a"),
    "k8s/web/sub/b.yaml": config_map("b"),
    "k8s/other.yaml": config_map("other"),
}


def test_a_path_of_manifests_is_a_unit_with_the_destinations_namespace(read):
    reading = read(MANIFESTS | {"apps/web.yaml": application("web-prod", "k8s/web")})
    assert seen(reading) == {
        ".": ("manifests", "", "", ["b", "other", "web-prod"]),
        "k8s/web": ("application", "prod", "shop", ["a"]),
    }
    (unit,) = (unit for unit in reading.project.units if unit.kind == "application")
    assert unit.declared_by == "Application/web-prod at apps/web.yaml:2"
    assert unit.closed
    assert all(item.unit is unit for item in unit.objects)
    assert (reading.coverage.manifests_found, reading.coverage.manifests_read) == (4, 4)


@pytest.mark.parametrize(
    ("directory", "names"),
    [
        ("{recurse: true}", ["a", "b"]),
        ("{recurse: true, exclude: 'sub/*'}", ["a"]),
        ("{recurse: true, exclude: '{a,c}.yaml'}", ["b"]),
        ("{recurse: true, include: '*/b.yaml'}", ["b"]),
    ],
)
def test_recurse_include_and_exclude(read, directory, names):
    reading = read(MANIFESTS | {"apps/web.yaml": application("web", "k8s/web", more=f"    directory: {directory}\n")})
    assert seen(reading)["k8s/web"][3] == names


def test_a_path_that_is_deployed_twice_is_a_unit_each_time(read):
    reading = read(
        MANIFESTS
        | {
            "apps/dev.yaml": application("web-dev", "k8s/web", destination="{namespace: dev, name: dev}"),
            "apps/prod.yaml": application("web-prod", "k8s/web", destination="{namespace: prod, name: prod}"),
        }
    )
    units = seen(reading)
    assert units["k8s/web@dev"] == ("application", "dev", "dev", ["a"])
    assert units["k8s/web@prod"] == ("application", "prod", "prod", ["a"])


def test_findings_of_a_path_that_is_deployed_twice_are_one_with_both_environments(lint_files):
    from opslint.api import STRICT, Problem, Severity, kind, rule

    @rule(each=kind("ConfigMap"), severity=Severity.LOW, preset=STRICT)
    def some_rule(item, project):
        """Each one."""
        yield Problem("here", item.metadata["name"])

    files = MANIFESTS | {
        ".git/HEAD": "",
        "apps/dev.yaml": application("web-dev", "k8s/web"),
        "apps/prod.yaml": application("web-prod", "k8s/web"),
    }
    found = {finding.location.source.path: finding.environments for finding in lint_files(files, [some_rule]).findings}
    assert found == {
        "k8s/web/a.yaml": (("dev", Severity.LOW), ("prod", Severity.LOW)),
        "k8s/web/sub/b.yaml": (),
        "k8s/other.yaml": (),
    }


def test_an_app_of_apps_hands_its_environment_down(read):
    reading = read(
        MANIFESTS
        | {
            "root.yaml": application("root", "apps/prod", destination="{namespace: argocd}"),
            "apps/prod/web.yaml": application("web", "k8s/web"),
        }
    )
    units = seen(reading)
    assert units["apps/prod"] == ("application", "prod", "argocd", ["web"])
    assert units["k8s/web"] == ("application", "prod", "shop", ["a"])


def test_the_destination_names_the_cluster(read):
    clusters = "".join(
        f'resource "aws_eks_cluster" "{name}" {{\n  name = "shop-{name}"\n  version = "1.{minor}"\n}}\n'
        for name, minor in (("a", 31), ("b", 32))
    )
    app = application("web", "k8s/web", destination="{namespace: x, name: shop-b}")
    reading = read(MANIFESTS | {"apps/web.yaml": app, "infra/main.tf": clusters})
    (unit,) = (unit for unit in reading.project.units if unit.kind == "application")
    assert (unit.cluster.id, [target.version for target in unit.targets]) == ("aws_eks_cluster.b", ["1.32"])


def test_only_the_wanted_environment_is_kept(read):
    files = {
        "apps/dev.yaml": application("web-dev", "k8s/web"),
        "apps/prod.yaml": application("web-prod", "k8s/web"),
    }
    assert sorted(seen(read(MANIFESTS | files, env=("prod",)))) == [".", "k8s/web@prod"]


def test_a_file_that_could_not_be_read_leaves_the_unit_open(read):
    reading = read(
        MANIFESTS
        | {"k8s/web/c.yaml": "apiVersion: v1\nkind: A\nx: [\n", "apps/web.yaml": application("web", "k8s/web")}
    )
    (unit,) = (unit for unit in reading.project.units if unit.kind == "application")
    assert (unit.closed, unit.open_because) == (False, ("a file of it could not be read",))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("    plugin: {name: x}\n", "the plugin of Application/web at apps/web.yaml:2 is not run"),
        ("    directory: {jsonnet: {libs: [x]}}\n", "Jsonnet of Application/web at apps/web.yaml:2 is not run"),
        (
            "    kustomize: {version: v5, namePrefix: x-, images: ['a:1']}\n",
            "kustomize options of Application/web at apps/web.yaml:2 are not applied: namePrefix, images",
        ),
    ],
)
def test_what_is_not_done_is_said_and_leaves_the_unit_open(read, more, why):
    reading = read(MANIFESTS | {"apps/web.yaml": application("web", "k8s/web", more=more)})
    (unit,) = (unit for unit in reading.project.units if unit.kind == "application")
    assert (unit.closed, unit.open_because) == (False, (why,))
    assert said(reading) == [("apps/web.yaml", 2, f"Application/web: {why}")]


def test_a_path_that_is_not_there_is_said_when_the_repository_is_surely_this_one(read):
    files = {"apps/web.yaml": application("web", "k8s/gone"), "k8s/other.yaml": config_map("other")}
    assert said(read(files)) == []
    remote = {".git/config": '[remote "origin"]\n\turl = git@github.com:shop/shop.git\n'}
    assert said(read(files | remote)) == [
        ("apps/web.yaml", 2, "Application/web: path k8s/gone is not in the repository")
    ]
    other = {"apps/web.yaml": application("web", "k8s/web", url="https://github.com/shop/elsewhere")}
    reading = read(MANIFESTS | other | remote)
    assert (said(reading), sorted(seen(reading))) == ([], ["."])


def test_applications_that_a_chart_renders_deploy_paths_too(read):
    files = {
        "root/Chart.yaml": "apiVersion: v2\nname: root\nversion: 1.0.0\n",
        "root/values-prod.yaml": "a: 1\n",
        "root/templates/web.yaml": application("web", "k8s/web"),
    }
    assert seen(read(MANIFESTS | files))["k8s/web"] == ("application", "prod", "shop", ["a"])


# -- Flux
def test_a_flux_kustomization_of_a_folder_takes_all_below_it(read):
    reading = read(MANIFESTS | {"clusters/prod/web.yaml": kustomization("web", "./k8s/web")})
    units = seen(reading)
    assert units["k8s/web"] == ("application", "prod", "", ["a", "b"])
    assert units["clusters/prod"] == ("manifests", "prod", "", ["web"])
    (unit,) = (unit for unit in reading.project.units if unit.id == "k8s/web")
    assert unit.environment.sign == "folder clusters/prod"
    assert unit.declared_by == "Kustomization/web at clusters/prod/web.yaml:2"


def test_each_cluster_of_a_flux_repository_deploys_the_shared_folder(read):
    reading = read(
        MANIFESTS
        | {
            "clusters/prod/web.yaml": kustomization("web", "./k8s/web", "  targetNamespace: shop\n"),
            "clusters/staging/web.yaml": kustomization("web", "./k8s/web"),
        }
    )
    assert seen(reading)["k8s/web@prod"] == ("application", "prod", "shop", ["a", "b"])
    assert seen(reading)["k8s/web@staging"] == ("application", "staging", "", ["a", "b"])


def test_what_flux_changes_afterwards_is_said(read):
    more = "  images: [{name: a, newTag: b}]\n  patches: [{patch: x}]\n"
    reading = read(MANIFESTS | {"clusters/prod/web.yaml": kustomization("web", "./k8s/web", more)})
    (unit,) = (unit for unit in reading.project.units if unit.id == "k8s/web")
    assert unit.open_because == (
        "patches of Kustomization/web at clusters/prod/web.yaml:2 are not applied",
        "images of Kustomization/web at clusters/prod/web.yaml:2 are not applied",
    )
    assert [place[:2] for place in said(reading)] == [("clusters/prod/web.yaml", 2)] * 2


@pytest.mark.parametrize("source", ["{kind: OCIRepository, name: x}", "{kind: GitRepository, name: other}"])
def test_a_flux_source_that_is_another_repository_is_left_alone(read, source):
    remote = {".git/config": '[remote "origin"]\n\turl = https://github.com/shop/shop\n'}
    repository = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        "metadata: {name: other, namespace: flux-system}\nspec: {url: 'https://github.com/shop/elsewhere'}\n"
    )
    files = {
        "clusters/prod/s.yaml": repository,
        "clusters/prod/web.yaml": kustomization("web", "./k8s/web", source=source),
    }
    assert "k8s/web" not in seen(read(MANIFESTS | files | remote))


def test_a_flux_path_that_is_not_there_is_said(read):
    reading = read({"clusters/prod/web.yaml": kustomization("web", "./k8s/gone")})
    assert said(reading) == [
        ("clusters/prod/web.yaml", 2, "Kustomization/web: path ./k8s/gone is not in the repository")
    ]


@pytest.mark.parametrize("path", ["../outside", "a/../../outside", "..", "a\\0b"])
def test_a_path_does_not_lead_out_of_the_repository(read, tmp_path, path):
    outside = tmp_path.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "a.yaml").write_text(config_map("outside"))
    (outside / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    files = {
        "apps/web.yaml": application("web", f'"{path}"'),
        "clusters/prod/web.yaml": kustomization("web", f'"{path}"'),
    }
    assert all("outside" not in names for _, _, _, names in seen(read(MANIFESTS | files)).values())


def test_a_pattern_of_very_many_alternatives_takes_no_time(read):
    pattern = "{a,b}" * 40
    reading = read(
        MANIFESTS | {"apps/web.yaml": application("web", "k8s/web", more=f"    directory: {{include: '{pattern}'}}\n")}
    )
    assert "k8s/web" not in seen(reading)
