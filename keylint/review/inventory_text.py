"""Inventory → what a person reads in a terminal: a matrix of keys and permissions, by account, and its legend."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Final, NamedTuple

from keylint.manifest.permissions import PERMISSIONS
from keylint.report.escape import clean, inert

from . import inventory_words as words
from .inventory_model import Holder, Holding, Inventory, Shown

HEADS: Final = {
    "read": "Rd",
    "fix-read": "fr",
    "spot": "Sp",
    "margin": "Mg",
    "futures": "Fu",
    "options": "Op",
    "portfolio-margin": "PM",
    "fix-trade": "ft",
    "internal-transfer": "iT",
    "universal-transfer": "uT",
    "withdraw": "Wd",
}
"""The short names of the permissions, at the head of a column."""
MARKS: Final = "●·?≠"
_ASCII: Final = str.maketrans({"●": "x", "·": ".", "≠": "!", "“": '"', "”": '"', "’": "'", "…": "..."})
_CELL = 3
_STEP = 18  # disable 2026-12-10
_AGE = 5
_COLORS: Final = {"bold": "1", "dim": "2", "late": "1;31", "differs": "1;31", "unknown": "1;33", "critical": "1;31"}
_SIDE: Final = {Shown.YES: "●", Shown.NO: "·", Shown.UNKNOWN: "?"}


class Style(NamedTuple):
    """How the text is to look."""

    width: int = 80
    color: bool = False
    ascii: bool = False
    """Whether the marks are letters of ASCII, where the terminal has no others."""


def render(found: Inventory, style: Style) -> str:
    """The matrix in lines of at most `width` columns, which are 80 or more."""
    text = "\n".join(_Painter(found, style).lines()) + "\n"
    return inert(text.translate(_ASCII) if style.ascii else text)


class _Painter:
    """Lays an inventory out for one width, in colour or without."""

    def __init__(self, found: Inventory, style: Style) -> None:
        self.found = found
        self.width = style.width
        self.color = style.color
        room = style.width - _CELL * len(HEADS) + 1 - _AGE - _STEP - 2
        longest = max((len(clean(key.name)) for key in found.keys), default=0) + 4
        self.names = max(14, min(room, longest))

    def lines(self) -> Iterator[str]:
        found = self.found
        yield from self.wrapped(f"Who holds what: {clean(found.name)}, as of {found.as_of:%Y-%m-%d %H:%M} UTC", "bold")
        yield from self.wrapped(clean(words.looked_at(found)))
        yield from self.wrapped(f"{'; '.join(words.facts(found))}")
        yield ""
        yield self.paint(f"{'':{self.names}}{' '.join(HEADS.values())}  age  next step", "dim")
        for account in found.accounts:
            yield from self.account(account)
        yield ""
        yield from self.legend()

    def account(self, account: Holder) -> Iterator[str]:
        yield ""
        yield from self.wrapped(clean(words.account(account)), "bold")
        if account.id is not None:
            for label, word in (("2FA", account.two_factor), ("allowlist", account.withdrawal_allowlist)):
                shade = "late" if words.is_stale(word, self.found) else "dim"
                ended = ": that day has passed" if word and word.until and shade == "late" else ""
                yield from self.wrapped(f"{label} {clean(words.word(word))}{ended}", shade, "  ", "      ")
        keys = self.found.of(account.id)
        for key in keys:
            yield from self.key(key)
        if not keys:
            yield "  no key"
        for doubt in account.doubts:
            yield from self.wrapped(f"? {clean(doubt)}", "unknown", "  ", "    ")

    def key(self, key: Holding) -> Iterator[str]:
        mark = "≠" if key.differences else "?" if key.doubts else " "
        name = f"{mark} {clean(key.name)}"
        if len(name) >= self.names:  # a name is never cut: it is what the line is about
            yield self.paint(name, self.shade(key))
            name = ""
        cells = " ".join(self.cell(token, key) for token in HEADS)
        age = "" if key.age_days is None else f"{key.age_days}d"
        late = words.is_late(key, self.found)
        step = self.paint(words.step(key), "late" if late else "")
        yield f"{self.paint(f'{name:{self.names}}', self.shade(key))}{cells}{age:>{_AGE}}  {step}".rstrip()
        said = [clean(it) for it in words.details(key)]
        if late and key.next is not None:
            said.append(f"{key.next.what.split()[0]}: {words.late(key, self.found)}")
        yield from self.wrapped(", ".join(said), "dim", "    ", "    ")
        for difference in key.differences:
            yield from self.wrapped(f"≠ {clean(difference)}", "differs", "    ", "      ")
        for doubt in key.doubts:
            subject = f"keys.{key.id}: " if key.id is not None else f"{key.fingerprint}: "
            yield from self.wrapped(f"? {clean(doubt.removeprefix(subject))}", "unknown", "    ", "      ")

    def shade(self, key: Holding) -> str:
        return "differs" if key.differences else "unknown" if key.doubts else ""

    def cell(self, token: str, key: Holding) -> str:
        """The declared mark, and beside it the live one where live state was looked at."""
        cell = key.permissions[token]
        live = "" if self.found.live is None else _SIDE.get(cell.live, " ")
        shade = "differs" if key.differs(token) else "unknown" if cell.live is Shown.UNKNOWN else ""
        if Shown.YES in cell and token == "withdraw":  # noqa: S105 - a permission
            shade = "critical"
        elif not shade and Shown.YES not in cell:
            shade = "dim"
        marks = f"{_SIDE[cell.declared]}{live}"
        return f"{self.paint(marks, shade)}{'':{_CELL - 1 - len(marks)}}"

    def legend(self) -> Iterator[str]:
        """What the heads and marks mean, and what could not be seen."""
        yield from self.wrapped(f"{', '.join(f'{HEADS[it.token]} {it.token}' for it in PERMISSIONS)}", "dim")
        if self.found.live is None:
            yield from self.wrapped(f"● declared, · not declared; {words.NOT_LOOKED_AT}", "dim")
            return
        marks = (
            "the first mark is what is declared, the second what is live: ● has it, · has it not, ? unknown, blank "
            "not shown; ≠ marks a key that is not as declared, ? one that is not wholly known"
        )
        yield from self.wrapped(marks, "dim")
        if unseen := words.others(self.found):
            yield from self.wrapped(clean(unseen), "dim")
        for remark in self.found.live.remarks:
            yield from self.wrapped(f"remark: {clean(remark)}", "dim", "", "  ")

    def wrapped(self, text: str, shade: str = "", first: str = "", indent: str = "") -> Iterator[str]:
        for row in wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ):
            yield self.paint(row, shade)

    def paint(self, text: str, shade: str) -> str:
        return f"\x1b[{_COLORS[shade]}m{text}\x1b[0m" if self.color and shade and text.strip() else text
