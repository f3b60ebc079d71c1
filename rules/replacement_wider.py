"""KL407 replacement-wider."""

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


def check(key: Key, ctx: Context) -> list[Finding] | NotApplicable | None:
    """Each thing that a key can do and the key it replaces could not is a finding, whatever its bot needs."""
    replaced = ctx.manifest.replaces.get(key.id)
    if replaced is None:
        return NOT_APPLICABLE
    live = key.side is Side.LIVE
    before = frozenset().union(*(_shown(old, ctx) if live else old.permissions for old in replaced))
    if "read" in before:
        before |= {"fix-read"}  # the same reading by another protocol
    if key.permissions <= before:
        return None
    olds = " and ".join(f"{old}" for old in replaced)
    noun = "key" if len(replaced) == 1 else "keys"
    return [
        Finding(
            key.at("permissions", token),
            f"has {token}, which {olds}, the {noun} it replaces, did not have",
            f'untick "{PERMISSION[token].label}" in API Management, or waive this with the reason',
        )
        for token in ordered(key.permissions - before)
    ]


def _shown(old: Key, ctx: Context) -> frozenset[str]:
    """What a replaced key can do as Binance shows it; where it does not, and of one that is disabled, what is declared.

    What Binance shows of a disabled key is what is left of it, and not what it could do in its time.
    """
    if ctx.live is None or old.status == "disabled":
        return old.permissions
    shown = ctx.live.keys[old.id]
    try:
        return shown.permissions | old.permissions.intersection(shown.undecided_permissions)
    except (NotShown, Undecided):
        return old.permissions


RULE = KeyRule(
    code="KL407",
    name="replacement-wider",
    summary="The key can do more than the one it replaces",
    severity=Severity.WARNING,
    check=check,
    sides=BOTH_SIDES,
)
