"""`keylint init`: a person's answers, or none → a first manifest with comments."""

import os.path
import shlex
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

from keylint.manifest.discover import shown

from .check import Moment
from .fresh import STDOUT, deliver, expect_room
from .stream import Broken, talk

if TYPE_CHECKING:
    from keylint.review.first import Answers, Question

NAME = "keylint.toml"
WIDTH = 78
NOTHING = "nothing was written"


@click.command("init")
@click.argument("path", required=False, default=NAME, metavar="[PATH]")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@click.option("--as-of", type=Moment(), help="The day of today.")
def command(*, path: str, force: bool, as_of: datetime | None) -> int:
    """Write a first manifest with comments: one bot, and the key that it holds.

    PATH is a file or a folder; without it, keylint.toml in this folder is written; - prints it. On a terminal keylint
    asks a few questions, each with an answer that Enter takes; elsewhere it asks nothing, and marks with TODO what a
    person has to decide.

    Exit code: 0 written, 2 not.
    """
    path = os.path.join(path, NAME) if path != STDOUT and os.path.isdir(path) else path
    expect_room(path, force=force)
    from keylint.review.first import Answers, first  # noqa: PLC0415 - what a commit hook does not pay for

    today = (as_of or datetime.now(UTC)).date()
    asked = _somebody_is_there()
    answers = _interview(today) if asked else Answers()
    deliver(path, first(answers, today, asked=asked), force=force)
    if path != STDOUT:
        name = shown(path)
        talk(f"{name} is written\nnext: keylint check {shlex.quote(name)}\n")
    return 0


def _somebody_is_there() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _interview(today: date) -> "Answers":
    """What somebody at the terminal answers. Raises Broken."""
    from keylint.review.first import Answers, questions  # noqa: PLC0415 - as above

    answers = Answers()
    try:
        talk("A few questions, for one bot and its key. Enter takes what stands in brackets; Ctrl-C ends it.\n\n")
        for question in questions(today):
            if question.due(answers):
                answers = _asked(question, answers)
    except KeyboardInterrupt:
        problem = f"interrupted; {NOTHING}"
    else:
        return answers
    talk("\n")
    raise Broken(problem)


def _asked(question: "Question", answers: "Answers") -> "Answers":
    """`answers` and what is said to a question, which is asked until that can be understood. Raises Broken."""
    from textwrap import fill  # noqa: PLC0415 - as above

    from keylint.review.first import Unsuitable, with_answer  # noqa: PLC0415

    talk(f"{question.text}\n{fill(question.hint, WIDTH, initial_indent='  ', subsequent_indent='  ')}\n")
    while True:
        talk(f"  [{question.offered(answers)}]: ")
        try:
            return with_answer(answers, question, _line())
        except Unsuitable as error:
            talk(f"{fill(f'no: it is {error}', WIDTH, initial_indent='  ', subsequent_indent='  ')}\n")


def _line() -> str:
    """One line that somebody typed. Raises Broken where nobody does any more."""
    problem = NOTHING
    try:
        line = sys.stdin.readline()
        if line:
            return line
        talk("\n")
    except UnicodeDecodeError:
        problem = f"what was typed is not UTF-8; {NOTHING}"
    except OSError as error:
        problem = f"the terminal cannot be read: {error.strerror}; {NOTHING}"
    raise Broken(problem)
