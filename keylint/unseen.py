"""Text → what deceives its reader: characters that nobody sees or a terminal acts on, and names that look alike."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from .manifest.positions import Path
from .manifest.source import Source

# Every control, format and surrogate character, the line and paragraph separators, what Unicode calls ignorable, and
# the blank of Braille. Ordinary spaces and the letters of all scripts are none of them.
_BUT_LINE_ENDS = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
UNSAFE = f"[\t\n\r{_BUT_LINE_ENDS}]"
"""The pattern of a character that may not be printed as it is; compiled at its first use, as most texts are ASCII."""

_STRAY = f"[{_BUT_LINE_ENDS}]|\r(?!\n)"
_PLAIN = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
_ESCAPE = r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([bfe]|r(?!\\n))|(?s:.))"
_LAST_CHARACTER = 0x10FFFF
_CONTROLS = {"b": "\b", "f": "\f", "e": "\x1b", "r": "\r"}

# What looks the same in many fonts: 0 and O; 1, l, I and |; and letters of other scripts beside Latin ones.
_ALIKE = {
    "o": "0O\u043e\u041e\u03bf\u039f\u0585\u0555\u1d0f",
    "l": "1I|\u0406\u0399\u04c0\u04cf",
    "a": "\u0430\u03b1\u0251",
    "c": "\u0441",
    "d": "\u0501",
    "e": "\u0435",
    "g": "\u0261",
    "h": "\u04bb\u0570",
    "i": "\u0456\u03b9\u0131",
    "j": "\u0458\u03f3",
    "k": "\u043a\u03ba",
    "n": "\u0578",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "s": "\u0455",
    "u": "\u03c5\u057d",
    "v": "\u03bd",
    "w": "\u051d",
    "x": "\u0445\u03c7",
    "y": "\u0443",
    "A": "\u0410\u0391",
    "B": "\u0412\u0392",
    "C": "\u0421",
    "E": "\u0415\u0395",
    "H": "\u041d\u0397",
    "J": "\u0408\u037f",
    "K": "\u041a\u039a",
    "M": "\u041c\u039c",
    "N": "\u039d",
    "P": "\u0420\u03a1",
    "S": "\u0405",
    "T": "\u0422\u03a4",
    "X": "\u0425\u03a7",
    "Y": "\u03a5",
    "Z": "\u0396",
}
_LOOKS = {ord(other): letter for letter, others in _ALIKE.items() for other in others}


class Unseen(NamedTuple):
    """A stretch of a text, offsets in characters and the end exclusive, and the characters that it stands for."""

    start: int
    end: int
    chars: str


def find(text: str) -> tuple[Unseen, ...]:
    """Where `text` holds what nobody sees or a terminal acts on.

    Tabs and line ends are let through, and so are the joiners of emoji and of scripts that are written with them.
    """
    if text.isascii() and text.isprintable():
        return ()
    rest = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN).decode("utf-8", "surrogatepass")
    if not re.search(f"[{_BUT_LINE_ENDS}]", rest) and text.count("\r") == text.count("\r\n"):
        return ()
    strays = (match for match in re.finditer(_STRAY, text) if not _at_home(text, match.start()))
    return tuple(_joined(Unseen(*match.span(), match[0]) for match in strays))


def in_source(source: Source) -> list[Unseen]:
    """Where a manifest holds such characters, comments included; also where a string writes one as an escape.

    One at which the text stops being TOML is left out: the fault speaks of it.
    """
    text, fault = source.text, source.fault
    found = []
    if fault is not None or not text.isascii():  # TOML itself lets no other control character of ASCII through
        found += [unseen for unseen in find(text) if fault is None or unseen.start != fault.offset]
    if "\\" in text and any(_escaped(text)):
        found += _escaped_in_strings(source)
    return found


def alike(names: Collection[str]) -> list[tuple[str, str]]:
    """The `names` that are hard to tell from an earlier one, each with that one; the names differ from each other."""
    joined = "\n".join(names)
    if joined.isascii() and not (" " in joined and re.search("  |(?m:^ | $)", joined)):
        forms = {joined.translate(_LOOKS), joined.lower()} - {joined}  # of all names at once: there may be thousands
        if all(len(set(form.split("\n"))) == len(names) for form in forms):
            return []
    found = []
    seen: dict[str, str] = {}
    for name in names:
        plain = _plain(name)
        earlier = [seen.setdefault(key, name) for key in (plain.translate(_LOOKS), f"\n{plain.casefold()}")]
        found += [(name, other) for other in dict.fromkeys(earlier) if other != name][:1]
    return found


def _joined(places: Iterable[Unseen]) -> list[Unseen]:
    """What stands side by side as one."""
    found: list[Unseen] = []
    for place in places:
        if found and found[-1].end == place.start:
            found[-1] = Unseen(found[-1].start, place.end, found[-1].chars + place.chars)
        else:
            found.append(place)
    return found


def _at_home(text: str, at: int) -> bool:
    """Whether a joiner or a variation selector stands where it belongs: in an emoji, or between letters that join."""
    char, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if not before or char not in "\u200c\u200d\ufe0e\ufe0f":
        return False
    from unicodedata import category  # noqa: PLC0415 - few manifests need it

    if char in "\ufe0e\ufe0f":
        return category(before) in {"So", "Sm"} or (before in "#*0123456789" and after == "\u20e3")
    if after and min(before, after) >= "\u0600" and max(before, after) <= "\u1fff":
        return category(before)[0] in "LM" and category(after)[0] in "LM"
    return char == "\u200d" and bool(after) and category(after) == "So" and category(before) in {"So", "Sk", "Mn"}


def _escaped(token: str) -> Iterator[Unseen]:
    """Where a TOML basic string writes such a character as an escape."""
    for match in re.finditer(_ESCAPE, token):
        code = match[1] or match[2] or match[3]
        if code and int(code, 16) <= _LAST_CHARACTER:
            char = chr(int(code, 16))
            if char not in "\t\n" and re.match(UNSAFE, char):
                yield Unseen(*match.span(), char)
        elif match[4]:
            yield Unseen(*match.span(), _CONTROLS[match[4]])


def _escaped_in_strings(source: Source) -> Iterator[Unseen]:
    """The same for all keys and values: what looks like an escape may stand in a comment or in a literal string."""
    for path, string, is_key in _strings(source.values):
        if find(string):
            span = source.positions.key(path) if is_key else source.positions.value(path)
            token = "" if span is None else source.text[span.start : span.end]
            if span is not None and token.startswith('"'):
                at = span.start
                yield from _joined(Unseen(at + start, at + end, chars) for start, end, chars in _escaped(token))


def _strings(values: dict[str, Any]) -> Iterator[tuple[Path, str, bool]]:
    """Every key and every string of parsed TOML, with its path, and whether it is a key."""
    left: list[tuple[Path, Any]] = [((), values)]
    while left:
        path, value = left.pop()
        if isinstance(value, str):
            yield path, value, False
        elif isinstance(value, dict):
            for name, inner in value.items():
                yield (*path, name), name, True
                left.append(((*path, name), inner))
        elif isinstance(value, list):
            left += [((*path, index), inner) for index, inner in enumerate(value)]


def _plain(name: str) -> str:
    """A name without what the eye passes over: compatibility forms such as wide letters, and doubled spaces."""
    if not name.isascii():
        from unicodedata import normalize  # noqa: PLC0415 - few manifests need it

        name = normalize("NFKC", name)
    return " ".join(name.split())
