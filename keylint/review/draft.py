"""Values, and remarks for a person → the text of a manifest that somebody is to finish."""

import re
from collections.abc import Iterable, Sequence
from datetime import date  # noqa: TC003 - an alias of types is made when the module is read
from textwrap import wrap
from typing import Final, NamedTuple, TypeAlias

import tomli_w

from keylint import secret_shapes
from keylint.report.escape import clean
from keylint.unseen import UNSAFE

TODO: Final = "TODO"
"""What stands wherever a person has to decide, so that an editor finds it."""
SCHEMA: Final = "keylint.schema.json"
WIDTH: Final = 110
"""Where comments are broken."""
MOST_LABEL: Final = 200
MOST_TEXT: Final = 500
"""Characters that the schema lets a label and any other text have."""

_NOTES_UP_TO = 60
"""How long a line may be for notes beside it to stand in one column."""

Value: TypeAlias = "str | bool | int | date | Sequence[str]"


class Field(NamedTuple):
    """A field and its value, with a note beside it."""

    name: str
    value: Value
    note: str = ""


class Blank(NamedTuple):
    """A field that a person has to fill in, as a comment: its form is no TOML until somebody has."""

    name: str
    form: str
    note: str = ""


class Remark(NamedTuple):
    """A comment of its own. Its text may be anybody's."""

    text: str


Line: TypeAlias = Field | Blank | Remark


ATTESTED: Final[tuple[Line, ...]] = (
    Blank("owner", '""', f"{TODO}: the person or team that answers for it"),
    Blank(
        "two_factor",
        '{ methods = [""], attested = YYYY-MM-DD, by = "" }',
        f"{TODO}: passkey, security-key, authenticator, sms, email; who looked, and when",
    ),
    Blank(
        "withdrawal_allowlist",
        '{ enabled = , attested = YYYY-MM-DD, by = "" }',
        f"{TODO}: true or false; who looked, and when",
    ),
    Blank("admin_ips", '[""]', "where people and keylint call from"),
)
"""What Binance shows of an account to no program, and somebody has to vouch for."""


def fits(text: str, most: int = MOST_TEXT) -> bool:
    """Whether `text` can stand in a manifest as it is: it is there, short, UTF-8, and has not the shape of a secret."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return 0 < len(text) <= most and not secret_shapes.find(text)


def inline(value: Value) -> str:
    """`value` as it stands in one line of TOML, with what nobody would see in it written as escapes."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(inline, value))}]"
    written = tomli_w.dumps({"x": value}).removeprefix("x = ").removesuffix("\n")
    return re.sub(UNSAFE, _escape, written)


def table(section: str, id_: str, lines: Iterable[Line]) -> str:
    """The table [section.id] with these lines."""
    return "\n".join([f"[{section}.{id_}]", *_written(list(lines))]) + "\n"


def stub(section: str, id_: str, *remarks: str) -> str:
    """The place of a table that could not be written, as a comment that says why."""
    return "\n".join([f"# [{section}.{id_}]", *(line for text in remarks for line in comment(text))]) + "\n"


def comment(text: str) -> list[str]:
    """The lines of a comment that says `text`, whatever is in it."""
    return [f"# {line}" for line in wrap(clean(text), WIDTH - 2, break_on_hyphens=False)]


def document(head: Sequence[str], tables: Iterable[str]) -> str:
    """A whole manifest: the line by which editors find the schema, the paragraphs of `head`, and the tables."""
    top = [f"#:schema ./{SCHEMA}"]
    for paragraph in head:
        top += ["", *comment(paragraph)]
    return "\n".join([*top, "", "version = 1", ""]) + "".join(f"\n{each}" for each in tables)


def _written(lines: Sequence[Line]) -> list[str]:
    beside = [code for line in lines if not isinstance(line, Remark) and line.note and _short(code := _code(line))]
    column = max(map(len, beside), default=0) + 2
    written: list[str] = []
    for line in lines:
        if isinstance(line, Remark):
            written += comment(line.text)
            continue
        code, note = _code(line), clean(line.note)
        at = column if _short(code) else len(code) + 2
        if note and at + len(note) + 2 > WIDTH:
            written += [*comment(line.note), code]
        else:
            written.append(f"{code:{at}}# {note}" if note else code)
    return written


def _short(code: str) -> bool:
    return len(code) <= _NOTES_UP_TO


def _code(line: Field | Blank) -> str:
    return f"{line.name} = {inline(line.value)}" if isinstance(line, Field) else f"# {line.name} = {line.form}"


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"  # noqa: PLR2004 - four digits are not enough for it
