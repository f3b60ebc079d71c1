"""`keylint plan`: a manifest, and what Binance says of it → what to change in API Management, and how."""

import os.path
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from keylint.manifest import discover

from .check import IDLE, Moment
from .live_options import Looking, live_options
from .one_manifest import one
from .stream import Broken, emit, write
from .terminal import colored, width

if TYPE_CHECKING:
    from keylint.review.planned import Plan

EXIT_UNKNOWN = 3
DETAILED_NOTHING, DETAILED_ERROR, DETAILED_CHANGES = 0, 1, 2
"""As `terraform plan -detailed-exitcode` has them."""

FORMATS: Final = {"text": "plan_text", "markdown": "plan_markdown", "json": "plan_file"}
_DETAILED = "--detailed-exitcode"


class Detailed(click.Command):
    """A command that, asked for detailed exit codes, ends with 1 for whatever keeps it from doing its work.

    Its usual 2 would say to whoever reads those codes that there is something to change.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        """The parsed arguments; what is wrong with them is said here, where detailed exit codes are asked for."""
        detailed = _DETAILED in args
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.ClickException as error:
            if not detailed:
                raise
            raise _ended(error) from None

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what stops it is said here, where detailed exit codes are asked for."""
        try:
            return super().invoke(ctx)
        except BaseException as error:
            if not ctx.params.get("detailed_exitcode"):
                raise
            raise _ended(error) from None


def _ended(error: BaseException) -> click.exceptions.Exit:
    from . import explain  # noqa: PLC0415 - the package imports its commands when they are called

    explain(error)
    return click.exceptions.Exit(DETAILED_ERROR)


@click.command("plan", cls=Detailed)
@click.argument("path", required=False, metavar="[PATH]")
@click.option("--live", is_flag=True, help="Ask Binance, with the keys whose credentials are here.")
@click.option(
    "--evidence",
    "evidence_files",
    multiple=True,
    metavar="FILE",
    help="Compare with what `keylint observe` has written.",
)
@live_options
@click.option("--as-of", type=Moment(), help="Plan as of this day or instant instead of now.")
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="What to print."
)
@click.option("--out", metavar="FILE", help="Write the plan to a file as well, for `keylint show`.")
@click.option("--force", is_flag=True, help="Let --out overwrite a file that is no plan.")
@click.option(
    _DETAILED, is_flag=True, help="Exit codes as terraform's: 0 nothing to do, 1 error or unknown, 2 changes."
)
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Use colours."
)
def command(  # noqa: PLR0913 - one parameter an option
    *,
    path: str | None,
    live: bool,
    evidence_files: tuple[str, ...],
    looking: Looking,
    as_of: datetime | None,
    format_: str,
    out: str | None,
    force: bool,
    detailed_exitcode: bool,
    color: str,
) -> int:
    """Show what has to change at Binance so that the manifest is true there, and the step for each change.

    PATH is one manifest; without it, the nearest keylint.toml is taken. What is live comes from --live, --evidence,
    --sandbox or --endpoint. keylint changes nothing at Binance: under each change stands what a person does in API
    Management. Keys that are as they are declared are not shown. Drift is what Binance has otherwise than it is
    declared; intent is what the manifest asks for and is not done yet: keys to create, to disable, to delete.

    Exit code: 0 whatever is planned, 2 usage or unreadable input, 3 something could not be told. With
    --detailed-exitcode: 0 nothing to do, 1 an error, or something could not be told, 2 there is something to do.
    """
    asking = live or looking.sandbox is not None or looking.endpoint is not None
    if not asking and not evidence_files:
        message = "a plan compares with what is live: add --live, --evidence FILE or --sandbox STATE"
        raise Broken(message)
    if not asking and looking != Looking():
        raise Broken(IDLE)
    if out is not None:
        _expect_room(out, force=force)
    source, manifest = one(path, "keylint plan")
    from keylint.evidence.known import known  # noqa: PLC0415 - a command is imported for its help, too
    from keylint.review.plan import plan  # noqa: PLC0415

    from .seeing import seen  # noqa: PLC0415

    evidence = seen([source], evidence_files, looking, asking=asking, as_of=as_of)
    moment = as_of or datetime.now(UTC)
    found = plan(manifest, known(manifest, evidence, moment), moment, source.name)
    if out is not None:
        from keylint.review.plan_file import dump  # noqa: PLC0415

        write(out, dump(found))
    emit(rendered(found, format_, color))
    return _exit_code(found, detailed=detailed_exitcode)


def rendered(plan: "Plan", format_: str, color: str) -> str:
    """`plan` in one of FORMATS, for standard output."""
    from keylint.report import Style  # noqa: PLC0415 - a command is imported for its help, too

    text: str = import_module(f"keylint.review.{FORMATS[format_]}").render(plan, Style(colored(color), width()))
    return text


def _exit_code(plan: "Plan", *, detailed: bool) -> int:
    counts = plan.counts
    if not detailed:
        return EXIT_UNKNOWN if plan.unknown else 0
    if plan.unknown:
        return DETAILED_ERROR
    return DETAILED_CHANGES if counts.something_to_do else DETAILED_NOTHING


def _expect_room(out: str, *, force: bool) -> None:
    """Raise Broken where a plan could not be written to `out`, or something else lies there.

    Asked before anybody is asked about keys: on a large desk that takes its time.
    """
    name = discover.shown(out)
    folder = os.path.dirname(os.path.realpath(out))
    if os.path.exists(out) and not os.path.isfile(out) and not os.path.isdir(out):
        return  # a pipe or a device is written into
    if os.path.isdir(out) or not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
        message = f"cannot write {name}; name a file in a folder that is there and writable"
        raise Broken(message)
    if force or not os.path.lexists(out):
        return
    from keylint.review.plan_reading import is_plan  # noqa: PLC0415 - where there is a file

    try:
        ours = is_plan(discover.read(out))
    except discover.Unreadable:
        ours = False
    if not ours:
        message = f"{name} is there already, and is no plan; name another file, or replace it with --force"
        raise Broken(message)
