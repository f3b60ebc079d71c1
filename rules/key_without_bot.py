"""KL204 key-without-bot."""

from keylint.api import Context, Finding, Key, KeyRule, Severity, ordered


def check(key: Key, _ctx: Context) -> Finding | None:
    """A key is used by a bot, unless it is keylint's own."""
    if key.bots_named or key.role == "inventory":
        return None
    can = ", ".join(ordered(key.permissions))
    return Finding(
        key.at("bot"),
        f"is used by no bot{', and has ' if can else ''}{can}",
        "delete it in API Management, or name the bot that uses it",
    )


RULE = KeyRule(
    code="KL204",
    name="key-without-bot",
    summary="Nobody uses the key",
    severity=Severity.ERROR,
    check=check,
)
