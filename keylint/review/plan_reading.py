"""The text of a file that `plan_file` wrote → Plan, or what is wrong with it where somebody changed it by hand."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final, NoReturn

from keylint.evidence import fields
from keylint.evidence.fields import Wrong
from keylint.evidence.json_file import BOM, parsed
from keylint.evidence.known import Looked
from keylint.manifest.permissions import PERMISSION

from .plan_file import VERSION
from .planned import (
    ACTIONS,
    ADD,
    ADDRESSES,
    ALTER,
    CAUSES,
    DELETE,
    FIELDS,
    KEY,
    PERMISSIONS,
    RESTRICTION,
    RISKS,
    SIGNS,
    STEPS,
    TAKE,
    UNKNOWN_RISK,
    Change,
    Counts,
    Entry,
    Plan,
    Rotation,
    Unknown,
)

_AGAIN: Final = "write it anew with `keylint plan --out`"
_ID: Final = "[a-z0-9][a-z0-9-]{0,62}"
_KEYS: Final = re.compile(rf"keys\.{_ID}")
_ACCOUNTS: Final = re.compile(rf"accounts\.{_ID}")
_NAME: Final = re.compile("[A-Za-z][A-Za-z0-9_]{0,63}")
_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ITS_OWN: Final = frozenset({"manifest", "changes", "rotations", "unknown"})

Json = Mapping[str, object]


class BadPlan(Exception):  # noqa: N818 - it is said to the user as it is
    """Why a file is no plan, and what to do. Names the file and the place in it, and quotes nothing of it."""


def is_plan(data: bytes) -> bool:
    """Whether the bytes of a file are a plan of some version, be it a broken one: what keylint may write over."""
    try:
        document = json.loads(data.removeprefix(BOM).decode())
    except (ValueError, RecursionError, MemoryError):
        return False
    if not isinstance(document, dict) or not document.keys() >= _ITS_OWN:
        return False
    tool = document.get("tool")
    return isinstance(tool, dict) and tool.get("name") == "keylint"


def load(name: str, data: bytes) -> Plan:
    """The plan in the bytes `data` of the file called `name`. Raises BadPlan."""
    try:
        return _plan(parsed(data, "plan"))
    except Wrong as wrong:
        message = f"{name}: {wrong}" + ("" if wrong.helped else f"; {_AGAIN}")
        raise BadPlan(message) from None


def refuse(message: str) -> NoReturn:
    """Raise Wrong."""
    raise Wrong(message)


def _plan(document: object) -> Plan:
    read = fields.Object(document, "")
    _version(read.take("version", fields.count))
    tool = fields.Object(read.take("tool", fields.anything), "tool")
    tool.take("name", fields.one_of(("keylint",)))
    tool.take("version", fields.text)
    tool.end()
    as_of = read.take("as_of", fields.time)
    manifest = read.take("manifest", fields.text)
    looked_at = read.take("looked_at", fields.tuple_of(_looked))
    keys = fields.Object(read.take("keys", fields.anything), "keys")
    declared, answered = keys.take("declared", fields.count), keys.take("answered", fields.count)
    keys.end()
    if answered > declared:
        refuse(f"keys.answered is {answered}, and there are {declared} keys")
    counts = read.take("summary", _counts)
    plan = Plan(
        manifest,
        as_of,
        looked_at,
        declared,
        answered,
        read.take("changes", fields.tuple_of(_read_entry)),
        read.take("rotations", fields.tuple_of(_read_rotation)),
        read.take("unknown", fields.tuple_of(_read_unknown)),
        read.take("remarks", fields.tuple_of(fields.text)),
    )
    read.end()
    _consistent(plan, counts)
    return plan


def _version(version: int) -> None:
    if version > VERSION:
        message = f"was written by a newer keylint (version {version} of the format): update keylint"
        raise Wrong(message, helped=True)
    if version != VERSION:
        refuse(f"has version {version} of the format, which keylint never wrote")


def _consistent(plan: Plan, counts: Counts) -> None:
    """Raise Wrong where the parts of a plan do not go together, as in one that was edited by hand."""
    for name, said, is_ in zip(Counts._fields, counts, plan.counts, strict=True):
        if said != is_:
            refuse(f"summary.{name} is {said}, and what stands below it adds up to {is_}")
    _no_two("changes", [(entry.subject, entry.fingerprint) for entry in plan.entries])
    _no_two("rotations", [rotation.old for rotation in plan.rotations])
    total = len({each.subject for each in plan.entries if each.subject.startswith("keys.")})
    if total > plan.declared:
        refuse(f"changes speaks of {total} keys, and keys.declared is {plan.declared}")


def _no_two(name: str, subjects: Sequence[object]) -> None:
    seen: set[object] = set()
    for index, subject in enumerate(subjects):
        if subject in seen:
            refuse(f"{name}[{index}] speaks of the same key as an earlier one")
        seen.add(subject)


def _looked(value: object, place: str) -> Looked:
    read = fields.Object(value, place)
    name, source = read.maybe("file", fields.text), read.take("source", fields.source)
    return read.whole(Looked(name or "", source, read.take("started", fields.time), read.take("finished", fields.time)))


def _counts(value: object, place: str) -> Counts:
    read = fields.Object(value, place)
    return read.whole(Counts(*(read.take(name, fields.count) for name in Counts._fields)))


def _read_entry(value: object, place: str) -> Entry:
    read = fields.Object(value, place)
    action = read.take("action", fields.one_of(ACTIONS))
    subject = read.take("subject", _subject)
    fingerprint = read.maybe("fingerprint", fields.fingerprint) or ""
    entry = Entry(
        subject,
        fingerprint,
        read.take("label", fields.text),
        read.maybe("account", _like(_ACCOUNTS, "account such as accounts.main")) or "",
        read.maybe("observed_at", fields.time),
        read.take("changes", fields.tuple_of(_read_change)),
    )
    read.end()
    if not entry.changes:
        refuse(f"{place}.changes is empty")
    if entry.action != action:
        refuse(f"{place}.action is {action}, and its changes make it {entry.action}")
    if bool(fingerprint) is subject.startswith("keys."):
        refuse(f"{place}.fingerprint goes with a key that is not in the manifest, and with no other")
    if fingerprint and entry.action != DELETE:
        refuse(f"{place}.action is {action}, and a key that is not in the manifest is deleted")
    return entry


def _read_change(value: object, place: str) -> Change:
    read = fields.Object(value, place)
    change = Change(
        read.take("sign", fields.one_of(SIGNS)),
        read.take("field", fields.one_of(FIELDS)),
        read.take("items", fields.tuple_of(fields.text)),
        read.take("live", fields.text),
        read.take("declared", fields.text),
        read.take("risk", fields.one_of((*RISKS, UNKNOWN_RISK))),
        read.take("cause", fields.one_of(CAUSES)),
        read.take("step", fields.text),
    )
    read.end()
    if change.sign not in _SIGNS_OF.get(change.field, (ALTER,)):
        refuse(f"{place}.sign does not go with its field")
    if not change.step:
        refuse(f"{place}.step is empty")
    _items(change, place)
    return change


_SIGNS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    KEY: (ADD, TAKE),
    PERMISSIONS: (ADD, TAKE),
    ADDRESSES: (ADD, TAKE),
    RESTRICTION: (ADD, ALTER),
}


def _items(change: Change, place: str) -> None:
    if change.field == PERMISSIONS:
        (token,) = change.items if len(change.items) == 1 else ("",)
        if token not in PERMISSION and not _NAME.fullmatch(token):
            refuse(f"{place}.items names no permission")
        if change.risk != (PERMISSION[token].risk if token in PERMISSION else UNKNOWN_RISK):
            refuse(f"{place}.risk is not that of its permission")
    elif change.field in {ADDRESSES, RESTRICTION}:
        if not change.items and change.field == ADDRESSES:
            refuse(f"{place}.items names no address")
        for index, item in enumerate(change.items):
            fields.address(item, f"{place}.items[{index}]")
    elif change.items:
        refuse(f"{place}.items goes with permissions and addresses alone")


def _read_rotation(value: object, place: str) -> Rotation:
    read = fields.Object(value, place)
    rotation = Rotation(
        read.take("old", _like(_KEYS, "key such as keys.grid")),
        read.maybe("new", _like(_KEYS, "key such as keys.grid")) or "",
        read.take("step", fields.one_of(STEPS)),
        read.maybe("by", _day),
        read.maybe("next", fields.one_of(STEPS)) or "",
        read.maybe("on", _day),
        read.take("due", fields.true_or_false),
        read.take("doubtful", fields.true_or_false),
        read.take("help", fields.text),
    )
    read.end()
    at = STEPS.index(rotation.step)
    if rotation.next != ("" if at >= len(STEPS) - 2 else STEPS[at + 1]):
        refuse(f"{place}.next is not the step after {rotation.step}")
    return rotation


def _read_unknown(value: object, place: str) -> Unknown:
    read = fields.Object(value, place)
    unknown = Unknown(
        read.take("subject", _subject),
        read.take("about", fields.text),
        read.take("reason", fields.text),
        read.take("message", fields.text),
    )
    read.end()
    if not unknown.message:
        refuse(f"{place}.message is empty")
    return unknown


def _like(pattern: re.Pattern[str], what: str) -> Callable[[object, str], str]:
    def read(value: object, place: str) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            refuse(f"{place} is no {what}")
        return value

    return read


def _subject(value: object, place: str) -> str:
    if isinstance(value, str) and (_KEYS.fullmatch(value) or _ACCOUNTS.fullmatch(value)):
        return value
    refuse(f"{place} is neither a key nor an account")


def _day(value: object, place: str) -> date:
    try:
        return date.fromisoformat(_like(_DAY, "day such as 2026-11-20")(value, place))
    except ValueError:
        refuse(f"{place} is no day")
