"""KL407 replacement-wider."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    PERMISSION,
    Context,
    Finding,
    Key,
    KeyRule,
    NotApplicable,
    NotShown,
    Severity,
    Side,
    Undecided,
    ordered,
)


def check(key: Key, ctx: Context) -> Iterator[Finding] | NotApplicable | None:
    """Each thing that a key can do and the key it replaces could not is a finding, whatever its bot needs."""
    replaced = ctx.manifest.replaces.get(key.id)
    if replaced is None:
        return NOT_APPLICABLE
    shown = [
        _shown(old, ctx) if key.side is Side.LIVE else _Shown(old.permissions, old.permissions) for old in replaced
    ]
    certain, before = _reach(each.least for each in shown), _reach(each.most for each in shown)
    if key.permissions <= certain:
        return None
    doubt = None
    if not key.permissions & before <= certain:
        doubt = next((each.doubt for each in shown if each.doubt is not None), None)
    return _wider(key, replaced, before, doubt)


def _reach(tokens: Iterable[frozenset[str]]) -> frozenset[str]:
    before = frozenset[str]().union(*tokens)
    return before | {"fix-read"} if "read" in before else before  # the same reading by another protocol


def _wider(key: Key, replaced: Sequence[Key], before: frozenset[str], doubt: Undecided | None) -> Iterator[Finding]:
    olds = " and ".join(f"{old}" for old in replaced)
    noun = "key" if len(replaced) == 1 else "keys"
    for token in ordered(key.permissions - before):
        yield Finding(
            key.at("permissions", token),
            f"has {token}, which {olds}, the {noun} it replaces, did not have",
            f'untick "{PERMISSION[token].label}" in API Management, or waive this with the reason',
        )
    if doubt is not None:
        raise Undecided(doubt.reason, doubt.message)


class _Shown(NamedTuple):
    """The least and the most that a replaced key can do, and why it is not known where they differ."""

    least: frozenset[str]
    most: frozenset[str]
    doubt: Undecided | None = None


def _shown(old: Key, ctx: Context) -> _Shown:
    """What a replaced key can do as Binance shows it; of one that is disabled or gone, what is declared.

    What Binance shows of a disabled key is what is left of it, and not what it could do in its time.
    """
    declared = _Shown(old.permissions, old.permissions)
    if ctx.live is None or old.status == "disabled":
        return declared
    shown = ctx.live.keys[old.id]
    try:
        least = shown.permissions
    except NotShown:
        return declared
    except Undecided as undecided:
        return _Shown(frozenset(), frozenset(PERMISSION), undecided)
    most = least.union(shown.undecided_permissions)
    return _Shown(least, most, shown.doubt() if least != most else None)


RULE = KeyRule(
    code="KL407",
    name="replacement-wider",
    summary="The key can do more than the one it replaces",
    severity=Severity.WARNING,
    check=check,
    sides=BOTH_SIDES,
)
