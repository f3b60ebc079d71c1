"""KL403 created-in-future."""

from datetime import date

from keylint.api import Context, Finding, Key, KeyRule, Severity, days

BINANCE = date(2017, 7, 1)


def check(key: Key, ctx: Context) -> Finding | None:
    """A key that was created after today, or before Binance existed, is a finding."""
    created = key.created
    if BINANCE <= created <= ctx.today:
        return None
    if created < BINANCE:
        message = f"was created {created}, before Binance existed (July 2017)"
    else:
        age = -ctx.age(created)
        message = f"was created {created}, {days(age)} after today ({ctx.today} UTC)"
    return Finding(key.at("created"), message, "write the day that API Management shows for the key, as a UTC day")


RULE = KeyRule(
    code="KL403",
    name="created-in-future",
    summary="The key's day of creation cannot be true",
    severity=Severity.ERROR,
    check=check,
)
