"""Inventory → Markdown as GitHub reads it: a table of keys and permissions for each account, every text encoded."""

import re
from collections.abc import Iterator
from typing import Final

from keylint.manifest.permissions import PERMISSIONS
from keylint.report.escape import clean, inert

from . import inventory_words as words
from .inventory_model import Cell, Holder, Holding, Inventory, Shown

_ACTIVE: Final = re.compile(r"[\\`*_{}\[\]<>#!|~&@$^]|:(?!\s|\d\d\b)|(?<=www)\.", re.IGNORECASE)
"""What Markdown or GitHub makes something of: emphasis, links, HTML, tables, mentions, issues, emoji, formulas."""
_MARK: Final = {Shown.YES: "●", Shown.NO: "·", Shown.UNKNOWN: "?"}


def render(found: Inventory) -> str:
    """The whole inventory as a document."""
    return inert("\n".join(_lines(found)) + "\n")


def encoded(text: str) -> str:
    """`text` as Markdown that shows it and makes nothing of it, in a table too."""
    return _ACTIVE.sub(lambda match: f"&#{ord(match.group())};", clean(text))


def _lines(found: Inventory) -> Iterator[str]:
    yield f"# Who holds what: {encoded(found.name)}"
    yield ""
    yield f"As of {found.as_of:%Y-%m-%d %H:%M} UTC. {encoded(words.looked_at(found))}."
    yield ""
    yield from (f"- {encoded(fact)}" for fact in words.facts(found))
    for account in found.accounts:
        yield from _account(found, account)
    yield ""
    yield from _legend(found)


def _account(found: Inventory, account: Holder) -> Iterator[str]:
    yield ""
    yield f"## {encoded(words.account(account))}"
    yield ""
    if account.id is not None:
        yield f"- 2FA: {encoded(words.word(account.two_factor))}"
        yield f"- Withdrawal allowlist: {encoded(words.word(account.withdrawal_allowlist))}"
    yield from (f"- **unknown:** {encoded(doubt)}" for doubt in account.doubts)
    keys = found.of(account.id)
    yield ""
    if not keys:
        yield "No key."
        return
    heads = ["key", "used by", *(it.token for it in PERMISSIONS), "from", "age", "next step", "custody", "type"]
    yield f"| {' | '.join(heads)} |"
    yield f"| --- | --- |{' :-: |' * len(PERMISSIONS)} --- | --: | --- | --- | --- |"
    for key in keys:
        yield f"| {' | '.join(_row(found, key))} |"
    notes = [(key, "not as declared", it) for key in keys for it in key.differences]
    notes += [(key, "unknown", it) for key in keys for it in key.doubts]
    if notes:
        yield ""
    yield from (f"- **{kind}:** {encoded(key.name)}: {encoded(it)}" for key, kind, it in notes)


def _row(found: Inventory, key: Holding) -> Iterator[str]:
    status = f" ({key.status})" if key.status not in {None, "active"} else ""
    yield f"**{encoded(key.name)}**{encoded(status)}"
    yield encoded(words.users(key))
    for it in PERMISSIONS:
        yield _cell(key.permissions[it.token], differs=key.differs(it.token))
    yield encoded(words.addresses(key))
    yield "" if key.age_days is None else f"{key.age_days} d"
    step = words.step(key)
    yield f"**{step}, {words.late(key, found)}**" if words.is_late(key, found) else step
    yield encoded(key.custody or "")
    yield encoded(key.type or "")


def _cell(cell: Cell, *, differs: bool) -> str:
    """The declared mark, and the live one where live state was looked at; one that differs stands out."""
    if cell.live is Shown.NOT_LOOKED_AT:
        return _MARK[cell.declared]
    marks = f"{_MARK[cell.declared]}{_MARK.get(cell.live, '')}"
    return f"**{marks} ≠**" if differs else marks


def _legend(found: Inventory) -> Iterator[str]:
    if found.live is None:
        yield f"● declared, · not declared; {words.NOT_LOOKED_AT}."
        return
    yield (
        "The first mark is what is declared, the second what is live: ● has it, · has it not, ? unknown, none: not "
        "shown. ≠ where they differ."
    )
    if unseen := words.others(found):
        yield ""
        yield f"{encoded(unseen)}."
    for remark in found.live.remarks:
        yield ""
        yield f"Remark: {encoded(remark)}"
