"""The `helm` binary as engine, where the embedded one does not run."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.read.helm.backend import STILL, Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opslint.read.helm.backend import Limits, Request
    from opslint.read.helm.chart import LoadedChart
    from opslint.read.helm.values import Path as KeyPath
    from opslint.read.helm.values import Place

# Helm sorts and splits what it prints, and would drop what the markers hide from it. When one template is no YAML
# it prints all texts as they are rendered instead (with --debug), so one such template is put into the copy.
_POISON: Final = "zzz-opslint-keeps-texts-whole.yaml"
_POISON_TEXT: Final = b"{ [\n"
_MARKED: Final = 4  # how much longer than the plain text one with markers may be
_SOURCE: Final = "---\n# Source: "
_ERROR: Final = re.compile(r"^Error: (.*)", re.MULTILINE | re.DOTALL)


class Binary:
    """Renders with `helm template` on a copy of the chart in a temporary directory."""

    def __init__(self, program: str, bounds: Limits) -> None:
        self._program, self._bounds = program, bounds
        self.worked = False

    @classmethod
    def found(cls, bounds: Limits) -> Binary | None:
        """Return the engine when there is a `helm` on PATH, else None."""
        program = shutil.which("helm")
        # A relative entry of PATH could lead into the linted folder.
        return cls(program, bounds) if program and Path(program).is_absolute() else None

    def version(self) -> str:
        """Return the binary's name and version, "" when it does not say."""
        try:
            done = subprocess.run(  # noqa: S603 - the user's helm, told by PATH
                [self._program, "version", "--short"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._bounds.seconds,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        said = done.stdout.decode("utf-8", "replace").strip()
        return f"helm {said}" if said and not done.returncode else ""

    def close(self) -> None:
        """Do nothing: it holds nothing."""

    def render(self, chart: LoadedChart, texts: Sequence[Mapping[str, str]], request: Request) -> list[Answer]:
        """Render the chart once for each of `texts`."""
        self.worked = True
        with tempfile.TemporaryDirectory(prefix="opslint-") as folder:
            base = Path(folder)
            answers: list[Answer] = []
            for number, changed in enumerate(texts):
                try:
                    directory = _write(chart, changed, base / str(number) / "chart")
                    answers.append(self._run(chart, directory, base, request))
                except (OSError, ValueError) as error:
                    answers.append(Answer(kind="dead", message=f"the helm binary could not be used: {error}"))
            return answers

    def _run(self, chart: LoadedChart, directory: Path, base: Path, request: Request) -> Answer:
        command = [self._program, "template", request.name, str(directory), "--debug", "--namespace", request.namespace]
        command += ["--kube-version", request.kube_version]
        for start in range(0, len(request.api_versions), 50):
            command += ["--api-versions", ",".join(request.api_versions[start : start + 50])]
        for number, text in enumerate(request.values):
            file = base / f"values-{number}.yaml"
            file.write_text(text, encoding="utf-8")
            command += ["--values", str(file)]
        for path, value in request.set:
            command += ["--set-json", f"{_key(path)}={json.dumps(value)}"]
        for expression in request.set_strings:
            command += ["--set", expression]
        home = base / "home"
        home.mkdir(exist_ok=True)
        names = ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS", "KUBECONFIG")
        environment = {**os.environ, **{name: str(home / name) for name in names}}
        output, errors = base / "stdout", base / "stderr"
        bounds = self._bounds
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(  # noqa: S603 - the user's helm, told by PATH or settings
                command, cwd=base, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
            bounded = _bound(process.pid, bounds)
            seconds = bounds.seconds * (STILL if bounded else 1)
            try:
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                text = f"rendering took longer than {seconds:g} seconds and was stopped"
                return Answer(kind="timeout", message=text)
            finally:
                process.kill()
                process.wait()
        if bounded and status in {-signal.SIGXCPU, -signal.SIGKILL}:  # a program may take no notice of the first
            text = f"rendering took more than {bounds.seconds:g} seconds of processor time and was stopped"
            return Answer(kind="timeout", message=text)
        if output.stat().st_size > bounds.output * _MARKED:
            return Answer(kind="limit", message=f"{output.stat().st_size} bytes of output")
        return _answer(chart, output.read_bytes().decode("utf-8", "replace"), errors.read_text("utf-8", "replace"))


def _bound(pid: int, bounds: Limits) -> bool:
    """Limit a process that just started: its processor time, its memory and what it writes. Only Linux can."""
    if sys.platform != "linux":
        return False
    import resource  # does not exist on Windows

    seconds = math.ceil(bounds.seconds)
    limits = {
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_AS: (bounds.memory * 2,) * 2,  # the program itself reserves more than the library does
        resource.RLIMIT_FSIZE: (bounds.output * _MARKED + 1,) * 2,
    }
    try:
        for what, pair in limits.items():
            resource.prlimit(pid, what, pair)
    except (OSError, ValueError):  # it is gone already, or this is not allowed here
        return False
    return True


def _write(chart: LoadedChart, changed: Mapping[str, str], directory: Path) -> Path:
    """Write the chart, without the dependencies it lacks, which the binary insists on."""
    for path, data in chart.files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(changed[path].encode() if path in changed else data)
    lacking = {item.name for item in chart.lacking}
    if lacking:
        (directory / "Chart.yaml").write_text(json.dumps(_without(chart.part.metadata, lacking)), encoding="utf-8")
        (directory / "requirements.yaml").unlink(missing_ok=True)
        (directory / "Chart.lock").unlink(missing_ok=True)
        (directory / "requirements.lock").unlink(missing_ok=True)
    (directory / "templates").mkdir(exist_ok=True)
    (directory / "templates" / _POISON).write_bytes(_POISON_TEXT)
    return directory


def _without(metadata: Place, lacking: set[str]) -> dict[str, object]:
    data = {str(key): _plain(place) for key, place in metadata.entries.items() if not place.is_null}
    entries = metadata.get("dependencies")
    if entries is not None:
        kept = [place for place in entries.entries.values() if place.scalar("name") not in lacking]
        data["dependencies"] = [_plain(place) for place in kept]
    return data


def _plain(place: Place) -> object:
    if place.kind == "map":
        return {str(key): _plain(child) for key, child in place.entries.items()}
    if place.kind == "list":
        return [_plain(child) for child in place.entries.values()]
    if place.plain and place.text in {"true", "false"}:
        return place.text == "true"
    return place.text


def _key(path: KeyPath) -> str:
    out = ""
    for key in path:
        if isinstance(key, int):
            out += f"[{key}]"
        else:
            out += ("." if out else "") + re.sub(r"([.,=\[\]\\])", r"\\\1", key)
    return out


def _answer(chart: LoadedChart, output: str, errors: str) -> Answer:
    files: dict[str, str] = {}
    poison = f"{chart.name}/templates/{_POISON}"
    for piece in ("\n" + output).split("\n" + _SOURCE)[1:]:
        name, _, text = piece.partition("\n")
        if chart.resolve(name) is not None or name == poison:
            files[name] = text + "\n" if name not in files else files[name]
        elif files:  # a template that prints such a line itself
            last = next(reversed(files))
            files[last] += _SOURCE + piece + "\n"
    # Helm trims the end of the last text, whichever that is.
    files = {name: text.rstrip() + "\n" for name, text in files.items()}
    if poison in files:
        del files[poison]
        return Answer(files=files)
    message = _ERROR.search(errors)
    return Answer(kind="HelmRenderError", message=(message[1] if message else errors).strip() or "helm printed nothing")
