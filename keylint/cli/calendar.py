"""`keylint calendar`: a manifest → what is due on which day, for people's own calendars."""

from datetime import UTC, datetime

import click

from keylint.manifest.source import Source

from . import terminal
from .check import Moment
from .fresh import STDOUT, deliver, expect_room
from .one_manifest import one
from .stream import Broken, complain, talk

EXIT_UNDECIDED = 3
FORMATS = ("text", "ics")


@click.command("calendar")
@click.argument("path", required=False, metavar="[PATH]")
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="What to write.  [default: as -o ends, else text]"
)
@click.option(
    "-o", "--output", default=STDOUT, metavar="FILE", help="Where to write; - is standard output, the default."
)
@click.option("--force", is_flag=True, help="Overwrite FILE where it is there already.")
@click.option(
    "--name",
    default="keylint",
    show_default=True,
    help="What the calendar is called; give each manifest of yours another name.",
)
@click.option("--as-of", type=Moment(), help="Count from this day or instant instead of now.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Use colours."
)
def command(  # noqa: PLR0913 - one parameter an option
    *,
    path: str | None,
    format_: str | None,
    output: str,
    force: bool,
    name: str,
    as_of: datetime | None,
    color: str,
) -> int:
    """List every day by which something is due: rotation, review, attestation, the end of a waiver, deletion.

    PATH is one manifest; without it, the nearest keylint.toml is taken. The day is the last on which it is not late.

    `keylint calendar -o due.ics` writes an iCalendar file (RFC 5545), which calendars import or subscribe to. An event
    keeps its UID when its day changes: an import that comes after a rotation moves it. What is overdue is in it, and
    says so.

    Exit code: 0, also where something is overdue (that is for `keylint check`); 2 usage or unreadable input; 3 the
    manifest names what is not in it, and some day cannot be told.
    """
    wanted = format_ or ("ics" if output.lower().endswith(".ics") else "text")
    expect_room(output, force=force)
    source, manifest = one(path, "keylint calendar")
    from keylint.review.due import dues  # noqa: PLC0415 - a command is imported for its help, too

    moment = as_of or datetime.now(UTC)
    today = moment.astimezone(UTC).date()
    found = dues(manifest, today)
    if wanted == "ics":
        from keylint.review import icalendar_text  # noqa: PLC0415

        if not found.dated:
            raise Broken(_nothing_due(source))
        deliver(output, icalendar_text.render(found.dated, moment, name), force=force)
        for each in found.undated:
            complain(f"not in the calendar: {each.why}")
    else:
        from keylint.review import due_text  # noqa: PLC0415

        shown = output == STDOUT
        width = terminal.width() if shown else terminal.UNKNOWN_WIDTH
        colored = shown and terminal.colored(color)
        deliver(output, due_text.render(source.name, found, today, width=width, color=colored), force=force)
    if output != STDOUT:
        count = len(found.dated)
        talk(f"{count} {'due date' if count == 1 else 'due dates'} written to {output}\n")
    return EXIT_UNDECIDED if any(each.undecided for each in found.undated) else 0


def _nothing_due(source: Source) -> str:
    return f"{source.name}: nothing has a due date, and a calendar needs one; `keylint calendar` says what lacks a date"
