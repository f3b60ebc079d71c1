"""What standard output is → how wide a text for people may be, whether in colour, and with which marks."""

import os
import sys

NARROW, WIDE = 40, 120
UNKNOWN_WIDTH = 80
"""The width of a text that is not shown on a terminal, so that it is the same everywhere."""


def width() -> int:
    """How many columns a line may take on standard output."""
    if not _is_terminal():
        return UNKNOWN_WIDTH
    try:
        return max(NARROW, min(WIDE, os.get_terminal_size(sys.stdout.fileno()).columns or UNKNOWN_WIDTH))
    except OSError:
        return UNKNOWN_WIDTH


def colored(color: str) -> bool:
    """Colours as asked for; else NO_COLOR and FORCE_COLOR as https://no-color.org has them; else on a terminal."""
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return _is_terminal() and os.environ.get("TERM") != "dumb"


def shows(marks: str) -> bool:
    """Whether the encoding of standard output has these characters."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        marks.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
