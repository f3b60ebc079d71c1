"""Binance's answers about keys → KeyFacts, in which each field is known or in doubt, and nothing is guessed."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from keylint.evidence.facts import SWITCH
from keylint.evidence.fields import MAX_ADDRESSES
from keylint.evidence.model import KeyFacts
from keylint.manifest.addresses import network
from keylint.manifest.permissions import PERMISSIONS

from . import reading
from .endpoints import KEY_PERMISSIONS, SUB_ACCOUNT_KEY_IPS, SUB_ACCOUNT_KEYS
from .reading import MISSING, kept, malformed, mapping, moment, near, oddity, rows, time_oddity
from .secret import Secret, fingerprint

AHEAD: Final = timedelta(days=1)
"""How far in the future a key may have been made, before its day of creation is in doubt."""
PAGE: Final = 100
"""Keys on one page of a sub-account's list; Binance's own limit."""
MAX_FIELDS: Final = 200
MAX_NAME: Final = 64

_FIELDS = tuple(permission.field for permission in PERMISSIONS)
_IP_RESTRICT, _CREATED, _EXPIRES = "ipRestrict", "createTime", "tradingAuthorityExpirationTime"
_BOOLEAN = "true or false"
_TOLD: Final[Mapping[str, str]] = {
    "canTrade": "enableSpotAndMarginTrading",
    "canMarginLoanRepay": "enableMargin",
    "canFuturesTrade": "enableFutures",
    "canUniversalTransfer": "permitsUniversalTransfer",
    "canVanillaOptions": "enableVanillaOptions",
}
"""What a master's list tells of a key, and the fields by which the key itself tells the same."""
_API_KEY = re.compile(r"[A-Za-z0-9]{16,128}")


def key_facts(answer: object, now: datetime) -> KeyFacts:
    """What `apiRestrictions` tells of the key that asked, at the instant `now`.

    A field that is missing or in another form is a doubt of that field alone. Raises Failure for an answer that is no
    object, or holds none of the fields.
    """
    told = mapping(KEY_PERMISSIONS, answer, "it")
    if len(told) > MAX_FIELDS:
        raise malformed(KEY_PERMISSIONS, f"it has {len(told)} fields, where at most {MAX_FIELDS} are believed")
    if not any(name in told for name in _FIELDS):
        raise malformed(KEY_PERMISSIONS, "it names none of the permissions")
    doubts: dict[str, str] = {}
    flags = _flags(told, doubts)
    created, expires = _times(told, now, doubts)
    restricted = told.get(_IP_RESTRICT, MISSING)
    if not isinstance(restricted, bool):
        doubts[_IP_RESTRICT] = oddity(restricted, _BOOLEAN)
    return KeyFacts(
        dict(sorted(flags.items())),
        ip_restricted=restricted if isinstance(restricted, bool) else None,
        created=created,
        trading_expires=expires,
        doubts=dict(sorted(doubts.items())),
    )


def _flags(told: Mapping[str, object], doubts: dict[str, str]) -> dict[str, bool]:
    """Every true or false of an answer; what ought to be one and is not goes to the doubts."""
    flags: dict[str, bool] = {}
    for name in _FIELDS:
        _take(told.get(name, MISSING), name, flags, doubts)
    for name, value in told.items():
        if name in _FIELDS or name == _IP_RESTRICT:
            continue
        shown = kept(name, MAX_NAME)
        if isinstance(value, bool):
            flags[shown] = value or flags.get(shown, False)  # of two whose ends were cut off the worse one
        elif name.lower().startswith(SWITCH):
            doubts[shown] = oddity(value, _BOOLEAN)
    return flags


def _times(
    told: Mapping[str, object], now: datetime, doubts: dict[str, str]
) -> tuple[datetime | None, datetime | None]:
    """When the key was made, and when trading will be taken from it; what is no such time goes to the doubts."""
    created = moment(told.get(_CREATED, MISSING))
    if created is None:
        doubts[_CREATED] = time_oddity(told.get(_CREATED, MISSING))
    elif created > now + AHEAD:
        created, doubts[_CREATED] = None, "is in the future"
    expires = moment(told.get(_EXPIRES, MISSING))
    if expires is None and _EXPIRES in told:
        doubts[_EXPIRES] = time_oddity(told[_EXPIRES])
    elif near(told, _EXPIRES):
        doubts[_EXPIRES] = "is spelled otherwise"
    return created, expires


class Row(NamedTuple):
    """A key in its master's list, with the API key by which its addresses are asked for."""

    api_key: Secret
    fingerprint: str
    facts: KeyFacts


class Page(NamedTuple):
    """One page of the keys of a sub-account."""

    total: int
    """How many keys the whole list has, as Binance says."""
    rows: tuple[Row, ...]


def keys_page(answer: object, email: str) -> Page:
    """The keys on a page of `subAccountApi` of the sub-account with `email`.

    Raises Failure where the page, or which keys stand on it, is not told in the documented form: an entry that cannot
    be read could be any key.
    """
    where = SUB_ACCOUNT_KEYS
    told = mapping(where, answer, "it")
    names = [name for name in ("rows", "list") if name in told]
    if len(names) != 1:
        raise malformed(where, "it has both rows and list" if names else "rows is missing")
    total = told.get("total", MISSING)
    if type(total) is not int or total < 0:
        raise malformed(where, f"total {oddity(total, 'a number')}" if type(total) is not int else "total is negative")
    found = rows(where, told[names[0]], names[0])
    if len(found) > PAGE:
        raise malformed(where, f"it lists {len(found)} keys on one page, where at most {PAGE} were asked for")
    return Page(total, tuple(_row(row, f"{names[0]}[{index}].", email) for index, row in enumerate(found)))


def _row(row: Mapping[str, object], what: str, email: str) -> Row:
    where = SUB_ACCOUNT_KEYS
    api_key = reading.text(where, row, "apikey", what)
    if not _API_KEY.fullmatch(api_key):
        raise malformed(where, f"{what}apikey is not a whole API key")
    whose = row.get("email", email)
    if not isinstance(whose, str) or whose.strip().lower() != email.strip().lower():
        raise malformed(where, f"{what}email is not that of the sub-account which was asked about")
    flags: dict[str, bool] = {}
    doubts: dict[str, str] = {}
    for told, field in _TOLD.items():
        _take(row.get(told, MISSING), field, flags, doubts, called=f"({told}) ")
    label = row.get("apiName", MISSING)
    if not isinstance(label, str):
        doubts["apiName"] = oddity(label, "a string")
    facts = KeyFacts(
        dict(sorted(flags.items())),
        label=kept(label) if isinstance(label, str) else None,
        doubts=dict(sorted(doubts.items())),
    )
    return Row(Secret(api_key, f"{what}apikey of {where.path}"), fingerprint(api_key), facts)


class Restriction(NamedTuple):
    """What `ipRestriction` tells of one key of a sub-account."""

    ip_restricted: bool | None
    ip_list: tuple[str, ...] | None
    doubts: Mapping[str, str]


def restriction(answer: object, api_key: Secret) -> Restriction:
    """The addresses from which `api_key` may be used. Raises Failure for no object, or one about another key.

    `ipRestrict` is a string in this endpoint's documentation, and true or false in that of its twin for brokers.
    """
    where = SUB_ACCOUNT_KEY_IPS
    told = mapping(where, answer, "it")
    whose = reading.text(where, told, "apiKey")
    if Secret(whose, where.path) != api_key:
        raise malformed(where, "apiKey is not the key which was asked about")
    doubts: dict[str, str] = {}
    said = told.get(_IP_RESTRICT, MISSING)
    restricted = {"true": True, "false": False}.get(said) if isinstance(said, str) else said
    if not isinstance(restricted, bool):
        restricted = None
        doubts[_IP_RESTRICT] = (
            "is another word than true and false" if isinstance(said, str) else oddity(said, '"true" or "false"')
        )
    listed = told.get("ipList", MISSING)
    if not isinstance(listed, list):
        doubts["ipList"] = oddity(listed, "a list")
        return Restriction(restricted, None, doubts)
    if len(listed) > MAX_ADDRESSES:
        doubts["ipList"] = f"has {len(listed):,} entries, where at most {MAX_ADDRESSES:,} are believed"
        return Restriction(restricted, None, doubts)
    entries = tuple(entry for entry in listed if isinstance(entry, str) and network(entry) is not None)
    if len(entries) < len(listed):
        doubts["ipList"] = f"has {len(listed) - len(entries)} of {len(listed)} entries that name no address or network"
    elif restricted is True and not entries:
        doubts["ipList"] = "is empty, where ipRestrict is true"
    elif restricted is False and entries:
        doubts["ipList"] = "names addresses, where ipRestrict is false"
    return Restriction(restricted, entries, doubts)


def with_addresses(facts: KeyFacts, told: Restriction) -> KeyFacts:
    """What a master's list tells of a key, and what `ipRestriction` adds to it."""
    doubts = dict(sorted({**facts.doubts, **told.doubts}.items()))
    return facts._replace(ip_restricted=told.ip_restricted, ip_list=told.ip_list, doubts=doubts)


def without_addresses(facts: KeyFacts, outcome: str) -> KeyFacts:
    """What a master's list tells of a key whose addresses were asked for and not told; `outcome` is why."""
    return facts._replace(doubts=dict(sorted({**facts.doubts, "ipList": f"was not told ({outcome})"}.items())))


def _take(value: object, name: str, flags: dict[str, bool], doubts: dict[str, str], called: str = "") -> None:
    """Put the true or false of a permission to the others, or what is wrong with it to the doubts."""
    if value is True or value is False:
        flags[name] = value
    else:
        doubts[name] = f"{called}{oddity(value, _BOOLEAN)}"
