"""KL302 ip-dynamic."""

from keylint.api import NOT_APPLICABLE, Context, Finding, Key, KeyRule, NotApplicable, Severity


def check(key: Key, _ctx: Context) -> Finding | NotApplicable | None:
    """A key whose bot has no fixed address is a finding: it is open to any address, or its list goes out of date."""
    if key.ip_third_party is not None:
        return NOT_APPLICABLE
    for bot in key.bots:
        if not bot.static_ip:
            break
    else:
        return None if key.bots else NOT_APPLICABLE
    moving = [f"{bot}" for bot in key.bots if not bot.static_ip]
    who = f"{' and '.join(moving)} {'has' if len(moving) == 1 else 'have'} no fixed address"
    if key.ip_allowlist:
        return Finding(
            key.at("ip_allowlist"),
            f"has an IP list, but {who}",
            "give the bot a fixed address, list that one and take static_ip = false away",
        )
    return Finding(
        key.at("ip_allowlist"),
        f"can be used from any address, as {who}",
        "get a static IP or run the bot on a server that has one; until then only what it needs, and never withdrawals",
        Severity.WARNING if key.reads_only else Severity.ERROR,
    )


RULE = KeyRule(
    code="KL302",
    name="ip-dynamic",
    summary="The bot that uses the key has no fixed address",
    severity=Severity.WARNING,
    check=check,
)
