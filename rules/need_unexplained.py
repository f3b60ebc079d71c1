"""KL108 need-unexplained."""

from keylint.api import Bot, BotRule, Context, Finding, Severity


def check(bot: Bot, _ctx: Context) -> list[Finding] | None:
    """A bot that needs more than its kind says because of what, and a custom one says what it is for."""
    if not bot.needs and "custom" not in bot.kinds:
        return None
    findings = []
    if "custom" in bot.kinds and not _said(bot.purpose):
        message, way = "is custom and does not say what it is for", "add purpose: one line on what the program does"
        findings.append(Finding(bot.at("kind", "custom"), message, way))
    if bot.needs and not _said(bot.because):
        message = f"needs {', '.join(dict.fromkeys(bot.needs))} and does not say why"
        way = "add because: one line on what breaks without it; or take it out of needs, and untick its box"
        findings.append(Finding(bot.at("needs"), message, way))
    return findings


def _said(text: str | None) -> bool:
    return text is not None and bool(text.strip())


RULE = BotRule(
    code="KL108",
    name="need-unexplained",
    summary="The bot asks for more than its kind calls for, or is custom, and does not say why",
    severity=Severity.WARNING,
    check=check,
)
