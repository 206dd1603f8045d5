"""Kustomizations: built into units of their own where everything is in the repository, else read as plain files."""

from pathlib import Path

import pytest
from readings import notices

from opslint.model.settings import Settings
from opslint.model.source import Confidence
from opslint.read import kustomize
from opslint.read.plan import read_project
from opslint_rules.upgrade.references import stale_api_reference

DEPLOYMENT = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n"
    "      containers:\n        - name: side\n          image: side:1\n        - name: web\n          image: nginx\n"
)
FILES = {
    "k8s/base/kustomization.yaml": "resources: [web.yaml]\n",
    "k8s/base/web.yaml": DEPLOYMENT,
    "k8s/overlays/prod/kustomization.yaml": "namePrefix: prod-\nnamespace: shop\nresources: [../../base]\n"
    "patches:\n  - path: more.yaml\n",
    "k8s/overlays/prod/more.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n",
}
# What kustomize 5.5 prints for the overlay, through a kustomization that asks for origins.
BUILT = (
    "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  annotations:\n    config.kubernetes.io/origin: |\n"
    "      configuredIn: ../repo/k8s/base/kustomization.yaml\n      configuredBy:\n        apiVersion: builtin\n"
    "        kind: ConfigMapGenerator\n  name: prod-conf-4h2mbtbbt6\n  namespace: shop\n---\n"
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  annotations:\n    config.kubernetes.io/origin: |\n"
    "      path: ../repo/k8s/base/web.yaml\n  name: prod-web\n  namespace: shop\nspec:\n  replicas: 3\n  template:\n"
    "    spec:\n      containers:\n      - image: nginx:1.2\n        name: web\n      - image: side:1\n        name: side\n"
    "      priorityClassName: high\n"
)


def unit_of(reading, kind="kustomization"):
    (unit,) = (unit for unit in reading.project.units if unit.kind == kind)
    return unit


def test_an_overlay_is_a_unit_and_its_base_is_none(read, tool):
    tool(BUILT)
    reading = read(FILES)
    unit = unit_of(reading)
    assert [(one.id, one.kind) for one in reading.project.units] == [("k8s/overlays/prod", "kustomization")]
    assert (unit.environment.name, unit.environment.stage, unit.namespace, unit.closed) == (
        "prod",
        "prod",
        "shop",
        True,
    )
    assert [(item.kind, item.name) for item in unit.objects] == [
        ("ConfigMap", "prod-conf-4h2mbtbbt6"),
        ("Deployment", "prod-web"),
    ]
    assert not any(item.annotations for item in unit.objects)
    assert (reading.coverage.kustomizations_found, reading.coverage.kustomizations_built) == (2, 2)
    assert (reading.coverage.manifests_found, reading.coverage.manifests_read) == (1, 1)
    assert (notices(reading), reading.failures) == ([], [])


@pytest.mark.parametrize(
    ("keys", "place", "confidence"),
    [
        (("kind",), ("k8s/base/web.yaml", 2), Confidence.LINE),
        (("spec", "template"), ("k8s/base/web.yaml", 7), Confidence.LINE),
        (("spec", "replicas"), ("k8s/overlays/prod/more.yaml", 5), Confidence.LINE),
        (("spec", "template", "spec", "containers", 1, "image"), ("k8s/base/web.yaml", 11), Confidence.LINE),
        (("spec", "template", "spec", "containers", 0, "image"), ("k8s/base/web.yaml", 13), Confidence.BLOCK),
        (("spec", "template", "spec", "priorityClassName"), ("k8s/base/web.yaml", 8), Confidence.BLOCK),
        (("metadata", "name"), ("k8s/base/web.yaml", 4), Confidence.BLOCK),
    ],
)
def test_a_field_stands_where_it_is_written(read, tool, keys, place, confidence):
    tool(BUILT)
    (item,) = unit_of(read(FILES)).of_kind("Deployment")
    node = item.root.at(*keys)
    origin = node.source.origin.locate(node.span)
    assert (origin.location.source.path, origin.location.span.line) == place
    assert origin.confidence is confidence


def test_a_generated_object_stands_at_the_kustomization(read, tool):
    tool(BUILT)
    (item,) = unit_of(read(FILES)).of_kind("ConfigMap")
    origin = item.source.origin.locate(item.root["data"]["a"].span)
    assert (origin.location.source.path, origin.confidence) == ("k8s/overlays/prod/kustomization.yaml", Confidence.FILE)


def test_the_tool_gets_arguments_no_shell_and_no_way_out(read, tool, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    folder = tool(BUILT)
    read(FILES)
    arguments = (folder / "calls").read_text().split()
    assert arguments[0] == "build"
    assert len(arguments) == 2
    assert not Path(arguments[1]).exists()  # our folder for it is gone again
    assert "originAnnotations" in (folder / "wrapper").read_text()
    environment = (folder / "env").read_text()
    assert "hunter2" not in environment
    assert "GIT_ALLOW_PROTOCOL='none'" in environment.replace("=none\n", "='none'\n")
    assert f"HOME='{arguments[1]}'" in environment.replace(f"HOME={arguments[1]}\n", f"HOME='{arguments[1]}'\n")


def test_kubectl_builds_where_there_is_no_kustomize(read, tool):
    folder = tool(BUILT, name="kubectl")
    assert unit_of(read(FILES)).objects
    assert (folder / "calls").read_text().split()[0] == "kustomize"


NOT_CLEAR = "a key is written twice or in another case"
NOT_ONE_FILE = "a generator or transformer is not one file"
WEB = "resources: [web.yaml]\n"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("resources:\n  - web.yaml\n  - https://a.test/x.yaml\n", 3, "https://a.test/x.yaml is not in"),
        ("resources: ['github.com/shop/base?ref=main']\n", 1, "github.com/shop/base?ref=main is not in"),
        ("resources: ['git@github.com:shop/base.git']\n", 1, "git@github.com:shop/base.git is not in"),
        ("components: [../../gone]\n", 1, "../../gone is not in"),
        ("bases: [../../../outside]\n", 1, "../../../outside is not in"),
        ("resources: [/etc]\n", 1, "/etc is not in"),
        (WEB + "patches: [{path: 'https://a.test/p.yaml'}]\n", 2, "https://a.test/p.yaml is"),
        (WEB + "patches: [{path: 'https://a.test/{x}'}]\n", 2, "https://a.test/{x} is"),
        (WEB + "patchesStrategicMerge: ['https://a.test/{x: y}']\n", 2, "https://a.test/{x: y} is"),
        (WEB + "replacements: [{path: 'https://a.test/r'}]\n", 2, "https://a.test/r is"),
        (WEB + "openapi: {path: 'https://a.test/s.json'}\n", 2, "https://a.test/s.json is"),
        (WEB + "crds: ['https://a.test/c.json']\n", 2, "https://a.test/c.json is not in"),
        ("configMapGenerator: [{name: a, files: ['x=https://a.test/s']}]\n", 1, "x=https://a.test/s is not in"),
        ("secretGenerator: [{name: a, envs: ['https://a.test/s']}]\n", 1, "https://a.test/s is not in"),
        (WEB + "helmCharts:\n  - {name: x}\n", 3, "it inflates Helm charts"),
        (WEB + "transformers: [t.yaml]\n", 2, NOT_ONE_FILE),
        ("generators: [sub]\n", 1, NOT_ONE_FILE),
        ('validators: ["{kind: X, path: \\"https:\\\\u002f/a.b\\"}"]\n', 1, NOT_ONE_FILE),
        # Files of these names are here, but kustomize takes the names for addresses.
        ("resources: ['https://local.test/x.yaml']\n", 1, "https://local.test/x.yaml is not in"),
        ("resources: [github.com/shop]\n", 1, "github.com/shop is not in"),
        # Kustomize reads its keys without regard to case, and the long s as an s.
        ("RESOURCES: ['https://a.test/x.yaml']\n", 1, NOT_CLEAR),
        ("re\u017fources: ['https://a.test/x.yaml']\n", 1, NOT_CLEAR),
        ("patches: [{Path: 'https://a.test/x.yaml'}]\n", 1, NOT_CLEAR),
        ("resources: [!!binary aHR0cHM6Ly9hLnRlc3QveA==]\n", 1, NOT_CLEAR),
        ("resources: ['https://a.test/x']\nresources: [web.yaml]\n", 1, NOT_CLEAR),
    ],
)
def test_what_would_be_fetched_is_not_built(read, tool, text, line, reason):
    folder = tool(BUILT)
    files = {
        "k8s/kustomization.yaml": text,
        "k8s/web.yaml": DEPLOYMENT,
        "k8s/https:/local.test/x.yaml": "a: 1\n",
        "k8s/github.com/shop/kustomization.yaml": "namespace: a\n",
        "k8s/sub/kustomization.yaml": "namespace: a\n",
        "k8s/t.yaml": "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: a}\npath: https://example.com/x\n",
    }
    reading = read(files, exclude=("k8s/github.com", "k8s/sub"))
    assert not (folder / "calls").exists()
    ((path, at, message),) = notices(reading)
    assert (path, at) == ("k8s/kustomization.yaml", line)
    assert message.startswith(reason)
    unit = unit_of(reading, "manifests")
    assert (unit.closed, unit.open_because) == (False, ("kustomization k8s/kustomization.yaml is not built",))
    assert [item.name for item in unit.of_kind("Deployment")] == ["web"]
    assert (reading.coverage.kustomizations_built, reading.failures) == (0, [])


def test_a_link_out_of_the_repository_is_not_followed(write, tool, tmp_path):
    folder = tool(BUILT)
    root = write({"k8s/kustomization.yaml": "resources: [link.yaml]\n", "k8s/a.yaml": DEPLOYMENT})
    (tmp_path / "secret.yaml").write_text(DEPLOYMENT)
    (root / "k8s/link.yaml").symlink_to(tmp_path / "secret.yaml")
    read_project([str(root)], Settings(root=str(root)))
    assert not (folder / "calls").exists()


def test_a_remote_thing_in_a_base_stops_the_overlay_too(read, tool):
    tool(BUILT)
    reading = read(FILES | {"k8s/base/kustomization.yaml": "resources: [web.yaml, 'https://example.com/x.yaml']\n"})
    ((path, _, message),) = notices(reading)
    assert path == "k8s/base/kustomization.yaml"
    assert "the kustomization k8s/overlays/prod/kustomization.yaml is not built" in message


def test_without_a_tool_the_resources_stay_plain_files(read, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    reading = read(FILES)
    message = (
        "neither kustomize nor kubectl is on the PATH: the kustomization k8s/overlays/prod/kustomization.yaml "
        "is not built, its resources are read as plain files"
    )
    assert notices(reading) == [("k8s/overlays/prod/kustomization.yaml", 0, message)]
    assert [item.name for item in unit_of(reading, "manifests").objects] == ["web"]


def test_a_tool_in_the_linted_repository_is_never_run(write, monkeypatch):
    root = write({**FILES, "bin/kustomize": "#!/bin/sh\ntouch ran\n"})
    (root / "bin/kustomize").chmod(0o755)
    monkeypatch.setenv("PATH", str(root / "bin"))
    reading = read_project([str(root)], Settings(root=str(root)))
    assert reading.coverage.kustomizations_built == 0
    assert not list(root.rglob("ran"))


def test_what_kustomize_says_is_told(read, tool):
    tool("", "echo 'error: no matches for Id X' >&2; exit 1")
    ((_, _, message),) = notices(read(FILES))
    assert message.startswith("kustomize says: no matches for Id X: the kustomization")


def test_a_tool_that_hangs_is_ended(read, tool, monkeypatch):
    monkeypatch.setattr(kustomize, "RENDER_SECONDS", 0.2)
    tool("", "/bin/sleep 60")
    ((_, _, message),) = notices(read(FILES))
    assert message.startswith("building took longer than 0.2 seconds")


def test_too_much_output_is_refused(read, tool, monkeypatch):
    monkeypatch.setattr(kustomize, "RENDER_BYTES", 10)
    tool(BUILT)
    ((_, _, message),) = notices(read(FILES))
    assert message.startswith("it builds to more than")


def test_components_are_not_units_and_rings_end(read, tool):
    folder = tool("")
    files = {
        "c/kustomization.yaml": "kind: Component\nresources: [a.yaml]\n",
        "c/a.yaml": DEPLOYMENT,
        "ring/kustomization.yaml": "resources: [../round]\n",
        "round/kustomization.yaml": "resources: [../ring]\n",
    }
    reading = read(files)
    assert not (folder / "calls").exists()
    assert [unit.kind for unit in reading.project.units] == ["manifests"]
    ((path, _, message),) = notices(reading)
    assert (path, "in a ring" in message) == ("ring/kustomization.yaml", True)


@pytest.mark.parametrize(
    "text",
    ["", "a", "- 1", "resources: a", "resources: [[a], {b: 1}, null]", "patches: [a]", "a: [", 'resources: ["a\\0b"]'],
)
def test_wrong_shapes_are_no_crash(read, tool, text):
    tool("")
    read({"k8s/kustomization.yaml": text, "k8s/a.yaml": DEPLOYMENT})


def test_several_overlays_share_a_base(read, tool):
    tool(BUILT)
    dev = {path.replace("prod", "dev"): text.replace("prod", "dev") for path, text in FILES.items() if "prod" in path}
    reading = read(FILES | dev)
    assert [(unit.id, unit.environment.stage) for unit in reading.project.units] == [
        ("k8s/overlays/dev", "nonprod"),
        ("k8s/overlays/prod", "prod"),
    ]
    assert [file.source.path for file in reading.project.files] == ["k8s/base/web.yaml"]
    kept = read_project(
        [str(reading.project.settings.root)], Settings(root=reading.project.settings.root, env=("dev",))
    )
    assert [unit.id for unit in kept.project.units] == ["k8s/overlays/dev"]


def application(path, name="web", namespace="other"):
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec:\n"
        f"  destination: {{namespace: {namespace}}}\n  source: {{repoURL: x, path: {path}}}\n"
    )


def test_an_application_of_an_overlay_tells_its_environment(read, tool):
    tool(BUILT)
    files = {
        path.replace("overlays/prod", "live"): text.replace("../../base", "../base") for path, text in FILES.items()
    }
    reading = read(files | {"apps/web.yaml": application("k8s/live", "web-staging")})
    unit = unit_of(reading)
    assert (unit.id, unit.environment.name, unit.namespace) == ("k8s/live", "live", "shop")
    assert unit.declared_by == "Application/web-staging at apps/web.yaml:2"
    assert unit.environment.sign == "path k8s/live of Application/web-staging at apps/web.yaml:2"
    assert [item.unit for item in unit.objects] == [unit, unit]


def test_a_base_that_is_deployed_as_it_is_is_built_too(read, tool):
    folder = tool(BUILT)
    reading = read(FILES | {"apps/dev.yaml": application("k8s/base", "web-dev")})
    found = {unit.id: (unit.environment.name, unit.declared_by[:19]) for unit in reading.project.units}
    assert found == {
        ".": ("", ""),
        "k8s/base": ("dev", "Application/web-dev"),
        "k8s/overlays/prod": ("prod", ""),
    }
    assert len((folder / "calls").read_text().splitlines()) == 2
    assert (reading.coverage.kustomizations_found, reading.coverage.kustomizations_built) == (2, 2)


def test_files_of_a_kustomization_that_is_not_built_are_no_unit_of_their_own(read, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    reading = read(FILES | {"apps/web.yaml": application("k8s/overlays/prod")})
    assert sorted(unit.kind for unit in reading.project.units) == ["manifests"]
    assert any("neither kustomize nor kubectl" in message for _, _, message in notices(reading))


def test_rules_see_the_kustomizations_that_a_unit_was_built_by(read, tool):
    tool(BUILT)
    overlay = "k8s/overlays/prod/kustomization.yaml"
    target = "    target: {group: extensions, version: v1beta1, kind: Ingress}\n"
    reading = read({**FILES, overlay: FILES[overlay] + target})
    unit = unit_of(reading)
    assert [one.source.path for one in unit.kustomizations] == [overlay, "k8s/base/kustomization.yaml"]
    assert all(one not in reading.project.objects for one in unit.kustomizations)
    (problem,) = stale_api_reference.function(unit, reading.project)
    assert (problem.at.source.path, problem.at.span.line) == (overlay, 6)
    assert problem.message.startswith("a patch targets extensions/v1beta1 Ingress, which Kubernetes 1.22 no longer has")
