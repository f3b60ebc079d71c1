"""A revision and a path → the file as git keeps it; the one place where keylint starts another program.

Nothing in a repository is run: no shell, no hook, no pager, no filter, no text conversion, no fetch. git is told what
to do in fixed words; what a user or a repository names stands behind `--end-of-options` or `--`, or is the name of an
object that git itself has printed.
"""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from threading import Timer
from typing import IO, Final, NamedTuple

from keylint.manifest.load import MAX_BYTES

SECONDS: Final = 10.0
"""How long one question to git may take."""
_MOST_ELSE: Final = 65_536
"""How much git may print that is no file."""

_FIXED: Final = (
    "--no-pager",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=false",
    "-c",
    f"core.hooksPath={os.devnull}",
)
_KEPT: Final = frozenset({"GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"})
"""Of git's own variables, those that only make it look less far, or further up, for a repository."""
_BENDING: Final = ("GIT_", "LD_", "DYLD_", "LC_", "LANG", "PAGER", "EDITOR", "VISUAL", "SSH_")
_SET: Final = {
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch what it lacks, with a program that its config names
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # what a revision holds, and not what somebody put in its place
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_LINK, _FOLDER, _MODULE = "120000", "040000", "160000"


class NoSuchFile(Exception):  # noqa: N818 - the caller may take it for an empty manifest
    """A revision that is there and does not hold the file."""


class Unusable(Exception):  # noqa: N818 - it is said to the user as it is
    """git cannot say what a revision holds. Says why, and what to do."""


class Repository:
    """The repository that a path lies in, asked through the program git.

    Args:
        path: the file to ask for, which need not be there now; git looks in its folder, or the nearest one above.
        environ: the environment; of its variables git is given those that cannot bend it.

    Raises:
        Unusable: there is no git, no repository, or git refuses it.
    """

    def __init__(self, path: str, environ: Mapping[str, str]) -> None:
        whole = os.path.abspath(path)
        self.folder, self.name = os.path.dirname(whole), os.path.basename(whole)
        while not os.path.isdir(self.folder) and os.path.dirname(self.folder) != self.folder:
            self.folder, last = os.path.split(self.folder)
            self.name = f"{last}/{self.name}"
        self.environ = _clean(environ)
        self.git = _git(environ, self.folder)
        asked = self._ask("rev-parse", "--is-inside-work-tree", "--is-shallow-repository")
        if asked.code:
            raise Unusable(_refused(asked.err))
        inside, _, shallow = asked.out.decode().partition("\n")
        if inside != "true":
            msg = "git has no working tree here (a bare repository, or a .git folder); run keylint where the files are"
            raise Unusable(msg)
        self.shallow = shallow.strip() == "true"

    def above(self) -> str:
        """The way from the folder that was asked for up to the root of its working tree, such as `../../`; "" there."""
        return os.fsdecode(self._ask("rev-parse", "--show-cdup").out.removesuffix(b"\n"))

    def commit(self, revision: str) -> str:
        """The whole name of the commit that `revision` means. Raises Unusable where there is none."""
        if "\0" in revision or not revision:
            msg = "no revision can have this name"
            raise Unusable(msg)
        asked = self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        name = asked.out.decode(errors="replace").strip()
        if asked.code or not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", name):
            raise Unusable(self._missing(revision))
        return name

    def file(self, commit: str) -> bytes:
        """The file as `commit` keeps it, a name that `commit` returned. Raises NoSuchFile, or Unusable."""
        mode, kind, name = self._entry(commit)
        if mode in {_LINK, _FOLDER, _MODULE} or kind != "blob":
            what = {_LINK: "a symbolic link: name the file that it leads to", _FOLDER: "a folder: name the file in it"}
            msg = f"{self.name} is {what.get(mode, 'no file but a repository of its own')}"
            raise Unusable(msg)
        size = self._ask("cat-file", "-s", name)
        if size.code or not size.out.strip().isdigit():
            raise Unusable(_not_here(self.name))
        if int(size.out) > MAX_BYTES:
            msg = f"{self.name} is larger than {MAX_BYTES // 1024 // 1024} MiB; no manifest is"
            raise Unusable(msg)
        kept = self._ask("cat-file", "blob", name, most=int(size.out))
        if kept.code or len(kept.out) != int(size.out):
            raise Unusable(_not_here(self.name))
        return kept.out

    def tracks(self) -> bool:
        """Whether git tracks the file now: it is in the index, as it is from `git add` on."""
        asked = self._ask("ls-files", "-z", "--cached", "--", self.name)
        return asked.code == 0 and f"{self.name}\0".encode(errors="surrogateescape") in asked.out

    def _entry(self, commit: str) -> tuple[str, str, str]:
        """The mode, the type and the name of the object that a commit keeps under the path."""
        asked = self._ask("ls-tree", "-z", commit, "--", self.name)
        if asked.code:
            raise Unusable(_not_here(self.name))
        if not asked.out:
            raise NoSuchFile
        mode, kind, name = asked.out.partition(b"\t")[0].decode().split(" ")
        return mode, kind, name

    def _missing(self, revision: str) -> str:
        """Why `revision` names no commit here, and what to do."""
        if ".." in revision:
            return "it is a range: name its two ends, as in `keylint diff BASE HEAD`"
        if self.shallow:
            advice = "`git fetch --deepen=100` brings more of it, or fetch-depth: 0 where actions/checkout made it"
            return f"it is not in this clone, which is shallow; {advice}"
        advice = "`git fetch` brings what others have; a branch that was never checked out here is origin/NAME"
        return f"there is no such file, and git knows no such revision; {advice}"

    def _ask(self, *words: str, most: int = _MOST_ELSE) -> "_Asked":
        """What git prints, no more than `most` bytes of it. Raises Unusable."""
        return _run([self.git, *_FIXED, *words], self.folder, self.environ, most)


class _Asked(NamedTuple):
    code: int
    out: bytes
    err: str


def _run(command: list[str], folder: str, environ: Mapping[str, str], most: int) -> _Asked:
    """Run git to its end, or end it: after SECONDS, or where it prints more than it should. Raises Unusable."""
    try:
        process = subprocess.Popen(  # noqa: S603 - fixed words, no shell; see the module
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        msg = f"git cannot be started: {getattr(error, 'strerror', None) or 'no file can have this name'}"
        raise Unusable(msg) from None
    with process:
        timer = Timer(SECONDS, _end, (process,))
        timer.start()
        try:
            # What git complains of fits into a pipe; a git that says more stands still, and is ended.
            out = _read(process.stdout, most + 1)
            if len(out) > most:
                _end(process)
            err = _read(process.stderr, _MOST_ELSE).decode(errors="replace")
            code = process.wait()
        except BaseException:
            _end(process)
            raise
        finally:
            late = not timer.is_alive()
            timer.cancel()
    if late:
        msg = f"git did not answer within {SECONDS:.0f} seconds; nothing was compared"
        raise Unusable(msg)
    if len(out) > most:
        msg = "git printed more than it should; nothing was compared"
        raise Unusable(msg)
    return _Asked(code, out, err)


def _read(pipe: IO[bytes] | None, most: int) -> bytes:
    return b"" if pipe is None else pipe.read(most)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End git, and what it may have started, which would keep its pipes open."""
    if process.returncode is not None:
        return
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _git(environ: Mapping[str, str], folder: str) -> str:
    """The program git: looked for in the absolute folders of PATH alone, and in none that lies in the repository."""
    root = folder
    while not os.path.lexists(os.path.join(root, ".git")) and os.path.dirname(root) != root:
        root = os.path.dirname(root)
    within = os.path.join(os.path.realpath(root), "")
    for place in environ.get("PATH", os.defpath).split(os.pathsep):
        program = os.path.join(place, "git.exe" if os.name == "nt" else "git")
        if not os.path.isabs(place) or not os.path.isfile(program) or not os.access(program, os.X_OK):
            continue
        repository = os.path.dirname(root) != root
        if not (repository and os.path.join(os.path.realpath(place), "").startswith(within)):
            return program
    msg = "git is not on the PATH, and only it knows what a revision holds; install it, or compare two files"
    raise Unusable(msg)


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for git: the user's own settings stay, what would bend it for one run does not."""
    kept = {name: value for name, value in environ.items() if name in _KEPT or not name.startswith(_BENDING)}
    return kept | _SET


def _refused(said: str) -> str:
    """Why git knows no repository here."""
    if "dubious ownership" in said:
        advice = "if you trust it, `git config --global --add safe.directory FOLDER`"
        return f"git refuses this repository, because it belongs to somebody else; {advice}"
    if "not a git repository" in said:
        return "there is no such file, and no git repository in which it could be a revision; name two files"
    return "git cannot read this repository; `git status` says why"


def _not_here(name: str) -> str:
    return f"git lacks the contents of {name}, as a partial clone does; `git fetch --refetch --no-filter` brings them"
