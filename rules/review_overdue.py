"""KL801 review-overdue."""

from keylint.api import Context, Finding, Key, KeyRule, Severity, days


def check(key: Key, ctx: Context) -> Finding | None:
    """A key must have been created or looked at within the review interval."""
    created, reviewed = key.created, key.reviewed
    seen = created if reviewed is None or reviewed < created else reviewed
    age, limit = (ctx.today - seen).days, ctx.policy.review.max_age_days
    if -1 <= age <= limit:  # a day of grace: it may be tomorrow where they sit
        return None
    if age < 0 and seen is created:
        return None  # of such a creation KL403 speaks
    if age < 0:
        message = f"was reviewed {seen}, {days(-age)} from now"
    elif seen is reviewed:
        message = f"was last reviewed {seen}, {days(age)} ago; the policy allows {limit}"
    else:
        message = f"was created {seen}, {days(age)} ago, and not reviewed since; the policy allows {limit}"
    return Finding(
        key.at("reviewed"),
        message,
        f"look at its boxes, trusted IPs and recent activity in API Management, then set reviewed = {ctx.today}",
    )


RULE = KeyRule(
    code="KL801",
    name="review-overdue",
    summary="Nobody has looked at the key for too long",
    severity=Severity.WARNING,
    check=check,
    statuses=frozenset({"active"}),
)
