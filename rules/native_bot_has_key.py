"""KL105 native-bot-has-key."""

from keylint.api import Context, Finding, Key, KeyRule, Severity


def check(key: Key, _ctx: Context) -> list[Finding] | None:
    """No key is given to the exchange's own bot."""
    for bot in key.bots:
        if "native" in bot.kinds:
            return _findings(key)
    return None


def _findings(key: Key) -> list[Finding]:
    return [
        Finding(
            key.at_bot(bot.id),
            f"was given to {bot}, which runs inside Binance (native) and needs no key",
            "delete the key in API Management; if a program of yours uses it, give that program a bot of its own",
        )
        for bot in dict.fromkeys(key.bots)
        if "native" in bot.kinds
    ]


RULE = KeyRule(
    code="KL105",
    name="native-bot-has-key",
    summary="The exchange's own bot was given a key",
    severity=Severity.ERROR,
    check=check,
)
