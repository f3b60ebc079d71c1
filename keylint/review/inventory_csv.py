"""Inventory → CSV (RFC 4180), a line for each key, that a spreadsheet shows and never runs."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Final

from keylint.manifest.permissions import PERMISSIONS
from keylint.report.escape import clean

from . import inventory_words as words
from .inventory_model import Holder, Holding, Inventory, Word

_RUN: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet takes for a formula; the wide forms are taken for the narrow ones."""


def render(found: Inventory) -> str:
    """A header and a line for each key. A cell that a spreadsheet would run begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    accounts = {account.id: account for account in found.accounts}
    rows = [dict(_cells(found, key, accounts[key.account])) for key in found.keys]
    writer.writerow(rows[0] if rows else dict(_cells(found, _nothing(), Holder(None))))
    writer.writerows([_guarded(value) for value in row.values()] for row in rows)
    # A runner of GitHub obeys `##[command]` wherever it stands in a log.
    return out.getvalue().replace("##[", "##\\x5b")


def _nothing() -> Holding:
    """A key of which nothing is known, for the header of an inventory without keys."""
    from .inventory_model import Addresses, Cell, Shown  # noqa: PLC0415 - for this alone

    cells = {it.token: Cell(Shown.NO, Shown.NOT_LOOKED_AT) for it in PERMISSIONS}
    return Holding(None, None, cells, Addresses((), None, any=False, restricted=Shown.NOT_LOOKED_AT))


def _cells(found: Inventory, key: Holding, account: Holder) -> Iterator[tuple[str, str]]:
    """The columns of one key, in their order."""
    yield "key", key.id or ""
    yield "declared", "no" if key.id is None else "yes"
    yield "label", key.label or ""
    yield "fingerprint", key.fingerprint or ""
    yield "account", key.account or ""
    yield "bots", " ".join(it.bot for it in key.users)
    yield "providers", " ".join(dict.fromkeys(it.provider for it in key.users if it.provider is not None))
    yield "role", key.role or ""
    yield "status", key.status or ""
    yield "type", key.type or ""
    yield "owner", key.owner or ""
    yield "custody", key.custody or ""
    yield "holders", "; ".join(key.holders)
    for it in PERMISSIONS:
        cell = key.permissions[it.token]
        yield f"{it.token} declared", words.CELL[cell.declared]
        yield f"{it.token} live", words.CELL[cell.live]
    yield "other live permissions", " ".join(key.unnamed)
    yield "created", _day(key.created)
    yield "created live", _day(key.created_live)
    yield "age days", "" if key.age_days is None else str(key.age_days)
    yield "next step", "" if key.next is None else key.next.what.split()[0]
    yield "next day", "" if key.next is None else _day(key.next.day)
    yield "late", "yes" if words.is_late(key, found) else "no"
    yield "addresses declared", "" if key.id is None else words.declared_addresses(key.addresses)
    yield "addresses live", words.live_addresses(key.addresses) or words.CELL[key.addresses.restricted]
    for name, word in (("2fa", account.two_factor), ("withdrawal allowlist", account.withdrawal_allowlist)):
        yield from _word(name, word)
    yield "live", key.live
    yield "seen at", "" if key.seen_at is None else _instant(key.seen_at)
    yield "differences", "; ".join(key.differences)
    yield "unknown", "; ".join(key.doubts)
    yield "manifest", found.name
    yield "as of", _instant(found.as_of)


def _word(name: str, word: Word | None) -> Iterator[tuple[str, str]]:
    yield name, "" if word is None else " ".join(word.says) or "none"
    yield f"{name} attested", "" if word is None else _day(word.attested)
    yield f"{name} attested by", "" if word is None else word.by


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _instant(moment: date) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _guarded(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, blanks at its beginning or not."""
    shown = clean(text)
    return f"'{shown}" if shown.lstrip().startswith(_RUN) else shown
