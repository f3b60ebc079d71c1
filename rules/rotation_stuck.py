"""KL408 rotation-stuck."""

from keylint.api import NOT_APPLICABLE, Context, Finding, Key, KeyRule, NotApplicable, Severity, days


def check(key: Key, ctx: Context) -> Finding | NotApplicable | None:
    """An active key whose active successor was created longer ago than the policy lets the two overlap is a finding."""
    new = ctx.manifest.successor(key)
    if new is None:
        return NOT_APPLICABLE
    age = ctx.age(new.created)
    allowed = ctx.policy.rotation.overlap_days
    if new.status != "active" or age <= allowed:
        return None
    return Finding(
        key.at("replaced_by"),
        f"is still active, and {new}, which replaces it, was created {new.created}, {days(age)} ago; "
        f"the policy allows {allowed}",
        "disable this key in API Management, and write down its status and the day it was disabled",
    )


RULE = KeyRule(
    code="KL408",
    name="rotation-stuck",
    summary="The key is still active long after the one that replaces it",
    severity=Severity.ERROR,
    check=check,
    statuses=frozenset({"active"}),
)
