"""KL409 trading-expires."""

from keylint.api import (
    ACTIVE,
    NOT_APPLICABLE,
    Context,
    Finding,
    Key,
    LiveKey,
    LiveKeyRule,
    NotApplicable,
    Severity,
    days,
)


def check(declared: Key, live: LiveKey, ctx: Context) -> Finding | NotApplicable:
    """A day on which Binance takes spot and margin trading from the key is a finding; most keys have none."""
    end = live.trading_expires
    if end is None:
        return NOT_APPLICABLE
    age = ctx.age(end.date())
    far = "today" if age == 0 else f"in {days(-age)}" if age < 0 else f"{days(age)} ago"
    return Finding(
        declared.at("permissions", "spot"),
        f"{'was to lose' if end <= ctx.as_of else 'will lose'} spot and margin trading {end.date()}, {far}",
        'tick "Enable Spot & Margin Trading" anew in API Management, and list trusted IPs: only then does it stay',
        live=f"tradingAuthorityExpirationTime = {end:%Y-%m-%d %H:%M} UTC",
    )


RULE = LiveKeyRule(
    code="KL409",
    name="trading-expires",
    summary="Binance takes spot and margin trading from the key on a day that it names",
    severity=Severity.WARNING,
    check=check,
    statuses=ACTIVE,
)
