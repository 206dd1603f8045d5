"""What deploys paths of a repository: Applications, ApplicationSets, Flux Kustomizations."""

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


def seen(reading):
    """Return, for each unit, its kind, environment, namespace and the names of its objects."""
    return {
        unit.id: (unit.kind, unit.environment.name, unit.namespace, sorted(item.name for item in unit.objects))
        for unit in reading.project.units
    }


def read_deployed(root, files, **settings):
    """Write files and read them."""
    for path, text in ({".git/HEAD": ""} | files).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return read_project([str(root)], Settings(root=str(root), no_cache=True, **settings))
