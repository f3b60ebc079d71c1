"""KL402 rotation-due."""

from keylint.api import BOTH_SIDES, NOT_APPLICABLE, Context, Finding, Key, KeyRule, NotApplicable, Severity, days


def check(key: Key, ctx: Context) -> Finding | NotApplicable | None:
    """A key that will be too old within the days of warning is a finding, unless its successor is named already."""
    rotation = ctx.policy.rotation
    allowed = min(rotation.max_age_days, rotation.limit_days)
    age = ctx.age(key.created)
    left = allowed - age
    if left > rotation.warn_days or left < 0:
        return None
    if key.replaced_by is not None:
        return NOT_APPLICABLE
    return Finding(
        key.at("created"),
        f"was created {key.created}, {days(age)} ago; the policy allows {allowed}: {days(left)} left",
        "create its successor with the same boxes, and name it here as replaced_by",
    )


RULE = KeyRule(
    code="KL402",
    name="rotation-due",
    summary="The key will soon be older than the policy allows",
    severity=Severity.NOTE,
    check=check,
    statuses=frozenset({"active"}),
    sides=BOTH_SIDES,
)
