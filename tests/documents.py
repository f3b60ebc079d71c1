"""The documents' generated parts: tables between markers, and what each `$ keylint …` in them prints.

`python tests/documents.py --write` renews them; `tests/test_documents.py` holds them to what keylint prints now.

A document's console blocks are one session in a working copy of the examples, which is thrown away at its end: what one
command writes is there for the next, in this block and in those below it. Beside `$ keylint …`, which may go on in a
second line after a backslash, a block may hold `$ echo $?`, the exit code of the command before.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 120
"""After which a command that hangs is ended."""

PLACES = {
    ROOT / "README.md": ".",
    ROOT / "docs" / "live.md": "examples/hosts",
    ROOT / "docs" / "review.md": "examples/history",
}
"""Each document, and the folder in which somebody who follows it stands."""

DOCUMENTS = list(PLACES)
CONSOLE = re.compile(r"(?P<open>^```console\n)(?P<session>.*?)(?P<close>^```$)", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^\$ (?P<command>(?:[^\n]*\\\n)*[^\n]*)\n", re.MULTILINE)
TABLE = re.compile(r"(?P<open><!-- rules -->\n)(?P<body>.*?)(?P<close><!-- /rules -->)", re.DOTALL)


class Session:
    """Commands in one folder, one after the other, as somebody types them on no terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = 0

    def run(self, command: str) -> str:
        """What `command` prints: its standard output, then its standard error."""
        if command == "echo $?":
            return f"{self.code}\n"
        program, *arguments = shlex.split(command.replace("\\\n", " "))
        if program != "keylint":
            msg = f"a console block runs keylint and `echo $?` alone, and no {program}"
            raise ValueError(msg)
        script = Path(sysconfig.get_path("scripts")) / "keylint"
        done = subprocess.run(
            [str(script), *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        self.code = done.returncode
        return done.stdout + done.stderr


@contextmanager
def session(place: str = ".") -> Iterator[Session]:
    """A session in the folder `place` of a working copy, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="keylint-documents-") as copy:
        shutil.copytree(ROOT / "examples", Path(copy, "examples"))
        yield Session(Path(copy, place))


def commands(block: str) -> list[str]:
    """The commands of what stands in a console block. Raises ValueError where it does not begin with one."""
    if COMMAND.match(block) is None:
        msg = f"a console block begins with a command: {block[:40]!r}"
        raise ValueError(msg)
    return [found["command"] for found in COMMAND.finditer(block)]


def renewed(text: str, place: str = ".") -> str:
    """`text`, a document whose reader stands in `place`, with every generated part as it is now."""
    with session(place) as running:

        def printed(block: re.Match[str]) -> str:
            parts = [f"$ {command}\n{running.run(command)}" for command in commands(block["session"])]
            return block["open"] + "\n".join(parts) + block["close"]

        text = CONSOLE.sub(printed, text)
        return TABLE.sub(
            lambda part: part["open"] + running.run("keylint rules --format markdown") + part["close"], text
        )


if __name__ == "__main__":
    for document, where in PLACES.items():
        before = document.read_text(encoding="utf-8")
        after = renewed(before, where)
        if before != after and "--write" in sys.argv:
            document.write_text(after, encoding="utf-8")
        elif before != after:
            sys.exit(f"{document.name} is not what keylint prints now; run `make generate`")
