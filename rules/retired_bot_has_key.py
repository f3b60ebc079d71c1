"""KL405 retired-bot-has-key."""

from keylint.api import NOT_APPLICABLE, Context, Finding, Key, KeyRule, NotApplicable, Severity

SEVERITY = {"retired": Severity.ERROR, "paused": Severity.WARNING}
HELP = {
    "retired": "delete the key in API Management; another bot that still runs on it gets one of its own",
    "paused": "disable the key in API Management until the bot runs again",
}


def check(key: Key, _ctx: Context) -> list[Finding] | NotApplicable | None:
    """Each bot of the key that is retired is a finding, and a paused one where no other bot runs on the key."""
    for bot in key.bots:
        if bot.status != "active":
            break
    else:
        return None if key.bots else NOT_APPLICABLE
    idle = all(bot.status != "active" for bot in key.bots)
    return [
        Finding(
            key.at_bot(bot.id),
            f"is {key.status}, but {bot} is {bot.status}",
            HELP[bot.status],
            SEVERITY[bot.status],
        )
        for bot in key.bots
        if bot.status == "retired" or (bot.status == "paused" and idle)
    ]


RULE = KeyRule(
    code="KL405",
    name="retired-bot-has-key",
    summary="The key still works, but the bot it was made for does not run any more",
    severity=Severity.ERROR,
    check=check,
)
