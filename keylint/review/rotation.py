"""Keys that are on their way out → the step that each rotation has reached, and the day of the next one."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from keylint.evidence.keys import LiveKey
from keylint.evidence.known import Known
from keylint.manifest.model import Key, Manifest, Undecided
from keylint.manifest.permissions import READING

from . import steps
from .differences import Presence, deletion_day, presence
from .planned import STEPS, Rotation, Unknown

CREATE, MOVE, TEST, DISABLE, WAIT, DELETE, DONE = STEPS
_AFTER: Final = dict(zip(STEPS, (*STEPS[1:-1], "", ""), strict=True))


def rotations(manifest: Manifest, known: Known, today: date) -> Iterator[Rotation | Unknown]:
    """Every key that is replaced or disabled, in the order of the manifest, on the UTC day `today`."""
    for key in manifest.keys.values():
        if key.replaced_by is None and key.status != "disabled":
            continue
        try:
            new = manifest.successor(key)
        except Undecided as why:
            yield Unknown(str(key), "its rotation", why.reason, why.message)
            continue
        yield _rotation(manifest, known, key, new, today)


def _rotation(manifest: Manifest, known: Known, old: Key, new: Key | None, today: date) -> Rotation:
    rotation = manifest.policy.rotation
    there = known.keys[old.id]
    delete_on = deletion_day(old, rotation.delete_after_days)
    disable_on = None if new is None else _later(new.created, rotation.overlap_days)
    step = _retiring(there, delete_on, today)
    if step == TEST and new is not None:
        step = _replacing(known.keys[new.id], new, disable_on, today)
    by = {MOVE: disable_on, TEST: disable_on, DISABLE: disable_on, WAIT: delete_on, DELETE: delete_on}.get(step)
    if step == DISABLE and old.status == "disabled":
        by = old.disabled
    return Rotation(
        str(old),
        "" if new is None else str(new),
        step,
        by,
        _AFTER[step],
        by if step in {TEST, WAIT} else None,
        due=step == MOVE or (step == DISABLE and old.status != "disabled"),
        doubtful=_doubtful(there, None if new is None else known.keys[new.id], step),
        help=steps.rotate(step, old, new, by, today),
    )


def _retiring(old: LiveKey, delete_on: date | None, today: date) -> str:
    """The step that the old key tells; `test` where that depends on the new one."""
    found = presence(old)
    if found is Presence.ABSENT and old.status != "staged":
        return DONE
    if old.status != "disabled":
        return TEST
    if delete_on is not None and today >= delete_on:
        return DELETE
    alive = found is Presence.THERE and not old.permissions <= READING
    return DISABLE if alive else WAIT


def _replacing(live: LiveKey, new: Key, disable_on: date | None, today: date) -> str:
    """The step that the new key tells."""
    if presence(live) is Presence.ABSENT:
        return CREATE
    if new.status == "staged":
        return MOVE
    return DISABLE if disable_on is not None and today >= disable_on else TEST


def _doubtful(old: LiveKey, new: LiveKey | None, step: str) -> bool:
    """Whether the live state of a key that decides about `step` is not known."""
    if step in {DISABLE, WAIT, DELETE} and old.status == "disabled":
        return presence(old) is Presence.UNKNOWN
    return step != DONE and any(each is not None and presence(each) is Presence.UNKNOWN for each in (old, new))


def _later(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max
