"""A path, and the text of a file that is to be new → the file, written where nothing is overwritten unasked."""

import os.path
import sys
from typing import Final

from keylint.manifest.discover import shown

from .stream import Broken, emit, write

STDOUT: Final = "-"


def expect_room(path: str, *, force: bool) -> None:
    """Raise Broken where a new file could not be written to `path`; `force`: it may replace one."""
    if path == STDOUT:
        if sys.stdout is None:
            message = "standard output is closed; name a file to write to"
            raise Broken(message)
        return
    name = shown(path)
    if os.path.isdir(path):
        message = f"{name} is a folder; name a file in it"
        raise Broken(message)
    if os.path.lexists(path):
        if os.path.exists(path) and not os.path.isfile(path):
            return  # a pipe or a device is written into
        if not force:
            message = f"{name} is there already, and is left as it is; name another file, or replace it with --force"
            raise Broken(message)
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
        message = f"cannot write {name}; name a file in a folder that is there and writable"
        raise Broken(message)


def deliver(path: str, text: str, *, force: bool) -> None:
    """Write `text` to `path`, whole or not at all. Raises Broken, also where a file came to be there meanwhile."""
    expect_room(path, force=force)
    if path == STDOUT:
        emit(text)
    else:
        write(path, text)
