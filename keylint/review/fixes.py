"""A manifest and its findings → the edits of its text that need no person to decide, and the text with them applied."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from keylint.api import PERMISSION, Rule, Side, Source, Waiver
from keylint.engine import Report
from keylint.manifest.addresses import Network, network
from keylint.manifest.load import load
from keylint.manifest.positions import Path, Span
from keylint.tally import Reported, Unknown

from .text_edits import Edit, applied, element_gone, table_gone

ROUNDS: Final = 10
"""How often a manifest is looked at anew: of two edits that meet, the second waits for the next round."""

UNTOUCHABLE: Final = frozenset({"KL001", "KL002", "KL003"})
"""What keeps a manifest from being edited: what it says is not known for certain."""

_WAIVER_EXPIRED, _WAIVER_UNUSED, _UNNEEDED = "KL950", "KL951", "KL102"
_LISTS: Final = (
    ("accounts", "admin_ips"),
    ("providers", "egress_ips"),
    ("bots", "egress_ips"),
    ("keys", "ip_allowlist"),
)

_PLAIN: Final = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
"""An IPv4 address, of which there is one spelling."""

Trace = tuple[object, ...]
"""What a finding is about, in words that stay the same when a waiver in front of it goes."""


class Fix(NamedTuple):
    """What to edit, and what that mends."""

    edits: tuple[Edit, ...]
    code: str | None
    """The rule whose finding it clears; None where no rule speaks of it: addresses are put in order."""
    subject: str
    change: str
    """What it does, as in "takes futures out of permissions"."""
    safe: bool
    """False where it may say less than is true, or than is needed where live state is looked at."""
    trace: Trace
    note: str | None = None
    """What is to be done besides, by a person."""


class Refused(NamedTuple):
    """A fix that was tried and not applied, and why."""

    fix: Fix
    why: str


class Settled(NamedTuple):
    """What became of one manifest."""

    source: Source
    """With the fixes applied."""
    report: Report
    done: tuple[Fix, ...]
    left: tuple[Fix, ...]
    """Those that are not safe, where only safe ones were asked for."""
    refused: tuple[Refused, ...]


class Scope(NamedTuple):
    """Which fixes are asked for."""

    rules: Mapping[str, Rule]
    """Every rule that was judged, by code."""
    unsafe: bool = False
    tidy: bool = True
    """Whether addresses are put in order, of which no rule speaks."""
    unwaivable: Collection[str] = ()
    """The codes of the rules that the organisation lets nobody waive."""
    unseen: Collection[tuple[str, str]] = ()
    """The code and the subject of the live checks whose question did not arise."""


def untouchable(source: Source, report: Report) -> bool:
    """Whether a manifest is too broken to be edited: by its TOML, its schema, or a reference that leads nowhere."""
    manifest = source.manifest
    found = {finding.code for finding in report.findings} | {waived.finding.code for waived in report.waived}
    return manifest is None or bool(manifest.dangling) or not UNTOUCHABLE.isdisjoint(found)


def fixes(source: Source, report: Report, scope: Scope) -> tuple[Fix, ...]:
    """Every fix for one manifest, safe or not, in the order of the report; `report` is on this manifest alone."""
    if untouchable(source, report):
        return ()
    found = [fix for finding in report.findings if (fix := _of(source, report, scope, finding)) is not None]
    return (*found, *(_tidied(source) if scope.tidy else ()))


def settle(source: Source, judge: Callable[[Source], Report], scope: Scope) -> Settled:
    """Apply all fixes of `scope` to one manifest that leave it better and nothing worse, as `judge` sees it."""
    report = judge(source)
    done, refused, tried = list[Fix](), dict[Trace, Refused](), list[Refused]()
    for _ in range(ROUNDS):
        asked = [fix for fix in fixes(source, report, scope) if fix.safe or scope.unsafe]
        batch = _apart([fix for fix in asked if fix.trace not in refused])
        if not batch:
            break
        trial = _Trial(source, report, judge, scope)
        trial.settle(batch)
        tried = trial.refused
        if trial.kept:
            done += trial.kept
            source, report = trial.source, trial.report
            refused = {}  # what did harm to the text before may do none now
        else:
            refused |= {each.fix.trace: each for each in tried}
    rest = fixes(source, report, scope)
    still = {fix.trace for fix in rest}
    why = {each.fix.trace: each for each in tried} | refused
    left = tuple(fix for fix in rest if not fix.safe and not scope.unsafe)
    return Settled(source, report, tuple(done), left, tuple(each for trace, each in why.items() if trace in still))


class _Trial:
    """One round over one text: which of its fixes can be applied together."""

    def __init__(self, source: Source, report: Report, judge: Callable[[Source], Report], scope: Scope) -> None:
        self.original, self.judge, self.scope = source, judge, scope
        self.before = _traces(source, report, scope)
        self.source, self.report = source, report
        self.kept: list[Fix] = []
        self.refused: list[Refused] = []

    def settle(self, batch: Sequence[Fix]) -> None:
        """Keep those of `batch` that do what they say; halves are tried where the whole does not hold."""
        if not batch:
            return
        together = [*self.kept, *batch]
        text = applied(self.original.text, [edit for fix in together for edit in fix.edits])
        source = load(self.original.name, text.encode())
        report = self.judge(source)
        why = self._why_not(together, source, report)
        if why is None:
            self.kept, self.source, self.report = together, source, report
        elif len(batch) == 1:
            self.refused.append(Refused(batch[0], why))
        else:
            self.settle(batch[: len(batch) // 2])
            self.settle(batch[len(batch) // 2 :])

    def _why_not(self, together: Sequence[Fix], source: Source, report: Report) -> str | None:
        """What is wrong with the edited text, if anything is."""
        if source.manifest is None:
            return "the manifest would be broken"
        after = _traces(source, report, self.scope)
        if new := after - self.before:
            return f"it would bring in {' and '.join(sorted({str(trace[0]) for trace in new}))}"
        cleared = Counter(fix.trace for fix in together)
        if any(after[trace] > self.before[trace] - count for trace, count in cleared.items()):
            return "it would not clear what it is for"
        return None


def _apart(found: Iterable[Fix]) -> list[Fix]:
    """The fixes of which no two meet: of those that do, the first."""
    taken, kept = list[Edit](), list[Fix]()
    for fix in found:
        places = [(edit, bisect_left(taken, edit)) for edit in fix.edits]
        if any(
            (at and taken[at - 1].end > edit.start) or (at < len(taken) and taken[at].start < edit.end)
            for edit, at in places
        ):
            continue
        kept.append(fix)
        for edit in fix.edits:
            taken.insert(bisect_left(taken, edit), edit)
    return kept


def _of(source: Source, report: Report, scope: Scope, finding: Reported) -> Fix | None:
    """What clears a finding, if no person is needed to say so."""
    manifest = source.manifest
    if manifest is None or finding.side is not Side.DECLARED or finding.observed_at is not None:
        return None  # what Binance has, no edit of a manifest takes away
    trace = _trace(source, finding)
    if finding.code in {_WAIVER_EXPIRED, _WAIVER_UNUSED}:
        waiver = manifest.waivers[int(finding.subject.removeprefix("waivers[").removesuffix("]"))]
        code = _code(scope, waiver)
        safe = finding.code == _WAIVER_EXPIRED or _is_useless(report, scope, waiver, code)
        change = f"deletes the waiver of {waiver.rule} on {waiver.on}"
        return Fix((_waiver_gone(source, waiver),), finding.code, finding.subject, change, safe, trace)
    if finding.code == _UNNEEDED:
        token = finding.fingerprint.rpartition("=")[2]
        path: Path = ("keys", finding.subject.removeprefix("keys."), "permissions")
        listed = _listed(source, path)
        edits = _gone(source, path, [index for index, each in enumerate(listed) if each == token])
        label = PERMISSION[token].label
        note = f'the manifest says less than Binance has until "{label}" is unticked in API Management'
        return Fix(edits, finding.code, finding.subject, f"takes {token} out of permissions", False, trace, note)
    return None


def _is_useless(report: Report, scope: Scope, waiver: Waiver, code: str | None) -> bool:
    """Whether a waiver that was not used here is of no use anywhere.

    One of a rule that also judges live state may be what accepts a finding there, where nobody looked this time.
    """
    rule = None if code is None else scope.rules.get(code)
    if rule is None or not waiver.in_force(report.as_of.date()):
        return rule is not None
    if not rule.waivable or rule.code in scope.unwaivable or Side.LIVE not in rule.sides:
        return True
    return report.live is not None and (rule.code, waiver.on) not in scope.unseen


def _code(scope: Scope, waiver: Waiver) -> str | None:
    return next((rule.code for rule in scope.rules.values() if waiver.rule in {rule.code, rule.name}), None)


def _waiver_gone(source: Source, waiver: Waiver) -> Edit:
    path: Path = ("waivers", waiver.number)
    header = source.positions.table(path)
    if header is None:  # a list of inline tables
        (edit,) = _gone(source, ("waivers",), [waiver.number])
        return edit
    values = [source.positions.value((*path, field)) for field in source.values["waivers"][waiver.number]]
    return table_gone(source.text, header.start, max(span.end for span in values if span is not None))


def _gone(source: Source, path: Path, indices: Iterable[int]) -> tuple[Edit, ...]:
    """The edits that take elements out of a list; those that meet become one."""
    whole, spans = source.positions.value(path), _spans(source, path)
    edits: list[Edit] = []
    for index in indices:
        if whole is None or spans is None:
            return ()
        edit = element_gone(source.text, whole, spans, index)
        if edits and edit.start < edits[-1].end:  # the last element takes the comma of the one before it along
            edit = edit._replace(start=edits.pop().start)
        edits.append(edit)
    return tuple(edits)


def _spans(source: Source, path: Path) -> list[Span] | None:
    """Where the elements of a list stand."""
    spans = [source.positions.value((*path, index)) for index in range(len(_listed(source, path)))]
    known = [span for span in spans if span is not None]
    return known if len(known) == len(spans) else None


def _listed(source: Source, path: Path) -> list[object]:
    value: object = source.values
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _tidied(source: Source) -> Iterator[Fix]:
    """What puts lists of addresses in order: each address once, and in its normal form. What they mean stays."""
    for section, field in _LISTS:
        for name in source.values.get(section, ()):
            path = (section, name, field)
            words = [str(word) for word in _listed(source, path)]
            if not words or (len(set(words)) == len(words) and all(re.fullmatch(_PLAIN, word) for word in words)):
                continue
            whole, spans = source.positions.value(path), _spans(source, path)
            if whole is not None and spans is not None:
                yield from _tidied_list(source.text, path, words, (whole, spans))


def _tidied_list(
    text: str, path: tuple[str, str, str], words: Sequence[str], places: tuple[Span, Sequence[Span]]
) -> Iterator[Fix]:
    section, name, field = path
    subject, (whole, spans) = f"{section}.{name}", places
    seen = set[Network]()
    for index, word in enumerate(words):
        found = network(word)
        if found is None:
            continue
        if found in seen:
            edit = element_gone(text, whole, spans, index)
            change = f"takes {word} out of {field}, where it stands already"
            yield Fix((edit,), None, subject, change, safe=True, trace=("a repeated address", subject, field, found))
        elif (normal := written(found)) != word and network(normal) == found:
            quote = "'" if text[spans[index].start] == "'" else '"'
            edit = Edit(*spans[index], f"{quote}{normal}{quote}")
            change = f"writes {word} in {field} as {normal}"
            yield Fix((edit,), None, subject, change, safe=True, trace=("an unusual spelling", subject, field, found))
        seen.add(found)


def written(found: Network) -> str:
    """The normal form of a network: IPv6 as RFC 5952 has it, and no prefix behind a single address."""
    from ipaddress import IPv4Address, IPv6Address  # noqa: PLC0415 - only what is edited needs it

    size = found.last - found.first + 1
    bits = 32 if found.version == 4 else 128  # noqa: PLR2004 - the versions of IP
    address = str(IPv4Address(found.first) if bits == 32 else IPv6Address(found.first))  # noqa: PLR2004
    return address if size == 1 else f"{address}/{bits + 1 - size.bit_length()}"


def _traces(source: Source, report: Report, scope: Scope) -> Counter[Trace]:
    """Everything that is wrong, or not known, or not in order."""
    found = Counter(_trace(source, finding) for finding in report.findings)
    found.update(_doubt(source, unknown) for unknown in report.unknown)
    if scope.tidy and source.manifest is not None:
        found.update(fix.trace for fix in _tidied(source))
    return found


def _trace(source: Source, finding: Reported) -> Trace:
    # A rule about the text has its message in its fingerprint, every other one its field.
    if finding.path is None:
        return (finding.code, finding.fingerprint, finding.side)
    field, _, item = finding.fingerprint.split("/", 2)[2].partition("=")
    return (finding.code, _subject(source, finding.subject), field, network(item) or item, finding.side)


def _doubt(source: Source, unknown: Unknown) -> Trace:
    return (unknown.code, _subject(source, unknown.subject), unknown.reason, unknown.side)


def _subject(source: Source, subject: str) -> object:
    """A subject as it is called whatever went before it: a waiver by all that it says."""
    manifest = source.manifest
    if manifest is not None and subject.startswith("waivers["):
        return manifest.waivers[int(subject[len("waivers[") : -1])]._replace(number=0)
    return subject
