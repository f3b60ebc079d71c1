"""Inventory → JSON, version 1: the contract is `keylint schema inventory`."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from keylint import __version__
from keylint.evidence.known import Looked
from keylint.report.escape import clean

from . import inventory_words as words
from .inventory_model import Holder, Holding, Inventory, Shown, Word

VERSION = 1


def render(found: Inventory) -> str:
    """The whole inventory; what nobody said is null, and what is not known says so."""
    document = {
        "version": VERSION,
        "tool": {"name": "keylint", "version": __version__},
        "as_of": _instant(found.as_of),
        "manifest": clean(found.name),
        "looked_at": _looked_at(found),
        "accounts": [_account(it, found) for it in found.accounts if it.id is not None],
        "keys": [_key(it, found) for it in found.keys],
    }
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
    # A runner of GitHub obeys `##[command]` wherever it stands in a log; JSON has another way to write the bracket.
    return text.replace("##[", "##\\u005b")


def _looked_at(found: Inventory) -> dict[str, Any]:
    if found.live is None:
        return {"live": False, "sources": [], "keys_answered": None, "remarks": []}
    return {
        "live": True,
        "sources": [_source(it) for it in found.live.looked_at],
        "keys_answered": found.live.answered,
        "remarks": _all(found.live.remarks),
    }


def _source(it: Looked) -> dict[str, Any]:
    return {
        "file": clean(it.name) if it.name else None,
        "source": it.source,
        "started": _instant(it.started),
        "finished": _instant(it.finished),
    }


def _account(it: Holder, found: Inventory) -> dict[str, Any]:
    return {
        "id": it.id,
        "owner": _text(it.owner),
        "master": it.master,
        "two_factor": _word(it.two_factor, found),
        "withdrawal_allowlist": _word(it.withdrawal_allowlist, found),
        "undeclared_keys_seen": it.others.value,
        "unknown": _all(it.doubts),
    }


def _word(it: Word | None, found: Inventory) -> dict[str, Any] | None:
    if it is None:
        return None
    return {
        "says": _all(it.says),
        "attested": it.attested.isoformat(),
        "by": clean(it.by),
        "until": _day(it.until),
        "holds": not words.is_stale(it, found),
        "inherited": it.inherited,
    }


def _key(it: Holding, found: Inventory) -> dict[str, Any]:
    return {
        "id": it.id,
        "account": it.account,
        "label": _text(it.label),
        "fingerprint": _text(it.fingerprint),
        "type": it.type,
        "role": it.role,
        "status": it.status,
        "bots": [
            {
                "id": user.bot,
                "in_manifest": user.found,
                "status": user.status if user.found else None,
                "provider": user.provider,
                "provider_in_manifest": None if user.provider is None else user.provider_found,
            }
            for user in it.users
        ],
        "owner": _text(it.owner),
        "custody": it.custody,
        "holders": _all(it.holders),
        "permissions": {
            token: {"declared": cell.declared is Shown.YES, "live": cell.live.value, "differs": it.differs(token)}
            for token, cell in it.permissions.items()
        },
        "other_live_permissions": _all(it.unnamed),
        "addresses": {
            "declared": _all(it.addresses.declared),
            "third_party": _text(it.addresses.third_party),
            "any": words.usable_anywhere(it.addresses),
            "restricted_live": it.addresses.restricted.value,
            "live": None if it.addresses.live is None else _all(it.addresses.live),
        },
        "created": _day(it.created),
        "created_live": _day(it.created_live),
        "age_days": it.age_days,
        "next": None
        if it.next is None
        else {"step": it.next.what.split()[0], "day": it.next.day.isoformat(), "late": words.is_late(it, found)},
        "live": it.live,
        "seen_at": None if it.seen_at is None else _instant(it.seen_at),
        "differences": _all(it.differences),
        "unknown": _all(it.doubts),
    }


def _all(texts: Sequence[str]) -> list[str]:
    return [clean(it) for it in texts]


def _text(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
