"""The text of an organisation's policy file → what it asks of every manifest, held to the rules that are loaded.

Nothing in a policy file loads anything: a plugin that it names has to be there already.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from .load import parsed
from .policy import Policy
from .positions import Path, PositionIndex
from .screen import screen
from .source import Violation, dotted
from .strictness import Leaf, Loosened, Value, leaves, over

SEVERITIES: Final = ("note", "warning", "error")
"""From the mildest to the gravest."""

# The patterns of the schema, matched whole. What they let through is shorter than any secret, and may be shown.
PLUGIN: Final = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,56}[A-Za-z0-9])?(>=[0-9]{1,9}(\.[0-9]{1,9}){0,5})?$"
RULE: Final = r"^[A-Za-z][A-Za-z0-9-]{0,58}$"

_FIELDS = frozenset({"version", "policy", "required_plugins", "unwaivable", "severity"})
_VERSION = re.compile(r"v?(?:([0-9]{1,9})!)?([0-9]{1,9}(?:\.[0-9]{1,9})*)(.*)", re.IGNORECASE)
_EARLY = re.compile(r"[-_.]?(?:a|b|c|rc|alpha|beta|pre|preview|dev)", re.IGNORECASE)
_MOST_SHOWN = 20


class BadPolicy(Exception):  # noqa: N818 - it is said to the user as it is
    """Why a file is no policy that can be held to. Its `problems` are sentences, each with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = f" (and {len(self.problems) - 1:,} more)" if len(self.problems) > 1 else ""
        super().__init__(self.problems[0] + more)


class Ruled(Protocol):
    """What there is to know of a rule here."""

    @property
    def code(self) -> str:
        """Its code."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def severity(self) -> str:
        """One of SEVERITIES."""


class OrganisationPolicy(NamedTuple):
    """What an organisation asks of every manifest."""

    name: str
    """How the file is called in messages."""
    thresholds: Mapping[Leaf, Value]
    """Those that it sets; a manifest may tighten them."""
    unwaivable: frozenset[str]
    """The codes of the rules whose findings nobody accepts."""
    severity: Mapping[str, str]
    """How much a finding matters at least, by the code of its rule; one of SEVERITIES."""

    def over(self, table: Mapping[str, Mapping[str, object]]) -> tuple[Policy, tuple[Loosened, ...]]:
        """The policy to judge a manifest by whose `[policy]` is `table`, and where that is looser than this one."""
        return over(leaves(table), self.thresholds)


def load(name: str, data: bytes, rules: Sequence[Ruled], packs: Iterable[tuple[str, str]]) -> OrganisationPolicy:
    """The policy in the bytes `data` of the file called `name`.

    `rules` are all rules that are loaded, `packs` the name and the version of each pack. Raises BadPolicy: of a file
    that breaks the schema, names a rule or a plugin that is not there, or lowers a severity.
    """
    text, values, fault = parsed(data)
    index = PositionIndex(text)
    if fault is not None:
        raise BadPolicy([f"{_place(name, index, fault.offset)}: {fault.message}"])
    wrong = _violations(values)
    if not wrong:
        wrong = [
            *_lacking(values.get("required_plugins", ()), packs),
            *_unfit(values.get("unwaivable", ()), rules),
            *_lowered(values.get("severity", {}), rules),
        ]
    if wrong:
        problems = [_located(violation, index, name) for violation in wrong[:_MOST_SHOWN]]
        if len(wrong) > _MOST_SHOWN:
            problems.append(f"{name}: has {len(wrong) - _MOST_SHOWN:,} more mistakes; correct these, then look again")
        raise BadPolicy(problems)
    raised: dict[str, str] = {}
    for word, severity in values.get("severity", {}).items():
        for rule in rules:
            if word in {rule.code, rule.name}:
                raised[rule.code] = max(severity, raised.get(rule.code, severity), key=SEVERITIES.index)
    return OrganisationPolicy(
        name,
        MappingProxyType(leaves(values.get("policy", {}))),
        frozenset(rule.code for rule in rules for word in values.get("unwaivable", ()) if _fits(rule, word)),
        MappingProxyType(raised),
    )


def _fits(rule: Ruled, word: str) -> bool:
    """Whether `word` is the code or the name of a rule, a prefix of its code, or ALL."""
    return word in {rule.code, rule.name, "ALL"} or rule.code.startswith(word)


# What is wrong.


def _violations(values: dict[str, Any]) -> list[Violation]:
    if _is_whole(values):
        return []
    # jsonschema costs nine times a bare interpreter, so it is imported where there is something to explain.
    from .explain import explain_policy  # noqa: PLC0415

    whole = Violation((), "does not fit the schema: compare it with `keylint schema policy`", "")
    return explain_policy(values) or [whole]


def _is_whole(values: dict[str, Any]) -> bool:
    """Whether a document fits the schema; `[policy]` is held to what a manifest's is."""
    severity = values.get("severity", {})
    return (
        _FIELDS.issuperset(values)
        and not screen({name: values[name] for name in ("version", "policy") if name in values})
        and _are(values.get("required_plugins", []), PLUGIN)
        and _are(values.get("unwaivable", []), RULE)
        and type(severity) is dict
        and _are([*severity], RULE)
        and all(type(word) is str and word in SEVERITIES for word in severity.values())
    )


def _are(values: object, pattern: str) -> bool:
    """Whether `values` is a list of strings that each fit `pattern`."""
    fits = re.compile(pattern).fullmatch
    return type(values) is list and all(type(value) is str and fits(value) for value in values)


def _lacking(required: Sequence[str], packs: Iterable[tuple[str, str]]) -> list[Violation]:
    """The plugins that have to be there and are not, or not in a version that is new enough."""
    there = {_normal(name): (name, version) for name, version in packs}
    found = []
    for number, wanted in enumerate(required):
        name, _, least = wanted.partition(">=")
        said = f"asks for the plugin {wanted}, "
        if _normal(name) not in there:
            said += f"which is not installed beside keylint: pip install '{wanted}'"
        elif least and not _reaches(there[_normal(name)][1], least):
            pack, version = there[_normal(name)]
            said += f"and {pack} {version or 'without a version'} is installed: pip install --upgrade '{wanted}'"
        else:
            continue
        found.append(Violation(("required_plugins", number), said, ""))
    return found


def _normal(name: str) -> str:
    """The name of a distribution as the packaging specifications compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _reaches(version: str, least: str) -> bool:
    """Whether a version (PEP 440) is at least `least`, which has numbers alone. What is no version reaches nothing."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return False
    epoch, release, rest = found.groups()
    if epoch is not None and int(epoch):
        return True
    have, want = _numbers(release), _numbers(least)
    return have > want or (have == want and not _EARLY.match(rest))


def _numbers(release: str) -> tuple[int, ...]:
    numbers = [int(part) for part in release.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _unfit(words: Sequence[str], rules: Sequence[Ruled]) -> list[Violation]:
    return [
        Violation(("unwaivable", number), f"names {_no_rule(word, rules)}", "")
        for number, word in enumerate(words)
        if not any(_fits(rule, word) for rule in rules)
    ]


def _lowered(severity: Mapping[str, str], rules: Sequence[Ruled]) -> list[Violation]:
    found = []
    for word, said in severity.items():
        meant = [rule for rule in rules if word in {rule.code, rule.name}]
        if not meant:
            found.append(Violation(("severity", word), f"names {_no_rule(word, rules)}", "", names=True))
        elif SEVERITIES.index(said) < SEVERITIES.index(meant[0].severity):
            own = str(meant[0].severity)
            message = f'lowers {meant[0].code}, which is "{own}" by itself; a policy raises severities and lowers none'
            found.append(Violation(("severity", word), message, ""))
    return found


def _no_rule(word: str, rules: Sequence[Ruled]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - where somebody mistyped

    words = [each for rule in rules for each in (rule.code, rule.name)]
    near = get_close_matches(word, words, 1) or get_close_matches(word.upper(), words, 1)
    return f"no rule that is loaded, {word}; " + (f"did you mean {near[0]}?" if near else "`keylint rules` lists them")


def _located(violation: Violation, index: PositionIndex, name: str) -> str:
    path: Path = violation.path
    span = index.key(path) if violation.names else None
    while span is None and path:
        span = index.value(path) or index.table(path) or index.key(path)
        path = path[:-1]
    where = dotted(violation.path) or "the file"
    return f"{_place(name, index, span.start if span else 0)}: {where} {violation.message}"


def _place(name: str, index: PositionIndex, offset: int) -> str:
    line, column = index.position(offset)
    return f"{name}:{line}:{column}"
