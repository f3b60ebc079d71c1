"""`keylint observe`: a manifest, and what Binance says of it → a file of evidence."""

import os
import sys
from datetime import datetime

import click

from keylint import __version__
from keylint.evidence.model import ANSWERS, Evidence
from keylint.manifest import discover

from .check import Moment
from .live_options import Looking, live_options
from .looking import expect, look, missing
from .one_manifest import one
from .stream import Broken, complain, emit, talk, write

EXIT_MISSING = 3
EXIT_INTERRUPTED = 2
STDOUT = "-"


@click.command("observe")
@click.argument("path", required=False, metavar="[PATH]")
@click.option(
    "-o", "--output", default=STDOUT, metavar="FILE", help="Where to write; - is standard output, the default."
)
@live_options
@click.option("--as-of", type=Moment(), help="The moment at which the sandbox stands; only with --sandbox.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but why there is no evidence.")
def command(*, path: str | None, output: str, looking: Looking, as_of: datetime | None, quiet: bool) -> int:
    """Ask Binance about every key of a manifest, and write what it said as evidence.

    PATH is one manifest; without it, the nearest keylint.toml is taken. Run this where the bots run, because a key that
    is bound to addresses answers only from there. `keylint check --evidence FILE` then judges the file anywhere. It
    holds no secret.

    Credentials come from variables or files that are named after the key: for [keys.grid] KEYLINT_GRID_API_KEY with
    KEYLINT_GRID_API_SECRET (HMAC) or KEYLINT_GRID_PRIVATE_KEY_FILE (Ed25519, RSA), else grid.api-key, grid.secret,
    grid.pem in --secrets-dir or $CREDENTIALS_DIRECTORY.

    Exit code: 0 all that was asked was answered, 2 usage or unreadable input, 3 something was not answered; the
    evidence is written all the same.
    """
    if as_of is not None and looking.sandbox is None:
        message = "--as-of sets the clock of the sandbox, and Binance has its own; leave it out, or name a --sandbox"
        raise Broken(message)
    if path not in {None, discover.STDIN}:
        expect(path or "")
    _, manifest = one(path, "keylint observe")
    _expect_room(output)
    interrupted = False
    from keylint.live.observe import Interrupted  # noqa: PLC0415 - the libraries of the network, for this alone

    try:
        evidence = look(manifest, looking, as_of=as_of)
    except Interrupted as early:
        evidence, interrupted = early.evidence, True
    from keylint.evidence.file import dump  # noqa: PLC0415 - as above

    text = dump(evidence, __version__)
    if output == STDOUT:
        emit(text)
    else:
        write(output, text)
    lines, count = missing(evidence)
    if not quiet:
        for line in [*lines, *evidence.remarks]:
            complain(line)
        _sum_up(evidence, count, output)
    if interrupted:
        complain("interrupted; the evidence holds what was known by then")
        return EXIT_INTERRUPTED
    return EXIT_MISSING if count else 0


def _expect_room(output: str) -> None:
    """Raise Broken where evidence could not be written, before anybody is asked: a large desk takes its time."""
    if output == STDOUT:
        if sys.stdout is None:
            message = "standard output is closed; name a file to write to: keylint observe -o FILE"
            raise Broken(message)
        return
    if os.path.exists(output) and not os.path.isfile(output) and not os.path.isdir(output):
        return  # a pipe or a device is written into
    folder = os.path.dirname(os.path.realpath(output))
    if os.path.isdir(output) or not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
        message = f"cannot write {discover.shown(output)}; name a file in a folder that is there and writable"
        raise Broken(message)


def _sum_up(evidence: Evidence, count: int, output: str) -> None:
    """Say in one line what was looked at and where it stands."""
    answered = sum(look.outcome in ANSWERS for look in evidence.keys)
    total = len(evidence.keys)
    keys = f"{answered:,} of {total:,} {'key' if total == 1 else 'keys'} answered"
    who = "" if evidence.source == "binance" else ", by the sandbox and not by Binance"
    about = f"; {count:,} {'question' if count == 1 else 'questions'} without an answer" if count else ""
    where = "" if output == STDOUT else f", evidence written to {discover.shown(output)}"
    talk(f"{keys}{who}{about}{where}\n")
