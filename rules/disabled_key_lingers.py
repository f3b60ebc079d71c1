"""KL406 disabled-key-lingers."""

from keylint.api import NOT_APPLICABLE, Context, Finding, Key, KeyRule, NotApplicable, Severity, days


def check(key: Key, ctx: Context) -> Finding | NotApplicable | None:
    """A key that has been disabled for longer than the policy allows is a finding."""
    if key.disabled is None:
        return NOT_APPLICABLE
    age = ctx.age(key.disabled)
    allowed = ctx.policy.rotation.delete_after_days
    if age <= allowed:
        return None
    return Finding(
        key.at("disabled"),
        f"was disabled {key.disabled}, {days(age)} ago; the policy allows {allowed}",
        "delete the key in API Management and its entry here",
    )


RULE = KeyRule(
    code="KL406",
    name="disabled-key-lingers",
    summary="The key is disabled but not deleted",
    severity=Severity.WARNING,
    check=check,
    statuses=frozenset({"disabled"}),
)
