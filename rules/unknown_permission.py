"""KL106 unknown-permission."""

from collections.abc import Iterator

from keylint.api import ACTIVE, Context, Finding, Key, LiveKey, LiveKeyRule, Severity, Undecided


def check(declared: Key, live: LiveKey, _ctx: Context) -> Iterator[Finding]:
    """Each thing that Binance says a key may do, and keylint has no word for, is a finding."""
    for name in live.unknown_flags:
        yield Finding(
            declared.at("permissions", name),
            f"has {name}, a permission that keylint does not know: no rule judges it",
            "find its box in API Management and untick it unless the bot needs it; then look for a newer keylint",
            live=f"{name} = true",
        )
    unread = live.unread_flags
    if unread is not None:
        raise unread
    if live.look is None:
        message = f"{declared}: the list of its account's keys does not say what else the key may do"
        raise Undecided(reason="not-in-list", message=message)


RULE = LiveKeyRule(
    code="KL106",
    name="unknown-permission",
    summary="The key has a permission that keylint does not know",
    severity=Severity.WARNING,
    check=check,
    statuses=ACTIVE,
)
