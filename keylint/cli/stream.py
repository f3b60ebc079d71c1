"""Text → standard output, standard error or a file, whatever state those are in."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

from keylint.report.escape import clean, inert

EXIT_UNUSABLE = 2


class Broken(Exception):  # noqa: N818 - it is said to the user as it is
    """What keeps a command from doing its work: usage, configuration, unreadable input. Says what to do."""


def emit(text: str) -> None:
    """Write `text` to standard output. Raises Broken where that is full.

    A reader that has gone away (`| head`) wants no more, and is told no more.
    """
    _emit(text, sys.stdout)


def talk(text: str) -> None:
    """Write `text` to standard error; where that is full or closed there is nobody to tell."""
    with suppress(Broken):
        _emit(text, sys.stderr)


def complain(message: str) -> None:
    """One line to standard error."""
    talk(inert(f"keylint: {clean(message)}\n"))


def _emit(text: str, stream: TextIO | None) -> None:
    if stream is None:  # the descriptor was closed before the program started
        return
    try:
        if isinstance(stream, TextIOWrapper):  # what stands in for a stream in a test need not be one of files
            stream.reconfigure(errors="backslashreplace")
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        # Python flushes once more at exit, and would complain.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except OSError as error:
        msg = f"cannot write the report: {error.strerror}"
        raise Broken(msg) from None


def write(path: str, text: str) -> None:
    """Write `text` to the file at `path`, whole or not at all; a pipe or a device is written into. Raises Broken."""
    data = text.encode(errors="backslashreplace")
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            _pour(path, data)
        else:
            _replace(os.path.realpath(path), data)  # a link stays what it is
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}; name a file in a folder that is there and writable"
        raise Broken(msg) from None


def _pour(path: str, data: bytes) -> None:
    # Opened without blocking: a pipe that nobody reads would hold a commit for ever.
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "wb") as file:
        os.set_blocking(descriptor, True)
        file.write(data)


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode & 0o777
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask


def _replace(path: str, data: bytes) -> None:
    import tempfile  # noqa: PLC0415 - needed where a file is asked for, and slow

    descriptor, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".keylint.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        # mkstemp lets the owner alone read; a report is an ordinary file, and one that was there keeps its mode.
        os.chmod(draft, _mode(path))
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
