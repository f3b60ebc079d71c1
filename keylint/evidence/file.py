"""Evidence ↔ the text of a file that holds no secret and can be judged anywhere: `schemas/evidence.schema.json`."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from keylint import secret_shapes

from . import fields
from .fields import Wrong
from .json_file import parsed
from .model import (
    ANSWERS,
    OBSERVED,
    QUESTIONS,
    AccountLook,
    Evidence,
    Features,
    KeyFacts,
    KeyLook,
    ListedKey,
    ListedKeys,
    Order,
    Orders,
    Positions,
    Status,
    SubAccount,
    SubAccounts,
    Told,
    Trading,
    WithdrawalAddresses,
    Withdrawals,
)

VERSION: Final = 1

_AGAIN = "write it anew with `keylint observe`"

Json = Mapping[str, object]


class BadEvidence(Exception):  # noqa: N818 - it is said to the user as it is
    """Why a file is no evidence, and what to do. Names the file and the place in it, and quotes nothing of it."""


def dump(evidence: Evidence, tool_version: str) -> str:
    """The text of a file that `load` reads back: ASCII, the same for the same evidence.

    What has the shape of a secret is covered, wherever it came from, and what is longer than a file may hold is cut.
    """
    document = {
        "version": VERSION,
        "tool": {"name": "keylint", "version": tool_version},
        "source": evidence.source,
        "started": fields.written(evidence.started),
        "finished": fields.written(evidence.finished),
        "remarks": list(evidence.remarks),
        "keys": [_key_look(look) for look in evidence.keys],
        "accounts": [_account_look(look) for look in evidence.accounts],
    }
    return json.dumps(_safe(document), indent=1) + "\n"


def load(name: str, data: bytes) -> Evidence:
    """The evidence in the bytes `data` of the file called `name`. Raises BadEvidence."""
    try:
        return _evidence(name, parsed(data, "evidence", ": split the desk into several manifests"))
    except Wrong as wrong:
        message = f"{name}: {wrong}" + ("" if wrong.helped else f"; {_AGAIN}")
        raise BadEvidence(message) from None


def _safe(value: object) -> object:
    """`value` with bounded strings in which no secret is left."""
    if isinstance(value, str):
        return _covered(value) if len(value) >= secret_shapes.SHORTEST else value
    if isinstance(value, Mapping):
        return {str(_safe(name)): _safe(each) for name, each in value.items()}
    return [_safe(each) for each in value] if isinstance(value, list | tuple) else value


def _covered(text: str) -> str:
    text = secret_shapes.mask(text[: fields.MAX_TEXT])
    # As it is written it may be longer than it is: an escape is letters and digits too.
    return text if not secret_shapes.find(json.dumps(text)) else "left out: it has the shape of a secret"


# -- What is written -------------------------------------------------------------------------------------------------


def _key_look(look: KeyLook) -> Json:
    return {
        "key": look.key,
        "at": fields.written(look.at),
        "outcome": look.outcome,
        "reason": look.reason,
        "fingerprint": look.fingerprint,
        "type": look.type,
        "facts": None if look.facts is None else _facts(look.facts),
        "account": look.account,
        "account_reason": look.account_reason,
    }


def _facts(facts: KeyFacts) -> Json:
    return {
        "flags": dict(sorted(facts.flags.items())),
        "ip_restricted": facts.ip_restricted,
        "ip_list": None if facts.ip_list is None else list(facts.ip_list),
        "created": None if facts.created is None else fields.written(facts.created),
        "trading_expires": None if facts.trading_expires is None else fields.written(facts.trading_expires),
        "label": facts.label,
        "doubts": dict(sorted(facts.doubts.items())),
    }


def _account_look(look: AccountLook) -> Json:
    return {
        "account": look.account,
        "question": look.question,
        "at": fields.written(look.at),
        "outcome": look.outcome,
        "reason": look.reason,
        "asked_with": look.asked_with,
        "told": None if look.told is None else _told(look.told),
    }


def _told(told: Told) -> Json:
    match told:
        case Trading(locked, until):
            document: Json = {"locked": locked, "until": None if until is None else fields.written(until)}
        case SubAccounts(found):
            document = {"found": [each._asdict() for each in found]}
        case ListedKeys(listed):
            document = {"found": [{"fingerprint": each.fingerprint, "facts": _facts(each.facts)} for each in listed]}
        case Withdrawals(by_api, complete):
            document = {"by_api": [fields.written(each) for each in by_api], "complete": complete}
        case Orders(orders):
            document = {"open": [each._asdict() for each in orders]}
        case _:
            document = told._asdict()
    return document


# -- What is read ----------------------------------------------------------------------------------------------------


def _evidence(name: str, document: object) -> Evidence:
    read = fields.Object(document, "")
    version = read.take("version", fields.count)
    if version != VERSION:
        newer = version > VERSION
        message = (
            f"was written by a newer keylint (version {version} of the format): update keylint"
            if newer
            else f"has version {version} of the format, which keylint never wrote"
        )
        raise Wrong(message, helped=newer)
    tool = fields.Object(read.take("tool", fields.anything), "tool")
    tool.take("name", fields.one_of(("keylint",)))
    tool.take("version", fields.text)
    tool.end()
    evidence = Evidence(
        name,
        read.take("source", fields.source),
        read.take("started", fields.time),
        read.take("finished", fields.time),
        tuple(read.each("keys", _read_key_look)),
        tuple(read.each("accounts", _read_account_look)),
        tuple(read.each("remarks", fields.text)),
    )
    read.end()
    seen: set[tuple[str, ...]] = set()
    for index, look in enumerate(evidence.keys):
        _first(seen, (look.key,), f"keys[{index}]")
    for index, asked in enumerate(evidence.accounts):
        _first(seen, (asked.account, asked.question), f"accounts[{index}]")
    return evidence


def _first(seen: set[tuple[str, ...]], subject: tuple[str, ...], place: str) -> None:
    if subject in seen:
        message = f"{place} is a second look at the same thing"
        raise Wrong(message)
    seen.add(subject)


def _read_key_look(value: object, place: str) -> KeyLook:
    read = fields.Object(value, place)
    look = KeyLook(
        read.take("key", fields.id_),
        read.take("at", fields.time),
        read.take("outcome", fields.key_outcome),
        read.take("reason", fields.text),
        read.maybe("fingerprint", fields.fingerprint),
        read.maybe("type", fields.key_type),
        read.maybe("facts", _read_facts),
        read.maybe("account", fields.short_hash),
        read.take("account_reason", fields.text),
    )
    read.end()
    _consistent(look.outcome, look.reason, told=look.facts is not None, what="facts", place=place)
    if look.account is not None and look.facts is None:
        message = f"{place}.account is there without facts"
        raise Wrong(message)
    return look


def _consistent(outcome: str, reason: str, *, told: bool, what: str, place: str) -> None:
    if told is not (outcome == OBSERVED):
        message = f"{place}.{what} is {'there' if told else 'null'}, and its outcome is {outcome}"
        raise Wrong(message)
    if bool(reason) is (outcome in ANSWERS):
        message = f"{place}.reason is {'there' if reason else 'empty'}, and its outcome is {outcome}"
        raise Wrong(message)


def _read_facts(value: object, place: str) -> KeyFacts:
    read = fields.Object(value, place)
    facts = KeyFacts(
        read.take("flags", fields.table(fields.true_or_false)),
        read.maybe("ip_restricted", fields.true_or_false),
        read.maybe("ip_list", fields.tuple_of(fields.address, fields.MAX_ADDRESSES)),
        read.maybe("created", fields.time),
        read.maybe("trading_expires", fields.time),
        read.maybe("label", fields.text),
        read.take("doubts", fields.table(fields.text)),
    )
    read.end()
    return facts


def _read_account_look(value: object, place: str) -> AccountLook:
    read = fields.Object(value, place)
    account, question = read.take("account", fields.id_), read.take("question", fields.question)
    look = AccountLook(
        account,
        question,
        read.take("at", fields.time),
        read.take("outcome", fields.account_outcome),
        read.take("reason", fields.text),
        read.maybe("asked_with", fields.id_),
        read.maybe("told", _READERS[question]),
    )
    read.end()
    _consistent(look.outcome, look.reason, told=look.told is not None, what="told", place=place)
    return look


def _status(value: object, place: str) -> Status:
    read = fields.Object(value, place)
    return read.whole(Status(read.take("text", fields.text)))


def _trading(value: object, place: str) -> Trading:
    read = fields.Object(value, place)
    return read.whole(Trading(read.take("locked", fields.true_or_false), read.maybe("until", fields.time)))


def _features(value: object, place: str) -> Features:
    read = fields.Object(value, place)
    return read.whole(Features(*(read.take(name, fields.true_or_false) for name in Features._fields)))


def _addresses(value: object, place: str) -> WithdrawalAddresses:
    read = fields.Object(value, place)
    told = WithdrawalAddresses(read.take("saved", fields.count), read.take("unlisted", fields.tuple_of(fields.text)))
    if len(told.unlisted) > told.saved:
        message = f"{place}.saved is less than the number of those not on the list"
        raise Wrong(message)
    return read.whole(told)


def _sub_account(value: object, place: str) -> SubAccount:
    read = fields.Object(value, place)
    mail, shown = read.take("email_hash", fields.short_hash), read.take("shown", fields.text)
    return read.whole(SubAccount(mail, shown, read.take("frozen", fields.true_or_false)))


def _listed_key(value: object, place: str) -> ListedKey:
    read = fields.Object(value, place)
    return read.whole(ListedKey(read.take("fingerprint", fields.fingerprint), read.take("facts", _read_facts)))


def _withdrawals(value: object, place: str) -> Withdrawals:
    read = fields.Object(value, place)
    made = read.take("by_api", fields.tuple_of(fields.time))
    return read.whole(Withdrawals(made, read.take("complete", fields.true_or_false)))


def _order(value: object, place: str) -> Order:
    read = fields.Object(value, place)
    market = read.take("market", fields.market)
    return read.whole(Order(market, read.take("symbol", fields.text), read.take("client_id", fields.text)))


def _orders(value: object, place: str) -> Orders:
    read = fields.Object(value, place)
    return read.whole(Orders(read.take("open", fields.tuple_of(_order))))


def _sub_accounts(value: object, place: str) -> SubAccounts:
    read = fields.Object(value, place)
    return read.whole(SubAccounts(read.take("found", fields.tuple_of(_sub_account))))


def _listed_keys(value: object, place: str) -> ListedKeys:
    read = fields.Object(value, place)
    return read.whole(ListedKeys(read.take("found", fields.tuple_of(_listed_key))))


def _positions(value: object, place: str) -> Positions:
    read = fields.Object(value, place)
    return read.whole(Positions(read.take("symbols", fields.tuple_of(fields.text))))


_OF_TYPE: Final[Mapping[type[Told], Callable[[object, str], Told]]] = {
    Status: _status,
    Trading: _trading,
    Features: _features,
    WithdrawalAddresses: _addresses,
    SubAccounts: _sub_accounts,
    ListedKeys: _listed_keys,
    Withdrawals: _withdrawals,
    Positions: _positions,
    Orders: _orders,
}
_READERS: Final = {question: _OF_TYPE[kind] for question, kind in QUESTIONS.items()}
