"""`keylint check`: manifests, and what Binance says of them → report."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import click

from keylint import engine, gate, plugins
from keylint.api import Rule, Severity, Source
from keylint.manifest import discover
from keylint.manifest.load import load
from keylint.report import FORMATS, Style, render

from .live_options import Looking, live_options
from .stream import EXIT_UNUSABLE, Broken, complain, emit, write

if TYPE_CHECKING:
    from keylint.baseline import Baseline
    from keylint.evidence.model import Evidence
    from keylint.manifest.organisation import OrganisationPolicy

IDLE = (
    "nobody is asked, and an option says how to ask (--secrets-dir, --keyring, --activity, --keys-only, "
    "--allow-untrusted or --timeout); add --live, --sandbox or --endpoint, or leave it out"
)

UNSAFE_ALONE = "--unsafe-fixes says which fixes to apply; add --fix or --diff"
DIFF_IS_NO_REPORT = "--diff prints what would change and no report; leave --format and --output out"
NOTHING_TO_WRITE = "--fix writes into files, and standard input is none; name the manifest, or use --diff"

NARROW, WIDE = 40, 120
UNKNOWN_WIDTH = 80
"""The width of a report that is not shown on a terminal, so that it is the same everywhere."""


class Moment(click.ParamType[datetime]):
    """A day, or an instant with its offset from UTC; a day means its first moment in UTC."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant that `value` means, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            parsed = datetime.fromisoformat(str(value))
            return (parsed if parsed.tzinfo else datetime.combine(parsed, parsed.time(), UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            hint = "is neither a day such as 2026-11-20 nor an instant such as 2026-11-20T09:30:00Z"
            self.fail(f"{value!r} {hint}", param, ctx)


class Given(NamedTuple):
    """A manifest as it was given."""

    source: Source
    path: str
    """discover.STDIN for standard input."""
    data: bytes


class Judging(NamedTuple):
    """By what manifests are judged in this run."""

    rules: tuple[Rule, ...]
    as_of: datetime
    names: Mapping[str, str]
    evidence: "list[Evidence] | None"
    organisation: "OrganisationPolicy | None"
    baseline: "Baseline | None"

    def judgement(self, source: Source) -> engine.Judgement:
        """What the rules say of one manifest."""
        return engine.run(source, self.rules, self.as_of, self.names, self.evidence, self.organisation)

    def report(self, judgements: Sequence[engine.Judgement]) -> engine.Report:
        """The report on manifests."""
        return gate.apply(judgements, self.rules, self.organisation, self.baseline)


class Mending(NamedTuple):
    """Which fixes are asked for."""

    fix: bool
    diff: bool
    unsafe: bool


class Destination(click.ParamType[tuple[str, str]]):
    """FORMAT=PATH."""

    name = "format=path"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The format and the path."""
        name, equals, path = str(value).partition("=")
        if name not in FORMATS or not equals or not path:
            self.fail(f"{value!r} is not FORMAT=PATH with one of {', '.join(FORMATS)}", param, ctx)
        return name, path


def _codes(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--live", is_flag=True, help="Ask Binance too, with the keys whose credentials are here.")
@click.option(
    "--evidence", "evidence_files", multiple=True, metavar="FILE", help="Judge what `keylint observe` has written."
)
@live_options
@click.option("--select", multiple=True, callback=_codes, metavar="RULES", help="Judge by these rules alone.")
@click.option("--extend-select", multiple=True, callback=_codes, metavar="RULES", help="Judge by these as well.")
@click.option("--ignore", multiple=True, callback=_codes, metavar="RULES", help="Leave these rules out.")
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="What to print."
)
@click.option("--output", "outputs", type=Destination(), multiple=True, help="Write a report to a file as well.")
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.WARNING.value,
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option("--policy", metavar="FILE", help="Hold manifests to an organisation's policy.")
@click.option("--baseline", metavar="FILE", help="Count no finding that stands in this baseline.")
@click.option("--fix", is_flag=True, help="Mend in the files what needs no person to decide, and print what remains.")
@click.option("--diff", is_flag=True, help="Print what --fix would change, and change nothing.")
@click.option("--unsafe-fixes", is_flag=True, help="Apply fixes too after which a manifest may say too little.")
@click.option("--as-of", type=Moment(), help="Judge as of this day or instant instead of now.")
@click.option("--show-waived", is_flag=True, help="Show accepted findings too.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and unknowns, and no summary.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Use colours."
)
@click.option("--stdin-filename", default="<stdin>", metavar="NAME", help="What to call standard input in reports.")
def command(  # noqa: PLR0913 - one parameter an option
    *,
    paths: tuple[str, ...],
    live: bool,
    evidence_files: tuple[str, ...],
    looking: Looking,
    select: tuple[str, ...],
    extend_select: tuple[str, ...],
    ignore: tuple[str, ...],
    format_: str,
    outputs: tuple[tuple[str, str], ...],
    fail_on: str,
    policy: str | None,
    baseline: str | None,
    fix: bool,
    diff: bool,
    unsafe_fixes: bool,
    as_of: datetime | None,
    show_waived: bool,
    statistics: bool,
    quiet: bool,
    color: str,
    stdin_filename: str,
) -> int:
    """Judge manifests and print what breaks a rule.

    PATH is a manifest, a folder (all keylint.toml below it, but for those that git ignores) or - for standard input.
    Without one, the nearest keylint.toml is judged: in this folder or above it, up to the repository's root.

    RULES are codes (KL101), prefixes of codes (KL1), names (withdrawals-enabled) or ALL, separated by commas; where two
    fit a rule, the longer one wins. KL001 and KL002 are always judged.

    Live state is judged with --live, --evidence, --sandbox or --endpoint, for one manifest; without them nothing is
    looked up on the network.

    Exit code: 0 clean, 1 findings, 2 usage or unreadable input, 3 no finding, but something could not be decided. With
    --diff: 0 nothing to change, 1 something to change, or a manifest too broken to say so.
    """
    # What a plugin prints must not end up in a report that a program reads.
    with redirect_stdout(sys.stderr):
        try:
            _refuse(Mending(fix, diff, unsafe_fixes), paths, reports=format_ != "text" or bool(outputs))
            asking = live or looking.sandbox is not None or looking.endpoint is not None
            if not asking and looking != Looking():
                raise Broken(IDLE)
            live = asking or bool(evidence_files)
            # What is left out by name has to be known by name, and is loaded for that.
            registry = plugins.load(live=live or bool(select or ignore or extend_select) or policy is not None)
            rules = gate.select(registry.rules, gate.Selection(select, ignore, extend_select), live=live)
            given, unreadable = _given(paths, stdin_filename)
            sources = [each.source for each in given]
        except (plugins.BrokenPlugin, gate.BadSelector, discover.Unreadable) as error:
            raise Broken(str(error)) from None
        organisation, held = _accepted(policy, baseline, registry, sources)
        evidence: list[Evidence] | None = None
        if live:
            # A commit hook, which looks at no live state, does not pay for what looks at it.
            from .seeing import seen  # noqa: PLC0415

            evidence = seen(sources, evidence_files, looking, asking=asking, as_of=as_of)
        moment = as_of or datetime.now(UTC)
        judging = Judging(rules, moment, registry.names, evidence, organisation, held)
        report = judging.report([judging.judgement(source) for source in sources]) if sources else None
    if report is None:  # what could not be read has been said
        return EXIT_UNUSABLE
    if fix or diff:
        # A commit hook, which mends nothing, does not pay for what does.
        from . import fixing  # noqa: PLC0415

        mended = fixing.mend(given, judging, unsafe=unsafe_fixes, tidy=not select or gate.ALL in select)
        if diff:
            return EXIT_UNUSABLE if unreadable else fixing.show(mended, quiet=quiet)
        fixing.write(mended, write, quiet=quiet)
        report = judging.report(mended.judgements)
    style = _style(color, show_waived=show_waived, statistics=statistics, quiet=quiet)
    emit(render(format_, report, style))
    for name, path in outputs:
        write(path, render(name, report, style._replace(color=False, width=UNKNOWN_WIDTH)))
    return EXIT_UNUSABLE if unreadable else gate.exit_code(report, Severity(fail_on))


def _refuse(mending: Mending, paths: tuple[str, ...], *, reports: bool) -> None:
    """Raise Broken where options about fixes do not go together; `reports` are asked for."""
    if mending.unsafe and not (mending.fix or mending.diff):
        raise Broken(UNSAFE_ALONE)
    if mending.diff and reports:
        raise Broken(DIFF_IS_NO_REPORT)
    if mending.fix and not mending.diff and discover.STDIN in paths:
        raise Broken(NOTHING_TO_WRITE)


def _accepted(
    policy: str | None, baseline: str | None, registry: plugins.Registry, sources: list[Source]
) -> "tuple[OrganisationPolicy | None, Baseline | None]":
    """The organisation's policy and the baseline that options name. Raises Broken."""
    if policy is None and baseline is None:
        return None, None  # a commit hook that names neither does not pay for what reads them
    from . import accepting  # noqa: PLC0415

    organisation = accepting.policy(policy, registry) if policy is not None else None
    return organisation, accepting.baseline(baseline, sources) if baseline is not None else None


def _given(paths: tuple[str, ...], stdin_name: str) -> tuple[list[Given], bool]:
    """The manifests that `paths` mean, and whether one of them could not be read, which is said at once."""
    found = discover.expand(paths)
    for path in found.ignored:
        complain(f"{path} is ignored by git and was left out; name it to judge it")
    names: dict[str, int] = {}
    given, unreadable = [], False
    for path in found.files:
        name = stdin_name if path == discover.STDIN else discover.shown(path)
        try:
            data = discover.standard_input() if path == discover.STDIN else discover.read(path)
        except discover.Unreadable as error:
            complain(f"{name}: {error}")
            unreadable = True
            continue
        # Standard input is called what somebody says; two of one name could not be told apart.
        count = names[name] = names.get(name, 0) + 1
        given.append(Given(load(name if count == 1 else f"{name} ({count})", data), path, data))
    return given, unreadable


def _style(color: str, *, show_waived: bool, statistics: bool, quiet: bool) -> Style:
    terminal = sys.stdout is not None and sys.stdout.isatty()
    width = UNKNOWN_WIDTH
    if terminal:
        try:
            width = max(NARROW, min(WIDE, os.get_terminal_size(sys.stdout.fileno()).columns or UNKNOWN_WIDTH))
        except OSError:
            width = UNKNOWN_WIDTH
    return Style(_colored(color, terminal=terminal), width, show_waived, statistics, quiet)


def _colored(color: str, *, terminal: bool) -> bool:
    """Colours as asked for; else NO_COLOR and FORCE_COLOR as https://no-color.org has them; else on a terminal."""
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"
