"""The `@rule` decorator: a typed generator becomes a Rule."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final

from opslint.engine.options import Option, read_option
from opslint.model.records import NamedTuple, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opslint.model.finding import Problems, Severity

RECOMMENDED: Final = "recommended"
STRICT: Final = "strict"
OPT_IN: Final = "opt-in"
PRESETS: Final = (RECOMMENDED, STRICT, OPT_IN)


class Each(NamedTuple):
    """What a rule is run for; made by the functions below, a closed set.

    `what` is workload, kind, container, resource, module_call, chart, file, unit, root_module, cluster, project,
    suppression or any_of;
    `names` the kinds or types wanted (none: all).
    """

    what: str
    names: tuple[str, ...] = ()
    system: bool = False  # objects of system namespaces too
    part: str = "all"  # containers: all | running | containers; kind: all | literals (unrendered templates' too)
    groups: tuple[str, ...] = ()  # API groups wanted (none: all)
    parts: tuple[Each, ...] = ()  # any_of: what it puts together

    @property
    def side(self) -> str:
        """`kubernetes`, `terraform` or `both`: what kind of input it needs."""
        if self.what in {"resource", "module_call", "root_module", "cluster"}:
            return "terraform"
        if self.what == "any_of":
            sides = {part.side for part in self.parts}
            return sides.pop() if len(sides) == 1 else "both"
        return "both" if self.what in {"file", "project", "suppression"} else "kubernetes"


def workload(*kinds: str, system: bool = False) -> Each:
    """Each object with a pod template (of these kinds), test hooks left out."""
    return Each("workload", kinds, system=system)


def kind(*kinds: str, groups: Sequence[str] = (), system: bool = True, literals: bool = False) -> Each:
    """Each object of these kinds (none: every object), of these API groups.

    With `literals`, those too of which only apiVersion and kind are known, in the templates of charts that do not
    render: their `is_literal` is true.
    """
    return Each("kind", kinds, system=system, part="literals" if literals else "all", groups=tuple(groups))


def container(part: str = "all", *, system: bool = False) -> Each:
    """Each container of a workload: `all`, `running` (main ones and native sidecars) or `containers`."""
    return Each("container", system=system, part=part)


def resource(*types: str) -> Each:
    """Each Terraform resource of these types, virtual ones of known modules included."""
    return Each("resource", types)


def module_call(*sources: str) -> Each:
    """Each Terraform module call; `sources` are globs of the source address."""
    return Each("module_call", sources)


def root_module() -> Each:
    """Each Terraform root module with each of its var-file sets."""
    return Each("root_module")


def cluster() -> Each:
    """Each EKS cluster that Terraform or eksctl declares."""
    return Each("cluster")


def chart() -> Each:
    """Each chart of the repository."""
    return Each("chart")


def file(*kinds: str) -> Each:
    """Each file that was read (`yaml`, `values`, `template`, `rendered`, `hcl` …)."""
    return Each("file", kinds)


def unit() -> Each:
    """Each unit: what is applied together to one cluster."""
    return Each("unit")


def project() -> Each:
    """The whole project, once."""
    return Each("project")


def any_of(*parts: Each) -> Each:
    """Each item of several kinds: for a rule that judges manifests and Terraform alike."""
    return Each("any_of", parts=parts)


def suppression() -> Each:
    """Each suppression of the repository, after all other rules: what it says, and what it silenced."""
    return Each("suppression")


class RuleError(Exception):
    """A rule is not written as the house asks."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule: its function and everything said about it."""

    id: str
    area: str
    title: str
    severity: Severity
    preset: str
    each: Each
    applies_to: str  # kubernetes | terraform | both | cross
    function: Callable[..., Problems]
    options: tuple[Option, ...]
    aliases: Mapping[str, tuple[str, ...]]
    related: Mapping[str, tuple[str, ...]]
    tags: tuple[str, ...]  # cis-eks-…, cis-k8s-…
    fixable: str  # safe | unsafe | no
    prod_only: bool
    preview: bool
    path: str
    line: int

    @property
    def page(self) -> str:
        """The docstring, Markdown."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first sentence of the page."""
        return " ".join(self.page.split("\n\n", 1)[0].split())

    @property
    def url(self) -> str:
        """Where the page is published: ours on the site; a third party's is known to `opslint explain` only, so ""."""
        ours = self.function.__module__.startswith("opslint_rules.")
        return f"https://opslint.dev/rules/{self.id}" if ours else ""


INCLUDE_NONPROD: Final = Option("include_nonprod", "bool", False, "also report in environments that are not production")


def rule(
    *,
    each: Each,
    severity: Severity,
    preset: str,
    applies_to: str = "",
    aliases: Mapping[str, Iterable[str]] | None = None,
    related: Mapping[str, Iterable[str]] | None = None,
    cis: Iterable[str] = (),
    tags: Iterable[str] = (),
    fixable: str = "no",
    prod_only: bool = False,
    preview: bool = False,
    options: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Problems]], Rule]:
    """Make a rule of a generator `def rule_id(item, project, *, option: type = default) -> Problems`.

    The function's name is the id, its package below `opslint_rules` (or the last but one package of a third-party
    pack) the area, its docstring the page. `options` maps an option's name to one line of help, `forms` to what its
    texts have to be (`Option.form`): other values are errors of the configuration. `prod_only` rules keep silent in an
    environment that is known not to be production, and get the option `include_nonprod`. `cis` are benchmark ids such
    as "EKS 1.8.0 4.2.1"; they become tags.

    Raises:
        RuleError: there is no docstring, an option has no default or no help, or the preset is unknown.
    """

    def make(function: Callable[..., Problems]) -> Rule:
        name = function.__name__
        if not function.__doc__:
            raise RuleError(f"rule {name} has no docstring: it is the rule's page")
        if preset not in PRESETS:
            raise RuleError(f"rule {name}: preset is one of {', '.join(PRESETS)}")
        id_ = name.replace("_", "-")
        return Rule(
            id=id_,
            area=_area(function.__module__),
            title=id_.replace("-", " ").capitalize(),
            severity=severity,
            preset=preset,
            each=each,
            applies_to=applies_to or each.side,
            function=function,
            options=_options(function, options or {}, forms or {}) + ((INCLUDE_NONPROD,) if prod_only else ()),
            aliases={peer: tuple(ids) for peer, ids in (aliases or {}).items()},
            related={peer: tuple(ids) for peer, ids in (related or {}).items()},
            tags=(*tags, *map(_cis_tag, cis)),
            fixable=fixable,
            prod_only=prod_only,
            preview=preview,
            path=function.__code__.co_filename,
            line=function.__code__.co_firstlineno,
        )

    return make


def _area(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 2 else parts[0]


def _cis_tag(benchmark: str) -> str:
    """`EKS 1.8.0 4.2.1` becomes `cis-eks-4.2.1`: the id of the control is what people search for."""
    product, _, number = benchmark.split(" ", 2)
    return f"cis-{product.lower()}-{number}"


def _options(
    function: Callable[..., Problems], help_of: Mapping[str, str], form_of: Mapping[str, str]
) -> tuple[Option, ...]:
    """Read the keyword-only parameters; not by inspect.signature, which costs more than importing the rule."""
    code = function.__code__
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    defaults = function.__kwdefaults__ or {}
    found = []
    for name in names:
        if name not in defaults:
            raise RuleError(f"rule {function.__name__}: option {name} has no default")
        if name not in help_of:
            raise RuleError(f"rule {function.__name__}: option {name} has no line in options={{…}}")
        found.append(read_option(function, name, defaults[name], help_of[name], form_of.get(name, "")))
    return tuple(found)
