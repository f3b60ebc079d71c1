"""`keylint baseline`: the findings of today → a file that accepts them, and that only ever becomes shorter."""

import os.path
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, NamedTuple, ParamSpec

import click

from keylint import engine, gate, plugins
from keylint.api import Rule
from keylint.baseline import BadBaseline, Baseline, Entry, dump, is_nameable, load, taken
from keylint.manifest import discover
from keylint.manifest.source import Source
from keylint.report.escape import clean
from keylint.tally import Reported

from . import accepting
from .check import IDLE, Moment
from .live_options import Looking, live_options
from .one_manifest import one
from .stream import Broken, complain, emit, write

if TYPE_CHECKING:
    from keylint.manifest.organisation import OrganisationPolicy

P = ParamSpec("P")

EXIT_INCOMPLETE = 3
SUFFIX = ".baseline.json"


class Judged(NamedTuple):
    """One manifest as it was judged, by every rule there is."""

    judgement: engine.Judgement
    rules: tuple[Rule, ...]
    organisation: "OrganisationPolicy | None"


class Asked(NamedTuple):
    """What the command line says of what to judge, and of where the baseline lies."""

    path: str | None
    baseline: str | None
    policy: str | None
    live: bool
    evidence_files: tuple[str, ...]
    looking: Looking
    as_of: datetime | None


def _options(command: Callable[P, int]) -> Callable[..., int]:
    """Give a command the options of Asked, which it gets as one value, `asked`."""

    @wraps(command)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> int:
        kwargs["asked"] = Asked(**{name: kwargs.pop(name) for name in Asked._fields})  # type: ignore[arg-type]
        return command(*args, **kwargs)

    options = (
        click.argument("path", required=False, metavar="[PATH]"),
        click.option(
            "--baseline",
            metavar="FILE",
            help=f"Where it lies; beside keylint.toml it is keylint{SUFFIX} unless you say.",
        ),
        click.option("--policy", metavar="FILE", help="Hold the manifest to an organisation's policy."),
        click.option("--live", is_flag=True, help="Ask Binance too, with the keys whose credentials are here."),
        click.option(
            "--evidence",
            "evidence_files",
            multiple=True,
            metavar="FILE",
            help="Judge what `keylint observe` has written.",
        ),
        live_options,
        click.option("--as-of", type=Moment(), help="Judge as of this day or instant instead of now."),
    )
    decorated: Callable[..., int] = gathered
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


@click.group("baseline")
def command() -> None:
    """Accept the findings that are there today, visibly, and take out what is gone.

    `keylint check --baseline FILE` then fails for what is new alone. What is in the baseline is counted in every report
    and shown with --show-waived; what is gone from it is a finding itself (KL953). Nothing adds to a baseline but
    `create`.
    """


@command.command("create", short_help="Write a baseline of the findings of today.")
@_options
@click.option("--force", is_flag=True, help="Write over the baseline that is there.")
def create(*, asked: Asked, force: bool) -> int:
    """Write a baseline of every finding of a manifest that somebody may accept.

    PATH is one manifest; without it, the nearest keylint.toml is taken. Findings that a waiver accepts are left to it.
    What a baseline that is written over holds already keeps its day.

    Exit code: 0 written, 2 usage or unreadable input, 3 written, but something could not be decided.
    """
    source = _manifest(asked, "create")
    path = _where(asked, source)
    name = discover.shown(path)
    if os.path.lexists(path) and (not os.path.isfile(path) or _is_same(path, source)):
        what = "is the manifest" if os.path.isfile(path) else "is not an ordinary file"
        msg = f"{name}: {what}; name another with --baseline"
        raise Broken(msg)
    if os.path.lexists(path) and not force:
        msg = f"{name}: is there already; `keylint baseline prune` takes out what is gone, --force writes it anew"
        raise Broken(msg)
    judged = _judged(asked, source)
    report = gate.apply([judged.judgement], judged.rules, judged.organisation)
    terms = gate.Terms.of(judged.rules, judged.organisation)
    accepted = [it for it in report.findings if terms.acceptable(it.code) and is_nameable(it)]
    before = _before(path, name)
    made = taken(name, accepted, judged.judgement.as_of.date(), before)
    write(path, dump(made))
    entries = _count(len(made.entries), "entry", "entries")
    lines = [] if before is None else _differing(before, made)
    lines.append(f"{name}: {entries} for {_count(len(accepted), 'finding', 'findings')} of {source.name}")
    emit("".join(f"{clean(line)}\n" for line in lines))
    _say_what_still_counts([it for it in report.findings if it not in accepted])
    if report.unknown:
        number = _count(len(report.unknown), "check", "checks")
        complain(
            f"{number} could not be decided, and what they would find is not in the baseline: `keylint check` says why"
        )
    return EXIT_INCOMPLETE if report.unknown else 0


@command.command("prune")
@_options
def prune(*, asked: Asked) -> int:
    """Take out of a baseline what is gone. Nothing is ever added.

    PATH is one manifest; without it, the nearest keylint.toml is taken. An entry goes where its rule was judged, on its
    subject and on the sides on which it was found, and finds it no more; what came from Binance needs --live or
    --evidence.

    Exit code: 0 whether or not something went, 2 usage or unreadable input.
    """
    source = _manifest(asked, "prune")
    path = _where(asked, source)
    judged = _judged(asked, source)
    before = accepting.baseline(path, [source])
    uses = gate.uses(judged.judgement, gate.Terms.of(judged.rules, judged.organisation), before)
    gone = [use for use in uses if use.stale]
    if gone:
        write(path, dump(before.only(use.entry for use in uses if not use.stale)))
    lines = [_gone(use.entry) for use in gone]
    total, left = _count(len(uses), "entry", "entries"), len(uses) - len(gone)
    what = (
        f"{len(gone)} of {total} {'is' if len(gone) == 1 else 'are'} gone, {left} left"
        if gone
        else f"{total}, none gone"
    )
    unjudged = sum(not use.judged for use in uses)
    doubt = f"; {unjudged} of them could not be judged in this run, and stay" if unjudged else ""
    emit("".join(f"{clean(line)}\n" for line in [*lines, f"{before.name}: {what}{doubt}"]))
    return 0


def _say_what_still_counts(findings: Iterable[Reported]) -> None:
    counted = Counter(finding.code for finding in findings)
    if counted:
        number = _count(counted.total(), "finding", "findings")
        which = ", ".join(f"{code} ({count})" for code, count in sorted(counted.items()))
        complain(f"{number} that nobody may accept {'is' if counted.total() == 1 else 'are'} not in it: {which}")


def _differing(before: Baseline, made: Baseline) -> list[str]:
    """What comes into a baseline that is written anew, and what goes from it."""
    both = {**before.entries, **made.entries}
    return [
        _gone(both[name]) if name in before.entries else f"+ {name}"
        for name in sorted(before.entries.keys() ^ made.entries.keys())
    ]


def _gone(entry: Entry) -> str:
    return f"- {entry.fingerprint} (since {entry.since})"


def _manifest(asked: Asked, action: str) -> Source:
    """The one manifest that the command line means. Raises Broken."""
    if not _asking(asked) and asked.looking != Looking():
        raise Broken(IDLE)
    return one(asked.path, f"keylint baseline {action}")[0]


def _asking(asked: Asked) -> bool:
    return asked.live or asked.looking.sandbox is not None or asked.looking.endpoint is not None


def _is_same(path: str, source: Source) -> bool:
    return os.path.exists(source.name) and os.path.samefile(path, source.name)


def _where(asked: Asked, source: Source) -> str:
    """Where the baseline of the manifest `source` lies. Raises Broken."""
    if asked.baseline is not None:
        return asked.baseline
    if asked.path == discover.STDIN:
        msg = "standard input lies nowhere: say with --baseline where its baseline does"
        raise Broken(msg)
    return f"{os.path.splitext(source.name)[0]}{SUFFIX}"


def _before(path: str, name: str) -> Baseline | None:
    """The baseline that is there, if it is one that can be read."""
    try:
        return load(name, discover.read(path))
    except (discover.Unreadable, BadBaseline):
        return None


def _judged(asked: Asked, source: Source) -> Judged:
    """The manifest, judged by every rule there is. Raises Broken."""
    with redirect_stdout(sys.stderr):  # what a plugin prints is talk
        try:
            registry = plugins.load()
        except plugins.BrokenPlugin as error:
            raise Broken(str(error)) from None
        organisation = None if asked.policy is None else accepting.policy(asked.policy, registry)
        asking = _asking(asked)
        evidence, live = None, asking or bool(asked.evidence_files)
        if live:
            from .seeing import seen  # noqa: PLC0415 - the libraries of the network, where they are asked for

            evidence = seen([source], asked.evidence_files, asked.looking, asking=asking, as_of=asked.as_of)
        rules = gate.select(registry.rules, gate.Selection(), live=live)
        moment = asked.as_of or datetime.now(UTC)
        judgement = engine.run(source, rules, moment, registry.names, evidence, organisation)
    return Judged(judgement, rules, organisation)


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
