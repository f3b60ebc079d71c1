"""`keylint diff`: two manifests, or two revisions of one → what changed between them, and which way."""

import os
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from keylint.api import Severity
from keylint.manifest import discover

from .check import Moment, _style
from .stream import Broken, emit

if TYPE_CHECKING:
    from keylint.review.diff import Diff, Judged
    from keylint.review.revisions import Repository

FORMATS: Final = {"text": "diff_text", "json": "diff_json", "markdown": "diff_markdown"}
EMPTY: Final = b"version = 1\n"
"""What stands for a manifest that a revision does not hold."""
STDIN_NAME: Final = "<stdin>"


class _Content(NamedTuple):
    """One of the two manifests before it is judged."""

    name: str
    data: bytes
    commit: str | None = None
    held: bool = True


class _Side(NamedTuple):
    """What one of the arguments means: a file, standard input, or a revision of a file."""

    word: str
    """What the argument is called: BASE or HEAD."""
    text: str
    revision: str | None
    """None for what is no revision."""
    path: str | None
    """None for standard input, and for a revision of which file is not said."""


@click.command("diff")
@click.argument("base", metavar="BASE")
@click.argument("head", metavar="[HEAD]", required=False)
@click.argument("operand", metavar="[PATH]", required=False)
@click.option("--path", metavar="PATH", help="The manifest whose revisions are compared; the nearest one if not said.")
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="What to print."
)
@click.option("--fail-on-widening", is_flag=True, help="End with 1 if any change is widening.")
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    help="End with 1 if there is a new finding of this severity or worse, with 3 if only something new is undecided.",
)
@click.option("--as-of", type=Moment(), help="Judge both as of this day or instant instead of now.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Use colours."
)
def command(  # noqa: PLR0913 - one parameter an option
    *,
    base: str,
    head: str | None,
    operand: str | None,
    path: str | None,
    format_: str,
    fail_on_widening: bool,
    fail_on: str | None,
    as_of: datetime | None,
    color: str,
) -> int:
    """Show what changed between two manifests: who gained power and who lost it, and which findings came and went.

    BASE and HEAD are manifests (- for standard input), git revisions of one (main, HEAD~3), or files in a revision
    (main:desk/keylint.toml). Without HEAD, BASE is compared with the file as it is now. A file goes before a revision
    of the same name; where a PATH is named, both are revisions of it.

    Every change is widening (more power, for more people or from more addresses, or less asked of the keys), narrowing,
    or neutral. Both manifests are judged by the same rules as of the same moment, offline.

    Exit code: 0, or 1 and 3 as the --fail-on options ask for; 2 usage, or one of the two is not to be had or broken.
    """
    # What a plugin prints must not end up in a report that a program reads.
    with redirect_stdout(sys.stderr):
        if path is not None and operand is not None and path != operand:
            msg = f"--path says {path}, and the last argument {operand}: name one file"
            raise Broken(msg)
        found = _compared(base, head, path if path is not None else operand, as_of or datetime.now(UTC))
        render = import_module(f"keylint.review.{FORMATS[format_]}").render
    emit(render(found, _style(color, show_waived=False, statistics=False, quiet=False)))
    return _exit_code(found, Severity(fail_on) if fail_on else None, fail_on_widening=fail_on_widening)


def _exit_code(found: "Diff", fail_on: Severity | None, *, fail_on_widening: bool) -> int:
    from keylint.review.directions import Direction  # noqa: PLC0415 - see _compared

    if fail_on_widening and found.count(Direction.WIDENING):
        return 1
    if fail_on is None:
        return 0
    if any(it.finding.severity.rank >= fail_on.rank for it in found.new):
        return 1
    return 3 if found.new_unknown else 0


def _compared(base: str, head: str | None, path: str | None, as_of: datetime) -> "Diff":
    """What is different between the two manifests that the arguments mean. Raises Broken."""
    # `keylint diff --help` needs none of these.
    from keylint import gate, plugins  # noqa: PLC0415
    from keylint.manifest.load import load  # noqa: PLC0415
    from keylint.review.diff import BrokenManifest, Version, diff, judged  # noqa: PLC0415

    contents = _contents(base, head, path)
    try:
        registry = plugins.load(live=False)
    except plugins.BrokenPlugin as error:
        raise Broken(str(error)) from None
    rules = gate.select(registry.rules, gate.Selection())
    both: list[Judged] = []
    for which, content in zip(("BASE", "HEAD"), contents, strict=True):
        version = Version(content.name, content.commit, content.held)
        try:
            both.append(judged(version, load(content.name, content.data), rules, as_of, registry.names))
        except BrokenManifest as error:
            msg = f"{which} is no valid manifest: {error}"
            raise Broken(msg) from None
    return diff(both[0], both[1], registry.names)


def _contents(base: str, head: str | None, path: str | None) -> tuple[_Content, _Content]:
    """The two manifests that the arguments mean. Raises Broken."""
    before = _side("BASE", base, path)
    if head is None:
        if before.revision is None and before.path is not None:
            msg = f"{base} is a file and no revision: name what it is to be compared with, `keylint diff {base} HEAD`"
            raise Broken(msg)
        now = path or before.path or _nearest()
        after = _Side("HEAD", now, None, now)
    else:
        after = _side("HEAD", head, path)
    if base == head == discover.STDIN:
        msg = "BASE and HEAD cannot both be standard input"
        raise Broken(msg)
    named = before.path or after.path or _nearest()
    before, after = (it._replace(path=it.path or named) if it.revision is not None else it for it in (before, after))
    contents = _content(before), _content(after)
    for side, content, other, others in (
        (before, contents[0], after, contents[1]),
        (after, contents[1], before, contents[0]),
    ):
        if not content.held:
            _explained(side, other, others)
    return contents


def _side(word: str, text: str, path: str | None) -> _Side:
    """What an argument means; where a path is named, a revision of that file."""
    if text == discover.STDIN:
        return _Side(word, text, None, None)
    if path is not None:
        return _Side(word, text, text, path)
    if os.path.lexists(text) and not os.path.isdir(text):
        return _Side(word, text, None, text)
    revision, colon, inner = text.partition(":")
    if not colon:
        return _Side(word, text, text, None)
    if not revision or not inner:
        msg = f"{word} {text}: neither a file nor a revision and a path in it, such as main:keylint.toml"
        raise Broken(msg)
    # As in git, a path is counted from the root of the repository unless it says that it is not.
    if not inner.startswith(("./", "../")):
        inner = os.path.join(_repository(word, text, os.path.join(os.curdir, discover.NAME)).above(), inner)
    return _Side(word, text, revision, inner)


def _content(side: _Side) -> _Content:
    """What a file, standard input or a revision holds. Raises Broken."""
    if side.path is None:
        try:
            return _Content(STDIN_NAME, discover.standard_input())
        except discover.Unreadable as error:
            raise Broken(str(error)) from None
    name = discover.shown(side.path)
    if side.revision is None:
        if not os.path.lexists(side.path):
            msg = f"{side.word} {name}: there is no such file now; to compare two revisions of it, name them both"
            raise Broken(msg)
        try:
            return _Content(name, discover.read(side.path))
        except discover.Unreadable as error:
            msg = f"{side.word} {name}: {error}"
            raise Broken(msg) from None
    from keylint.review.revisions import NoSuchFile, Unusable  # noqa: PLC0415 - for revisions alone

    repository = _repository(side.word, side.text, side.path)
    name = f"{side.revision}:{name}"
    try:
        commit = repository.commit(side.revision)
        try:
            return _Content(name, repository.file(commit), commit)
        except NoSuchFile:
            return _Content(name, EMPTY, commit, held=False)
    except Unusable as error:
        msg = f"{side.word} {side.text}: {error}"
        raise Broken(msg) from None


def _explained(side: _Side, other: _Side, content: _Content) -> None:
    """Nothing, where it is plain that a revision does not hold the file because it is new, or gone. Raises Broken."""
    path = side.path or ""
    name = discover.shown(path)
    same = other.path is not None and os.path.abspath(other.path) == os.path.abspath(path)
    if not same or not content.held:
        msg = f"{side.word} {side.text}: that revision holds no {name}; name the manifest with --path"
        raise Broken(msg)
    if other.revision is None and not _repository(side.word, side.text, path).tracks():
        msg = f"{side.word} {side.text}: that revision holds no {name}, and git does not track it; `git add` it first"
        raise Broken(msg)


def _repository(word: str, text: str, path: str) -> "Repository":
    from keylint.review.revisions import Repository, Unusable  # noqa: PLC0415 - for revisions alone

    try:
        return Repository(path, os.environ)
    except Unusable as error:
        msg = f"{word} {text}: {error}"
        raise Broken(msg) from None


def _nearest() -> str:
    try:
        return discover.nearest(os.curdir)
    except discover.Unreadable as error:
        msg = str(error).partition(";")[0]
        msg = f"{msg}; name the manifest with --path"
        raise Broken(msg) from None
