"""The hooks as real `pre-commit` runs them, in a repository of their own.

The hook repository is ours but for one thing: `language: system` and this very opslint, where `language: python` would install
it from the package index first.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

HOOKS = Path(__file__).parents[1] / ".pre-commit-hooks.yaml"
CHART = {
    "charts/web api/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web api/values.yaml": "image: nginx:1.27\nreplicas: 2\nhostNetwork: false\n",
    "charts/web api/templates/web.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: {{ .Values.hostNetwork }}
      containers: [{name: web, image: {{ .Values.image | quote }}}]
""",
    "k8s/other.yaml": """\
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: shop}
spec: {hostNetwork: true, containers: [{name: other, image: "nginx:1.27"}]}
""",
    "README.md": "# A shop\n",
}


class Scratch:
    """A git repository with the hooks installed as `pre-commit install` does it."""

    def __init__(self, folder, environment):
        self.folder, self.environment = folder, environment

    def run(self, *command):
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def write(self, name, text):
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def commit(self, *names):
        self.run("git", "add", "--", *names)
        return self.run("git", "commit", "--quiet", "-m", "a change")


def git(folder, environment, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory):
    """Return the folder of the hook repository and the environment that pre-commit runs in."""
    folder = tmp_path_factory.mktemp("hook repository")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit")),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    yaml = YAML(typ="safe")
    declared = yaml.load(HOOKS)
    for hook in declared:
        name, _, rest = hook["entry"].partition(" ")
        assert (name, hook["language"]) == ("opslint", "python")
        hook["entry"] = f"{shlex.quote(sys.executable)} -m opslint {rest}"
        hook["language"] = "system"
    with (folder / ".pre-commit-hooks.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(declared, file)
    git(folder, environment, "init", "--quiet", "-b", "main")
    git(folder, environment, "add", ".")
    git(folder, environment, "commit", "--quiet", "-m", "hooks")
    git(folder, environment, "tag", "v1")
    return folder, environment


@pytest.fixture
def scratch(hooks, tmp_path):
    folder, environment = tmp_path / "a shop", hooks[1]
    folder.mkdir()
    made = Scratch(folder, environment)
    made.run("git", "init", "--quiet", "-b", "main")
    for name, text in CHART.items():
        made.write(name, text)

    def with_hook(hook, *arguments):
        config = {"repos": [{"repo": str(hooks[0]), "rev": "v1", "hooks": [{"id": hook, "args": list(arguments)}]}]}
        with (folder / ".pre-commit-config.yaml").open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(config, file)
        made.run("git", "add", ".")
        made.run("git", "commit", "--quiet", "-m", "start")
        done = made.run(sys.executable, "-m", "pre_commit", "install")
        assert done.returncode == 0, done.stdout + done.stderr
        return made

    return with_hook


def test_a_commit_that_adds_a_problem_is_stopped_and_told_where(scratch):
    shop = scratch("opslint", "--format=concise", "--select=host-namespace")
    shop.write("charts/web api/values.yaml", "image: nginx:1.27\nreplicas: 2\nhostNetwork: true\n")
    done = shop.commit("charts")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    # The value stands in the file that is committed, the template only in the chart around it.
    assert "charts/web api/values.yaml:3:" in said
    # What was wrong before, in a file that is not part of the commit, is not this commit's business.
    assert "k8s/other.yaml" not in said


def test_a_commit_without_a_problem_passes(scratch):
    shop = scratch("opslint", "--format=concise", "--select=host-namespace")
    shop.write("charts/web api/values.yaml", "image: nginx:1.28\nreplicas: 2\nhostNetwork: false\n")
    done = shop.commit("charts")
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_of_no_interest_do_not_start_it(scratch):
    shop = scratch("opslint")
    shop.write("README.md", "# Another shop\n")
    done = shop.commit("README.md")
    assert done.returncode == 0
    assert "no files to check" in done.stdout + done.stderr


def test_a_broken_manifest_stops_the_commit(scratch):
    shop = scratch("opslint", "--format=concise")
    shop.write("k8s/broken.yaml", "apiVersion: v1\nkind: [\n")
    done = shop.commit("k8s/broken.yaml")
    assert done.returncode == 1
    assert "k8s/broken.yaml:" in done.stdout + done.stderr


def test_many_files_are_one_process(scratch):
    shop = scratch("opslint", "--format=concise", "--select=host-namespace")
    pod = CHART["k8s/other.yaml"]
    for number in range(120):
        shop.write(f"k8s/{number:03}.yaml", pod.replace("name: other", f"name: pod-{number}", 1))
    done = shop.commit("k8s")
    said = done.stdout + done.stderr
    assert said.count("Found 120 problems") == 1


def test_the_fix_hook_mends_and_stops_the_commit_once(scratch):
    shop = scratch("opslint-fix", "--select=deprecated-api,removed-api", "--unsafe-fixes")
    old = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: web, namespace: shop}\n"
    spec = "spec:\n  minAvailable: 1\n  selector: {matchLabels: {app: web}}  # kept\n"
    shop.write("k8s/pdb.yaml", old + spec)
    done = shop.commit("k8s/pdb.yaml")
    assert done.returncode == 1
    assert "files were modified by this hook" in done.stdout + done.stderr
    mended = (shop.folder / "k8s/pdb.yaml").read_text(encoding="utf-8")
    assert mended == (old + spec).replace("policy/v1beta1", "policy/v1")
    assert shop.commit("k8s/pdb.yaml").returncode == 0
