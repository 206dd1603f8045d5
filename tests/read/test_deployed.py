"""Applications and Flux Kustomizations of plain manifests and kustomizations make units of their own."""

import pytest

from opslint.model.settings import Settings
from opslint.read.plan import read_project


def config_map(name, **data):
    body = "".join(f"  {key}: '{value}'\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n{body}"


def application(name, path, *, destination="{namespace: shop}", more="", url="https://github.com/shop/shop.git"):
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec:\n"
        f"  destination: {destination}\n  source:\n    repoURL: {url}\n    path: {path}\n{more}"
    )


def application_set(
    generators, *, path="'k8s/{{name}}'", name="'{{name}}'", go=False, url="https://github.com/shop/shop"
):
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all}\nspec:\n"
        + ("  goTemplate: true\n" if go else "")
        + f"  generators: {generators}\n  template:\n    metadata: {{name: {name}}}\n    spec:\n"
        f"      destination: {{namespace: shop}}\n      source: {{repoURL: {url}, path: {path}}}\n"
    )


def kustomization(name, path, more="", *, source="{kind: GitRepository, name: flux-system}"):
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\nspec:\n  path: {path}\n  sourceRef: {source}\n{more}"
    )


@pytest.fixture
def read(tmp_path):
    """Write files and read them: `read(files) -> Reading`."""

    def run(files, **settings):
        for path, text in ({".git/HEAD": ""} | files).items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return read_project([str(tmp_path)], Settings(root=str(tmp_path), no_cache=True, **settings))

    return run


def seen(reading):
    """Return, for each unit, its kind, environment, namespace and the names of its objects."""
    return {
        unit.id: (unit.kind, unit.environment.name, unit.namespace, sorted(item.name for item in unit.objects))
        for unit in reading.project.units
    }


def said(reading):
    return [(notice.path, notice.line, notice.message) for notice in reading.coverage.notices]


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


# -- ApplicationSets
FOLDERS = {f"k8s/{name}/a.yaml": config_map(name) for name in ("a", "b", "c")}


def units_of(reading):
    return sorted(unit.id for unit in reading.project.units if unit.kind == "application")


@pytest.mark.parametrize(
    ("generators", "units"),
    [
        ("[{list: {elements: [{name: a}, {name: b}]}}]", ["k8s/a", "k8s/b"]),
        ("[{list: {elementsYaml: '[{name: a}, {name: b}]'}}]", ["k8s/a", "k8s/b"]),
        (
            "[{list: {elements: [{name: a, env: x}, {name: b, env: y}]}, selector: {matchLabels: {env: y}}}]",
            ["k8s/b"],
        ),
        (
            (
                "[{list: {elements: [{name: a, big: x}, {name: b}]}, "
                "selector: {matchExpressions: [{key: big, operator: DoesNotExist}]}}]"
            ),
            ["k8s/b"],
        ),
        (
            (
                "[{list: {elements: [{name: a}, {name: b}, {name: c}]}, "
                "selector: {matchExpressions: [{key: name, operator: NotIn, values: [a]}, "
                "{key: name, operator: In, values: [a, b]}, {key: name, operator: Exists}]}}]"
            ),
            ["k8s/b"],
        ),
        # The second of a matrix may use what the first one gives.
        (
            (
                "[{matrix: {generators: [{list: {elements: [{folder: k8s}]}}, "
                "{git: {repoURL: shop, directories: [{path: '{{folder}}/*'}], values: {name: '{{path.basename}}'}}}]}}]"
            ),
            ["k8s/a", "k8s/b", "k8s/c"],
        ),
        # What overrides nothing is left out; keys of the first that nothing overrides stay.
        (
            (
                "[{merge: {mergeKeys: [id], generators: [{list: {elements: [{id: '1', name: a}, {id: '2', name: b}]}}, "
                "{list: {elements: [{id: '2', name: c}, {id: '3', name: b}]}}]}}]"
            ),
            ["k8s/a", "k8s/c"],
        ),
    ],
)
def test_generators_that_files_resolve(read, generators, units):
    path, name = ("'{{path}}'", "'{{path.basename}}'") if "git:" in generators else ("'k8s/{{name}}'", "'{{name}}'")
    reading = read(FOLDERS | {"apps/all.yaml": application_set(generators, path=path, name=name)})
    assert units_of(reading) == units
    assert said(reading) == []


def test_a_prefix_keeps_the_paths_of_two_git_generators_apart(read):
    generators = (
        "[{matrix: {generators: [{git: {repoURL: shop, pathParamPrefix: one, directories: [{path: 'k8s/*'}]}}, "
        "{git: {repoURL: shop, pathParamPrefix: two, files: [{path: '{{one.path}}/size.json'}]}}]}}]"
    )
    files = FOLDERS | {"k8s/b/size.json": '{"size": 2}'}
    text = application_set(generators, path="'{{two.path}}'", name="'{{one.path.basename}}-{{size}}'")
    assert units_of(read(files | {"apps/all.yaml": text})) == ["k8s/b"]


@pytest.mark.parametrize(
    ("expression", "unit"),
    [
        ("{{ .name | lower }}", "k8s/a"),
        ('{{ .name | trimPrefix "x" | lower }}', "k8s/a"),
        ('{{ .gone | default "b" }}', "k8s/b"),
        ('{{ default "c" .gone }}', "k8s/c"),
        ("{{ .name | normalize }}", "k8s/a"),
        ('{{ .name | lower | replace "a" "c" }}', "k8s/c"),
    ],
)
def test_functions_of_go_templates(read, expression, unit):
    text = application_set("[{list: {elements: [{name: A}]}}]", path=f"'k8s/{expression}'", name="x", go=True)
    assert units_of(read(FOLDERS | {"apps/all.yaml": text})) == [unit]


@pytest.mark.parametrize(
    ("generators", "what"),
    [
        ("[{clusters: {}}]", "the clusters generator"),
        ("[{pullRequest: {github: {}}}]", "the pullRequest generator"),
        ("[{scmProvider: {github: {}}}]", "the scmProvider generator"),
        ("[{clusters: {}}, {scmProvider: {}}, {clusters: {}}]", "the clusters generator, the scmProvider generator"),
        ("[{matrix: {generators: [{clusters: {}}, {list: {elements: [{a: b}]}}]}}]", "the clusters generator"),
        ("[{merge: {mergeKeys: [a], generators: []}}]", "the merge generator without generators"),
        (
            "[{git: {repoURL: 'https://github.com/shop/other', directories: [{path: 'k8s/*'}]}}]",
            "the git generator of another repository",
        ),
        (
            "[{list: {elements: [{name: a}], template: {spec: {source: {path: x}}}}}]",
            "the template of the list generator",
        ),
    ],
)
def test_what_files_do_not_resolve_is_said_with_its_place(read, generators, what):
    remote = {".git/config": '[remote "origin"]\n\turl = https://github.com/shop/shop\n'}
    reading = read(FOLDERS | remote | {"apps/all.yaml": application_set(generators)})
    message = f"ApplicationSet/all: {what} cannot be told from files: what it deploys is not, or not all, known"
    assert said(reading) == [("apps/all.yaml", 2, message)]


def test_one_generator_that_is_not_resolved_keeps_the_others(read):
    text = application_set("[{clusters: {}}, {list: {elements: [{name: a}]}}]")
    reading = read(FOLDERS | {"apps/all.yaml": text})
    assert (units_of(reading), len(said(reading))) == (["k8s/a"], 1)


def test_a_function_that_is_not_known_is_said(read):
    text = application_set("[{list: {elements: [{name: a}]}}]", path="'k8s/{{ .name | sha256sum }}'", go=True)
    ((_, _, message),) = said(read(FOLDERS | {"apps/all.yaml": text}))
    assert message.startswith("ApplicationSet/all: {{ .name | sha256sum }} cannot be told from files")


def test_an_application_set_of_another_repository_is_left_alone(read):
    remote = {".git/config": '[remote "origin"]\n\turl = https://github.com/shop/shop\n'}
    text = application_set("[{clusters: {}}]", url="https://github.com/shop/elsewhere")
    assert said(read(FOLDERS | remote | {"apps/all.yaml": text})) == []


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
