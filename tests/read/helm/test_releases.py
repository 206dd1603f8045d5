import pytest

from opslint.model.settings import ChartEnvironment, Settings
from opslint.read.helm.chart import load_chart
from opslint.read.helm.releases import key_path, releases

CHART = "apiVersion: v2\nname: x\nversion: 1.0.0\n"


@pytest.fixture
def found(write):
    def run(files, path="charts/My_App", **settings):
        root = write({f"{path}/Chart.yaml": CHART} | files)
        return releases(load_chart(root, path), Settings(root=str(root), **settings))

    return run


def short(release):
    names = [source.path.rpartition("/")[2] for source in release.values_files]
    return release.environment.name, release.environment.stage, names


def test_default_values_when_nothing_tells_more(found):
    (release,) = found({})
    assert (release.name, release.namespace, release.default, short(release)) == (
        "my-app",
        "",
        True,
        ("", "unknown", []),
    )


def test_environments_are_told_by_values_files(found):
    names = ["prod", "dev", "example", "schema", "ha"]
    files = {f"charts/My_App/values-{name}.yaml": "a: 1\n" for name in names}
    files |= {"charts/My_App/values.staging.yml": "", "charts/My_App/qa-values.yaml": ""}
    result = found(files)
    assert sorted(short(release) for release in result) == [
        ("dev", "nonprod", ["values-dev.yaml"]),
        ("prod", "prod", ["values-prod.yaml"]),
        ("qa", "nonprod", ["qa-values.yaml"]),
        ("staging", "nonprod", ["values.staging.yml"]),
    ]
    assert not any(release.default for release in result)


def test_configuration_goes_before_what_files_are_called(found):
    environments = (
        ChartEnvironment("eu-prod", ("base.yaml", "deploy/prod.yaml"), "shop", "api", {"a.b": 3, "l[1]": True}),
        ChartEnvironment("dev"),
    )
    files = {"charts/My_App/values-qa.yaml": "", "charts/My_App/base.yaml": "", "deploy/prod.yaml": "p: 1\n"}
    for key in ("charts/My_App", "./charts/My_App/"):
        prod, dev = found(files, charts={key: environments})
        assert (prod.name, prod.namespace, short(prod)) == (
            "api",
            "shop",
            ("eu-prod", "prod", ["base.yaml", "prod.yaml"]),
        )
        assert [source.kind for source in prod.values_files] == ["values", "values"]
        assert prod.set == ((("a", "b"), 3), (("l", 1), True))
        assert short(dev) == ("dev", "nonprod", [])


def test_command_line_is_added_last(found):
    files = {"charts/My_App/values-prod.yaml": "", "extra-dev.yaml": ""}
    (release,) = found(
        files,
        helm_values=(("", "extra-dev.yaml"),),
        helm_set=(("charts/My_App", "a=1"), ("other", "b=2")),
        namespace="n",
    )
    # Files named by the user say how the chart is deployed: environments are not guessed then.
    assert (short(release)[2], release.set_strings, release.namespace) == (["extra-dev.yaml"], ("a=1",), "n")
    assert not release.default


def test_values_files_that_cannot_be_read_are_failures(found, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "v.yaml"
    outside.write_text("a: 1\n")
    (release,) = found({}, helm_values=(("", str(outside)), ("", "gone.yaml"), ("", "../../../../etc/hostname")))
    assert release.values_files == ()
    messages = [failure.message for failure in release.failures]
    assert "leads outside the linted folder" in messages[0]
    assert "gone.yaml does not exist" in messages[1]
    assert len(messages) == 3


def test_key_paths():
    assert key_path(r"a.b[0].c\.d") == ("a", "b", 0, "c.d")


def test_set_without_a_file_reaches_the_rendering(render):
    environment = ChartEnvironment("prod", set={"a.b": 3, "l[1].c": "x"})
    text = "b: {{ .Values.a.b }}\nl: {{ toJson .Values.l }}\nk: {{ .Values.k }}\n"
    files = {"templates/a.yaml": text, "values.yaml": "a: {b: 1}\nl: [1]\nk: 1\n"}
    result = render(files, charts={"x": (environment,)}, helm_set=(("", "k=2"),))
    assert result.sources[0].text == 'b: 3\nl: [null,{"c":"x"}]\nk: 2\n'
