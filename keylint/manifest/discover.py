"""Paths → the manifests they mean, and the bytes of each."""

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .load import MAX_BYTES

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# Paths are strings here: pathlib takes half a bare interpreter to import.

NAME = "keylint.toml"
STDIN = "-"
_REPOSITORY = ".git"


class Unreadable(Exception):  # noqa: N818 - it is said to the user as it is
    """A path that cannot be read as a manifest. Says why, and what to do."""


class Found(NamedTuple):
    """The manifests that were asked for."""

    files: tuple[str, ...]
    """Each once; STDIN for standard input."""
    ignored: tuple[str, ...]
    """Manifests below a folder that a `.gitignore` leaves out; they are not judged, and that is said."""


def expand(paths: Sequence[str]) -> Found:
    """The files that `paths` mean: a folder means the manifests below it, no path at all the nearest manifest.

    Raises Unreadable where there is none.
    """
    files: dict[str, str] = {}
    ignored: list[str] = []
    for path in paths or (nearest(os.curdir),):
        if path == STDIN or not os.path.isdir(path):
            files.setdefault(path if path == STDIN else _absolute(path), path)
            continue
        below = _below(path)
        ignored += below.ignored
        if not below.files:
            which = "that git does not ignore " if below.ignored else ""
            msg = f"no {NAME} {which}below {shown(path)}"
            raise Unreadable(msg)
        for file in below.files:
            files.setdefault(os.path.abspath(file), file)
    return Found(tuple(files.values()), tuple(ignored))


def nearest(folder: str) -> str:
    """The manifest in `folder` or in the nearest folder above it, up to the root of the repository that holds it.

    Outside of a repository only `folder` itself is looked at: a manifest further up is somebody else's. Raises
    Unreadable where there is none.
    """
    upwards = list(_upwards(folder))
    roots = [index for index, it in enumerate(upwards) if os.path.lexists(os.path.join(it, _REPOSITORY))]
    for it in upwards[: roots[0] + 1] if roots else upwards[:1]:
        if os.path.lexists(os.path.join(it, NAME)):
            return os.path.join(it, NAME)
    where = "here or above, up to the repository's root" if roots else "here, and this is no git repository"
    msg = f"no {NAME} {where}; name one: `keylint check PATH`"
    raise Unreadable(msg)


def read(path: str, instead: str = "to judge what a program prints, pipe it into `keylint check -`") -> bytes:
    """The bytes of the file at `path`, at most one more than a manifest may have. Raises Unreadable.

    Opened without blocking and only if it is an ordinary file: a pipe would hold a commit for ever. `instead` says what
    to do where it is none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise Unreadable(_why(error)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # before it becomes a file, which a folder cannot
        os.close(descriptor)
        msg = f"not an ordinary file; {instead}"
        raise Unreadable(msg)
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(MAX_BYTES + 1)
        except OSError as error:
            raise Unreadable(_why(error)) from None


def standard_input() -> bytes:
    """The bytes of standard input, or a few more than a manifest may have. Raises Unreadable."""
    if sys.stdin is None:
        msg = "standard input is closed"
        raise Unreadable(msg)
    try:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as error:
        msg = f"standard input cannot be read: {error.strerror}"
        raise Unreadable(msg) from None


def shown(path: str) -> str:
    """How a report calls the file at `path`: relative to the current folder, with forward slashes, never absolute."""
    try:
        return os.path.relpath(path).replace(os.sep, "/")
    except (OSError, ValueError):  # the current folder is gone, or the file is on another drive
        return os.path.basename(path)


def _absolute(path: str) -> str:
    try:
        return os.path.abspath(path)
    except OSError:
        msg = "the current folder is gone; change to one that is there, or name a manifest by its whole path"
        raise Unreadable(msg) from None


def _upwards(folder: str) -> Iterator[str]:
    """`folder` and each folder above it."""
    folder = _absolute(folder)
    yield folder
    while (above := os.path.dirname(folder)) != folder:
        folder = above
        yield folder


def _below(folder: str) -> Found:
    """The manifests in `folder` and below it, in the order of their paths. Links to folders are not followed."""
    found: list[str] = []
    ignored: list[str] = []
    ignores = _Ignores(folder)

    def refuse(error: OSError) -> None:
        msg = f"the folder {shown(error.filename)} cannot be read: {error.strerror}"
        raise Unreadable(msg)

    for place, folders, files in os.walk(folder, onerror=refuse):
        ignores.read(place)
        # What stands below an ignored folder is ignored too, and is still worth a word.
        folders[:] = sorted(name for name in folders if name != _REPOSITORY)
        if NAME in files:
            path = os.path.join(place, NAME)
            (ignored if ignores.leave_out(path) and not _tracked(path) else found).append(path)
    return Found(tuple(found), tuple(shown(path) for path in ignored))


class _Ignores:
    """The `.gitignore` files that reach into a folder: those above it in its repository, and those below it."""

    def __init__(self, folder: str) -> None:
        self.specs: dict[str, GitIgnoreSpec] = {}
        upwards = list(_upwards(folder))
        roots = [index for index, it in enumerate(upwards) if os.path.lexists(os.path.join(it, _REPOSITORY))]
        for above in upwards[1 : roots[0] + 1] if roots else ():
            self.read(above)

    def read(self, folder: str) -> None:
        """Take in the `.gitignore` of a folder, where there is one."""
        try:
            with open(os.path.join(folder, ".gitignore"), encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
        except OSError:
            return
        # Imported where a folder has a .gitignore: a hook is given files.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415

        self.specs[os.path.abspath(folder)] = GitIgnoreSpec.from_lines(lines)

    def leave_out(self, path: str) -> bool:
        """Whether the nearest `.gitignore` that speaks of `path`, or of a folder that holds it, leaves it out."""
        path = os.path.abspath(path)
        for folder in _upwards(os.path.dirname(path)):
            spec = self.specs.get(folder)
            if spec is not None:
                verdict = spec.check_file(os.path.relpath(path, folder).replace(os.sep, "/")).include
                if verdict is not None:
                    return verdict
        return False


def _tracked(path: str) -> bool:
    """Whether git may track the file at `path`, whatever a `.gitignore` says of it: a change cannot hide it by one.

    Only an index that plainly lacks the path says no: one that cannot be read, or is in a form that does not spell
    paths out (version 4, split), says yes, and the file is judged.
    """
    path = os.path.abspath(path)
    for folder in _upwards(os.path.dirname(path)):
        repository = os.path.join(folder, _REPOSITORY)
        if not os.path.lexists(repository):
            continue
        try:
            with open(os.path.join(repository, "index"), "rb") as file:
                index = file.read()
        except FileNotFoundError:
            return False  # nothing was ever added
        except OSError:
            return True
        name = os.fsencode(os.path.relpath(path, folder).replace(os.sep, "/"))
        # "DIRC" and a version, then entries with each path in full and a NUL behind it (git, "index-format").
        return index[4:8] not in {b"\0\0\0\2", b"\0\0\0\3"} or b"link" in index or name + b"\0" in index
    return False


def _why(error: OSError | ValueError) -> str:
    """Why a file cannot be opened or read; a ValueError is a path that no file can have."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file; `keylint check FOLDER` judges every manifest below a folder"
    return getattr(error, "strerror", None) or "no file can have this name"
