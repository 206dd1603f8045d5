"""The values keys behind a piece of rendered text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opslint.model.records import dataclass, field
from opslint.read.helm.calls import Context, context_of
from opslint.read.helm.layers import layers
from opslint.read.helm.scope import ROOT, Ref
from opslint.read.helm.values import BadYaml, Found, Path, find, read_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opslint.read.helm.chart import LoadedChart
    from opslint.read.helm.markers import Mark
    from opslint.read.helm.releases import Release
    from opslint.read.helm.templates import Templates
    from opslint.read.helm.values import Layer

_DEPTH: Final = 8  # calls within calls


def dotted(path: Path) -> str:
    """Return a path for messages: `image.tag`, `hosts[0].name`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) or key == "*" else f".{key}" if text else str(key)
    return text


@dataclass(slots=True, eq=False)
class Provenance:
    """Finds the values keys behind marks of one rendered template; `chain` is what `layers` takes."""

    templates: Templates
    chart: LoadedChart
    release: Release
    chain: tuple[str, ...]
    _layers: list[Layer] = field(default_factory=list)

    @property
    def layers(self) -> list[Layer]:
        """The values that the template sees; only a finding asks for them."""
        if not self._layers:
            self._layers = layers(self.chart, self.release, self.chain)
        return self._layers

    def refs(self, mark: Mark, sites: Sequence[Mark]) -> list[Path]:
        """Return the value paths that an action reads; `sites` are the calls around it, innermost first."""
        token = mark.token
        if token is None:
            return []
        paths = [path for ref in mark.scope.refs(token.body) if (path := self.resolve(ref, sites))]
        if mark.calls.names:
            context = context_of(token.body, mark.scope)
            for name in mark.calls.names[:1]:
                paths += self._body(name, context, sites)
        return list(dict.fromkeys(paths))

    def _body(self, name: str, context: Context, sites: Sequence[Mark]) -> list[Path]:
        """Return what a helper's own actions read, one level deep."""
        found: list[Path] = []
        for token, scope in self.templates.body(name):
            for ref in scope.refs(token.body):
                path = self._through(ref, context, sites) if ref.relative else ref.path
                if path:
                    found.append(path)
        return found

    def whole(self, mark: Mark, sites: Sequence[Mark]) -> Path | None:
        """Return the one path whose value an action prints as it is, None for anything else."""
        token = mark.token
        if token is None:
            return None
        paths = {path for ref in mark.scope.whole(token.body) if (path := self.resolve(ref, sites))}
        return paths.pop() if len(paths) == 1 else None

    def resolve(self, ref: Ref, sites: Sequence[Mark]) -> Path | None:
        """Return the path under .Values of a reference, None when it is no value or not known."""
        if not ref.relative:
            return ref.path
        if not sites or len(sites) > _DEPTH or sites[0].token is None:
            return None
        return self._through(ref, context_of(sites[0].token.body, sites[0].scope), sites[1:])

    def _through(self, ref: Ref, context: Context, sites: Sequence[Mark]) -> Path | None:
        """Follow a path relative to a helper's argument through the call that gave the argument."""
        path = ref.path
        if isinstance(context, Mapping):
            if not path:
                return None
            context, path = context.get(str(path[0])), path[1:]
        if context == ROOT or not isinstance(context, Ref):
            return path[1:] if context == ROOT and path[:1] == ("Values",) else None
        return self.resolve(Ref((*context.path, *path), context.relative), sites)

    def find(self, path: Path, shown: str = "") -> Found | None:
        """Return the values key that supplies a path; `shown` is the text that was printed for it."""
        return find(self.layers, path, shown)


def paths_within(printed: str) -> dict[tuple[int, int], Path]:
    """Return the paths of keys and scalars by the 0-based line and column where they begin in YAML an action printed.

    The text may be indented as a whole. Empty when it does not parse.
    """
    lines = printed.split("\n")
    indent = min((len(text) - len(text.lstrip(" ")) for text in lines if text.strip()), default=0)
    try:
        root = read_places("\n".join(text[indent:] for text in lines))
    except BadYaml:
        return {}
    found: dict[tuple[int, int], Path] = {}
    for path, place in root.walk():
        for key, span in place.keys.items():
            found.setdefault((span.line - 1, span.column - 1 + indent), (*path, key))
        if place.kind == "scalar":
            found.setdefault((place.span.line - 1, place.span.column - 1 + indent), path)
    return found
