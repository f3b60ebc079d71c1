"""`keylint inventory`: a manifest, and what Binance says of it → who holds what."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from . import terminal
from .check import IDLE, Moment
from .fresh import STDOUT, deliver, expect_room
from .live_options import Looking, live_options
from .one_manifest import one
from .stream import Broken, talk

if TYPE_CHECKING:
    from keylint.review.inventory_model import Inventory

EXIT_UNDECIDED = 3
FORMATS = ("text", "csv", "json", "markdown", "html")
_ENDINGS = {".csv": "csv", ".json": "json", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}


@click.command("inventory")
@click.argument("path", required=False, metavar="[PATH]")
@click.option("--live", is_flag=True, help="Ask Binance too, with the keys whose credentials are here.")
@click.option(
    "--evidence", "evidence_files", multiple=True, metavar="FILE", help="Show what `keylint observe` has written."
)
@live_options
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="What to write.  [default: as FILE ends, else text]"
)
@click.option(
    "-o", "--output", default=STDOUT, metavar="FILE", help="Where to write; - is standard output, the default."
)
@click.option("--force", is_flag=True, help="Overwrite FILE where it is there already.")
@click.option("--as-of", type=Moment(), help="Count from this day or instant instead of now.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Use colours."
)
def command(  # noqa: PLR0913 - one parameter an option
    *,
    path: str | None,
    live: bool,
    evidence_files: tuple[str, ...],
    looking: Looking,
    format_: str | None,
    output: str,
    force: bool,
    as_of: datetime | None,
    color: str,
) -> int:
    """Show who holds what: every key with its permissions, account, bots, addresses, age and next step.

    PATH is one manifest; without it, the nearest keylint.toml is taken. With --live, --evidence, --sandbox or
    --endpoint, what is live stands beside what is declared; without them nothing is looked up on the network, and the
    inventory says so. The HTML page is one file, loads nothing, and can be printed.

    Exit code: 0, also where live is not as declared (that is for `keylint check`); 2 usage or unreadable input; 3
    something could not be told, and the inventory says what.
    """
    asking = live or looking.sandbox is not None or looking.endpoint is not None
    if not asking and looking != Looking():
        raise Broken(IDLE)
    expect_room(output, force=force)
    source, manifest = one(path, "keylint inventory")
    evidence = None
    if asking or evidence_files:
        from .seeing import seen  # noqa: PLC0415 - what looks at live state, for this alone

        evidence = seen([source], evidence_files, looking, asking=asking, as_of=as_of)
    from keylint.review.inventory import inventory  # noqa: PLC0415 - a command is imported for its help, too

    found = inventory(source.name, manifest, as_of or datetime.now(UTC), evidence)
    deliver(output, _rendered(format_ or _by_ending(output), found, color, shown=output == STDOUT), force=force)
    if output != STDOUT:
        count = len(found.keys)
        talk(f"{count} {'key' if count == 1 else 'keys'} written to {output}\n")
    return EXIT_UNDECIDED if found.undecided else 0


def _by_ending(output: str) -> str:
    """The format that the name of a file asks for."""
    for ending, name in _ENDINGS.items():
        if output.lower().endswith(ending):
            return name
    return "text"


def _rendered(name: str, found: "Inventory", color: str, *, shown: bool) -> str:
    """The inventory in the format `name`; only what it needs is imported."""
    match name:
        case "csv":
            from keylint.review import inventory_csv  # noqa: PLC0415

            return inventory_csv.render(found)
        case "json":
            from keylint.review import inventory_json  # noqa: PLC0415

            return inventory_json.render(found)
        case "markdown":
            from keylint.review import inventory_markdown  # noqa: PLC0415

            return inventory_markdown.render(found)
        case "html":
            from keylint.review import inventory_html  # noqa: PLC0415

            return inventory_html.render(found)
        case _:
            from keylint.review import inventory_text  # noqa: PLC0415

            style = inventory_text.Style()
            if shown:
                plain = not terminal.shows(inventory_text.MARKS)
                style = inventory_text.Style(max(80, terminal.width()), terminal.colored(color), ascii=plain)
            return inventory_text.render(found, style)
