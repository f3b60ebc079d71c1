"""A name under a folder → the text of a small, ordinary file in it; nothing else is read."""

import os
import stat
from contextlib import suppress
from typing import Final

MAX_BYTES: Final = 8_192
"""How large a secret may be; an encrypted RSA key of 4096 bits has 3.5 KB."""

_NONBLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_UNREAL = ("/proc", "/sys")
"""Where files are no files: `/proc/self/environ` passes for an ordinary one."""


class Unfit(Exception):  # noqa: N818 - it is said to the user as it is
    """A file that is there and is not read. Says why, and what to do; never what is in it, nor where it lies."""


class Gone(Unfit):
    """A file that is not there."""


class Folder:
    """A folder of secrets."""

    def __init__(self, path: str) -> None:
        """Raises Unfit where `path` is no folder that can be read."""
        problem = None
        try:
            self._root = os.path.realpath(path)
            mode = os.stat(self._root).st_mode
        except (OSError, ValueError) as error:
            problem = f"cannot be read: {why(error)}"
        else:
            if not stat.S_ISDIR(mode):
                problem = "is no folder"
            elif not os.access(self._root, os.R_OK | os.X_OK):
                problem = "may not be read by this user"
            elif _below(self._root, *_UNREAL):
                problem = "lies in /proc or /sys, where files are no files"
        if problem is not None:
            raise Unfit(problem)

    def read(self, name: str) -> str | None:
        """The text of the file `name`; None where there is none. Raises Unfit.

        A link may lead from the folder into it (Kubernetes lays out its secrets so), and never out of it.
        """
        if name in {"", os.curdir, os.pardir} or "\0" in name or os.path.basename(name) != name:
            msg = "is no name of a file"
            raise Unfit(msg)
        path = os.path.join(self._root, name)
        if not os.path.lexists(path):
            return None
        for _ in range(2):  # Kubernetes renews secrets by laying a link anew, and a look may fall between
            try:
                real = os.path.realpath(path)
            except OSError:  # a link that went away between two looks at it
                continue
            if not _below(real, self._root) or real == self._root:
                msg = "is a link that leads out of the folder; put the file itself into it"
                raise Unfit(msg)
            with suppress(Gone):
                return _text(bounded(real, MAX_BYTES, _NOFOLLOW, self._root))
        msg = "is a link to nothing"
        raise Gone(msg)


def read_named(path: str) -> str:
    """The text of the small, ordinary file at `path`, wherever the owner of the environment keeps it. Raises Unfit."""
    problem, real = None, path
    try:
        real, absolute = os.path.realpath(path), os.path.abspath(path)
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {why(error)}"
    else:
        if _below(absolute, *_UNREAL, "/dev") or _below(real, *_UNREAL, "/dev"):
            problem = "lies in /proc, /sys or /dev; name an ordinary file"
    if problem is not None:
        raise Unfit(problem)
    return _text(bounded(real, MAX_BYTES, _NOFOLLOW))


def bounded(path: str, most: int, flags: int = 0, root: str | None = None) -> bytes:
    """The bytes of the ordinary file at `path`, if it has `most` at most. Raises Unfit; a pipe does not block.

    With `root`, a folder above it, no folder between the two may be a link.
    """
    descriptor, data, problem, gone = -1, b"", None, False
    try:
        how = os.O_RDONLY | getattr(os, "O_BINARY", 0) | _NONBLOCK | flags
        descriptor = os.open(path, how) if root is None else _opened_below(root, path, how)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            problem = "is not an ordinary file"
        else:
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(most + 1)
    except (OSError, ValueError) as error:
        gone = isinstance(error, FileNotFoundError)
        problem = f"cannot be read: {why(error)}"
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    if len(data) > most:
        problem = f"is larger than {most:,} bytes"
    if problem is not None:
        raise Gone(problem) if gone else Unfit(problem)
    return data


def _opened_below(root: str, path: str, how: int) -> int:
    """A descriptor of the file at `path`, reached from `root` step by step: no link laid meanwhile leads elsewhere."""
    if os.open not in os.supports_dir_fd:
        return os.open(path, how)
    *folders, name = os.path.relpath(path, root).split(os.sep)
    step = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
    at = os.open(root, step)
    try:
        for folder in folders:
            below = os.open(folder, step | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        return os.open(name, how, dir_fd=at)
    finally:
        os.close(at)


def why(error: Exception) -> str:
    """What an error of the operating system says, without the path."""
    return (error.strerror if isinstance(error, OSError) else None) or "that is no path"


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:  # its repr holds the bytes: raised on from here, it would carry them along
        pass
    msg = "is not UTF-8 text; a private key has to be in PEM"
    raise Unfit(msg)


def _below(path: str, *roots: str) -> bool:
    """Whether `path` is one of `roots` or lies below one."""
    return any(path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in roots)
