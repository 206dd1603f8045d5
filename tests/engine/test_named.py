"""Objects that a reference may mean."""

from opslint.engine.named import objects_named


def secret(namespace):
    return f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s{namespace}}}\n"


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\n"


def found(project):
    (pod,) = project.of_kind("Pod")
    return [(one.unit.path, one.namespace) for one in objects_named(pod, project, "Secret", "s")]


def test_the_units_own_come_first(read):
    project = read(
        {"overlays/a/a.yaml": POD + secret(", namespace: shop"), "overlays/b/b.yaml": secret(", namespace: shop")}
    )
    assert found(project) == [("overlays/a", "shop")]


def test_else_those_of_the_namespace_elsewhere(read):
    files = {"overlays/a/a.yaml": POD + secret(", namespace: other"), "overlays/b/b.yaml": secret(", namespace: shop")}
    assert found(read(files)) == [("overlays/b", "shop")]


def test_one_without_a_namespace_may_land_in_the_units(read):
    files = {"overlays/a/a.yaml": POD + secret(""), "overlays/b/b.yaml": secret("")}
    assert found(read(files)) == [("overlays/a", "")]


def test_another_name_or_kind_is_none(read):
    project = read({"a.yaml": POD + secret(", namespace: shop")})
    (pod,) = project.of_kind("Pod")
    assert objects_named(pod, project, "Secret", "other") == []
    assert objects_named(pod, project, "ConfigMap", "s") == []
