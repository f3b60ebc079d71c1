"""KL703 provider-unvetted."""

from keylint.api import Context, Finding, Provider, ProviderRule, Severity, days


def check(provider: Provider, ctx: Context) -> Finding | None:
    """Somebody must have vetted the platform, not longer ago than a person's word holds."""
    if provider.reviewed is None:
        message = "was never vetted"
    else:
        age, limit = ctx.age(provider.reviewed), ctx.policy.attestation.max_age_days
        if -1 <= age <= limit:  # a day of grace: it may be tomorrow where they sit
            return None
        past = f"{days(age)} ago; the policy allows {limit}"
        message = f"was last vetted {provider.reviewed}, {past if age > 0 else f'{days(-age)} from now'}"
    return Finding(
        provider.at("reviewed"),
        message,
        f"read what it says of itself and what others say of it, then set reviewed = {ctx.today}",
    )


RULE = ProviderRule(
    code="KL703",
    name="provider-unvetted",
    summary="Nobody has vetted the platform, or too long ago",
    severity=Severity.WARNING,
    check=check,
)
