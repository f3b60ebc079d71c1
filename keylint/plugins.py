"""Built-in and installed rule packs → registry; what cannot be loaded whole stops the run."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import reduce
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple, get_args

import pluggy

from . import entry_points
from .api import EVERY_STATUS, Rule, Severity, Side

GROUP = "keylint"
BUILT_IN = "keylint.rules"
"""Loaded by name, because type checkers do not follow the package mapping of an editable install."""

RULE_TYPES = get_args(Rule)
CODE = "(?!KL)[A-Z]{2,8}[0-9]{3,4}"
NAME = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
ENTRY_POINT = r"(\w+(?:\.\w+)*)\s*(?::\s*(\w+(?:\.\w+)*)\s*)?(?:\[.*\]\s*)?"
OFF_THE_PATH = "take that off the path (see PYTHONPATH)"

hookspec = pluggy.HookspecMarker(GROUP)


class Hooks:
    """What a plugin may implement."""

    @staticmethod
    @hookspec
    def keylint_rules() -> Sequence[Rule]:  # type: ignore[empty-body]
        """The rules that a pack brings, in the order in which they are to be listed."""


class Pack(NamedTuple):
    """A distribution that brings rules."""

    name: str
    version: str
    rules: tuple[Rule, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()


class Registry(NamedTuple):
    """Every rule that is loaded, in the order of codes, and who brought it."""

    packs: tuple[Pack, ...]
    rules: tuple[Rule, ...]
    names: Mapping[str, str]
    """The code of each rule, by its code and by its name."""


class BrokenPlugin(Exception):  # noqa: N818 - it is said to the user as it is
    """A plugin that cannot be loaded whole. Says which, in which version, what is wrong, and what to do."""


def load(*, live: bool = True) -> Registry:
    """Every rule of the built-in pack and of the packs installed beside keylint. Raises BrokenPlugin.

    Without `live`, the built-in rules that judge live state alone are known by name and not loaded.
    """
    from . import __version__  # noqa: PLC0415 - the package is still being imported where this module is

    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    built_in = import_module(BUILT_IN)
    manager.register(built_in, BUILT_IN)
    own = [*_brought(manager, BUILT_IN), *(built_in.live_rules() if live else ())]
    packs = [Pack(GROUP, __version__, tuple(sorted(own, key=lambda rule: rule.code)))]
    # What a pack prints must not end up in what a program reads.
    with redirect_stdout(sys.stderr):
        packs += [_pack(manager, entry) for entry in _installed()]
    return _registry(packs, {} if live else built_in.LIVE)


def _installed() -> tuple[entry_points.EntryPoint, ...]:
    try:
        found = entry_points.find(GROUP)
    except entry_points.UnreadableMetadata as error:
        msg = f"the metadata of an installed package cannot be read: {error}; reinstall it"
        raise BrokenPlugin(msg) from error
    for entry in found.refused:
        msg = (
            f"{entry.distribution} {entry.version} was found in {entry.folder or 'the current folder'}, which is on "
            "Python's path but is no site folder: whoever can write there could run code here; "
            f"{OFF_THE_PATH}, or install it with pip"
        )
        raise BrokenPlugin(msg)
    return found.accepted


def _pack(manager: pluggy.PluginManager, entry: entry_points.EntryPoint) -> Pack:
    """The pack behind one entry point, each of its rules held to what a rule must be."""
    pack = Pack(entry.distribution, entry.version, ())
    with _blaming(pack, "cannot be imported"):
        plugin = _imported(pack, entry)
    name = f"{pack} {entry.name}"
    with _blaming(pack, "cannot be registered"):
        manager.register(plugin, name)
        manager.check_pending()
    with _blaming(pack, "failed in keylint_rules"):
        rules = _brought(manager, name)
    if not rules:
        raise _broken(pack, "brings no rules: no function keylint_rules with keylint.api.hookimpl returns one")
    for rule in rules:  # the suite holds keylint's own to the same
        wrong = wrong_with(rule)
        if wrong is not None:
            raise _broken(pack, wrong)
    # Imported where there is a third-party rule: it costs a millisecond.
    from .bounded import bounded  # noqa: PLC0415

    return pack._replace(rules=tuple(rule._replace(check=bounded(rule.check)) for rule in rules))  # type: ignore[arg-type]


def _imported(pack: Pack, entry: entry_points.EntryPoint) -> object:
    """What the entry point names: a module, or something in one."""
    found = re.fullmatch(ENTRY_POINT, entry.value)
    if found is None:
        raise _broken(pack, f"has an entry point that names no module: {entry.name} = {entry.value}")
    module, attributes = found.groups()
    hidden_by = _hidden_by(module, entry.folder)
    if hidden_by is not None:
        msg = f"{pack} is hidden by {hidden_by}, which Python would import in place of its {module}; {OFF_THE_PATH}"
        raise BrokenPlugin(msg)
    return reduce(getattr, attributes.split(".") if attributes else (), import_module(module))


def _hidden_by(module: str, folder: str) -> str | None:
    """What Python would import for `module` from before `folder` on its path; editable packs lie behind it."""
    from importlib.machinery import PathFinder  # noqa: PLC0415 - needed where there is a third-party pack

    path: Sequence[str] = sys.path[: sys.path.index(folder)]
    for part in module.split("."):
        spec = PathFinder.find_spec(part, path)
        if spec is None:
            return None
        if spec.origin is not None:
            return spec.origin
        path = list(spec.submodule_search_locations or ())  # a folder without __init__.py, which hides nothing itself
    return None


def _brought(manager: pluggy.PluginManager, plugin: str) -> list[Rule]:
    """What the hook of the registered `plugin` returns."""
    others = [other for name, other in manager.list_name_plugin() if name != plugin]
    rules: list[Rule] = []
    for answer in manager.subset_hook_caller("keylint_rules", others)():
        if not isinstance(answer, list | tuple):
            msg = f"it returned {type(answer).__name__} where a list of rules was due"
            raise TypeError(msg)
        rules += answer
    return rules


def wrong_with(rule: object) -> str | None:
    """What keeps a value that a plugin returned from being a rule of a third party; None where nothing does."""
    if not isinstance(rule, RULE_TYPES):
        return f"returned {type(rule).__name__} where a rule was due"
    if not (isinstance(rule.code, str) and re.fullmatch(CODE, rule.code)):
        msg = "which is not letters and digits such as ACME001, or begins with KL, as keylint's own do"
        return f"returned a rule with the code {rule.code!r:.40}, {msg}"
    statuses = getattr(rule, "statuses", EVERY_STATUS)
    good = {
        "name": isinstance(rule.name, str) and re.fullmatch(NAME, rule.name),
        "summary": isinstance(rule.summary, str) and rule.summary and rule.summary.isprintable(),
        "severity": isinstance(rule.severity, Severity),
        "check": callable(rule.check),
        "statuses": isinstance(statuses, frozenset) and statuses and statuses <= EVERY_STATUS,
        "waivable": isinstance(rule.waivable, bool),
        "sides": isinstance(rule.sides, tuple) and rule.sides and all(isinstance(it, Side) for it in rule.sides),
        "on": rule.on == type(rule)._field_defaults["on"],
    }
    for field, holds in good.items():
        if not holds:
            return f"returned {rule.code}, whose {field} is {getattr(rule, field)!r:.80} (see keylint.api)"
    return None


def _registry(packs: Sequence[Pack], later: Mapping[str, str]) -> Registry:
    """The registry of `packs`; `later` are rules of the first one that are not loaded, by code."""
    names = {word: code for code, name in later.items() for word in (code, name)}
    owners = dict.fromkeys(names, packs[0])
    for pack in packs:
        for rule in pack.rules:
            for word in (rule.code, rule.name):
                if word in owners:
                    raise _broken(pack, f"claims {word}, which {owners[word]} has already")
                owners[word] = pack
                names[word] = rule.code
    rules = sorted((rule for pack in packs for rule in pack.rules), key=lambda rule: rule.code)
    return Registry(tuple(packs), tuple(rules), MappingProxyType(names))


@contextmanager
def _blaming(pack: Pack, what: str) -> Iterator[None]:
    """Whatever a plugin raises while it is loaded → BrokenPlugin, but for an interruption."""
    try:
        yield
    except (BrokenPlugin, KeyboardInterrupt):
        raise
    except BaseException as error:
        lines = str(error).splitlines()
        why = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
        raise _broken(pack, f"{what}: {why}") from error


def _broken(pack: Pack, what: str) -> BrokenPlugin:
    advice = "repair, pin or uninstall it: a plugin that does not load whole is a rule that does not judge"
    return BrokenPlugin(f"{pack} {what}; {advice}")
