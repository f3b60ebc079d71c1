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
    Severity,
    ordered,
)


def check(key: Key, ctx: Context) -> list[Finding] | NotApplicable | None:
    """Each thing that a key can do and the key it replaces could not is a finding, whatever its bot needs."""
    replaced = ctx.manifest.replaces.get(key.id)
    if replaced is None:
        return NOT_APPLICABLE
    before = frozenset().union(*(old.permissions for old in replaced))
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


RULE = KeyRule(
    code="KL407",
    name="replacement-wider",
    summary="The key can do more than the one it replaces",
    severity=Severity.WARNING,
    check=check,
    sides=BOTH_SIDES,
)
