"""KL401 rotation-overdue."""

from keylint.api import BOTH_SIDES, Context, Finding, Key, KeyRule, Severity, days


def check(key: Key, ctx: Context) -> Finding | None:
    """A key that is older than the policy allows is a finding, and an error past the policy's limit."""
    age = ctx.age(key.created)
    rotation = ctx.policy.rotation
    if age <= rotation.max_age_days and age <= rotation.limit_days:
        return None
    beyond = age > rotation.limit_days
    return Finding(
        key.at("created"),
        f"was created {key.created}, {days(age)} ago; the policy allows {rotation.max_age_days}"
        + (f", and {rotation.limit_days} at the very most" if beyond else ""),
        "create a new key with the same boxes, move the bot to it, then disable this one and delete it",
        Severity.ERROR if beyond else Severity.WARNING,
    )


RULE = KeyRule(
    code="KL401",
    name="rotation-overdue",
    summary="The key is older than the policy allows",
    severity=Severity.WARNING,
    check=check,
    statuses=frozenset({"active"}),
    sides=BOTH_SIDES,
)
