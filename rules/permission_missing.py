"""KL103 permission-missing."""

from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    PERMISSION,
    Context,
    Finding,
    Key,
    KeyRule,
    NotApplicable,
    Severity,
    ordered,
)


def check(key: Key, ctx: Context) -> list[Finding] | NotApplicable | None:
    """A key can do what its bots need; one that has a successor is not asked for new needs."""
    if key.required <= key.permissions:
        return None
    if ctx.manifest.successor(key) is not None:
        return NOT_APPLICABLE
    findings = []
    for token in ordered(key.required - key.permissions):
        if key.role == "inventory":
            users = ["an inventory key"]
        else:
            running = (bot for bot in key.bots if bot.status == "active")
            users = list(dict.fromkeys(str(bot) for bot in running if token in bot.required))
        if users:
            way = f'tick "{PERMISSION[token].label}" in API Management, or correct what the bot needs'
            if PERMISSION[token].risk == "critical":
                way = f'take "{token}" out of the needs of the bot; no bot that trades uses it'
            message = f"lacks {token}, which {' and '.join(users)} need{'s' if len(users) == 1 else ''}"
            findings.append(Finding(key.at("permissions", token), message, way))
    return findings or NOT_APPLICABLE  # a bot that is paused or retired needs nothing


RULE = KeyRule(
    code="KL103",
    name="permission-missing",
    summary="The key cannot do what its bots need",
    severity=Severity.WARNING,
    check=check,
    sides=BOTH_SIDES,
)
