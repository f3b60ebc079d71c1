"""Text from a manifest or a plugin → text that is safe to print: the one place that decides what may be shown."""

import re

from keylint import secret_shapes
from keylint.unseen import UNSAFE

__all__ = ["UNSAFE", "clean", "inert", "visible"]


def clean(text: str) -> str:
    """`text` on one line, with nothing in it that acts on a terminal, hides, or has the shape of a secret."""
    if not (text.isascii() and text.isprintable()):
        text = re.sub(UNSAFE, visible, text)
    # Last, because an escape such as `\u200b` makes a run of letters and digits longer than it was.
    return secret_shapes.mask(text) if len(text) >= secret_shapes.SHORTEST else text


def inert(log: str) -> str:
    """`log` without a line that a runner of GitHub would obey: `::command::` at its start, `##[command]` anywhere."""
    # ActionCommand.TryParseV2 and TryParse in its source; white space before `::` does not count.
    if "##[" in log:
        log = log.replace("##[", "##\\x5b")
    if "::" in log:
        log = re.sub(r"^([^\S\n]*):(?=:[A-Za-z][\w-]*(?: [^\n]*)?::)", r"\1\\x3a", log, flags=re.MULTILINE)
    return log


def visible(match: re.Match[str]) -> str:
    """An unsafe character as people write it."""
    code = ord(match.group())
    if code > 0xFFFF:  # noqa: PLR2004 - four digits are not enough for it
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"  # noqa: PLR2004
