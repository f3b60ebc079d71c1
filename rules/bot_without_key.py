"""KL203 bot-without-key."""

from keylint.api import NOT_APPLICABLE, Bot, BotRule, Context, Finding, NotApplicable, Place, Severity, Undecided


def check(bot: Bot, ctx: Context) -> Finding | NotApplicable | None:
    """An active bot that needs a key has an active one."""
    if bot.status != "active" or not bot.uses_key or bot.kinds == ("native",):
        return NOT_APPLICABLE  # to the exchange's own bot KL105 grants no key, whatever it is said to need
    own = ctx.manifest.keys_of_bot.get(bot.id, ())
    for key in own:
        if key.status == "active":
            return None
    for key in ctx.manifest.astray:
        if key.status == "active":
            message = f"whether {key} is its key is not known: it names bots that are not in the manifest"
            raise Undecided(reason="unknown-reference", message=message)
    idle = ", ".join(dict.fromkeys(f"{key} is {key.status}" for key in own))
    return Finding(
        Place(("bots", bot.id)),
        f"is active and needs a key ({', '.join(bot.kinds)}), and has none" + (f" in use: {idle}" if idle else ""),
        f'declare its key with bot = "{bot.id}"; if it does not run, set status = "paused" or "retired"',
    )


RULE = BotRule(
    code="KL203",
    name="bot-without-key",
    summary="An active bot that needs a key has none",
    severity=Severity.WARNING,
    check=check,
)
