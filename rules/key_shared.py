"""KL201 key-shared."""

from keylint.api import EVERY_STATUS, READING, Context, Finding, Key, KeyRule, Severity

NAMED = 3


def check(key: Key, ctx: Context) -> list[Finding] | None:
    """A key serves one bot, and one entry stands for it."""
    entries = () if key.fingerprint is None else ctx.manifest.keys_by_fingerprint.get(key.fingerprint, ())
    if len(key.bots_named) <= 1 and len(entries) <= 1:
        return None
    findings = []
    bots = list(dict.fromkeys(key.bots_named))
    if len(bots) > 1:
        message = f"serves {len(bots)} bots: {_listed([f'bots.{bot}' for bot in bots])}"
        reader = next((bot for bot in key.bots_found if bot.allowed and bot.allowed <= READING), None)
        if reader is not None and key.can_trade:
            message += f"; {reader} ({', '.join(reader.kinds)}) only reads, and the key can trade"
        way = "create a key for each bot in API Management, then delete this one"
        findings.append(Finding(key.at("bots"), message, way))
    others = [str(entry) for entry in entries[: NAMED + 2] if entry.id != key.id]
    if others:
        message = f"bears the same fingerprint as {_listed(others)}: one key in Binance"
        way = "keep one of the entries, or give each the fingerprint that `keylint fingerprint` prints for its own key"
        findings.append(Finding(key.at("fingerprint"), message, way))
    return findings


def _listed(subjects: list[str]) -> str:
    return ", ".join(subjects[:NAMED]) + (" and others" if len(subjects) > NAMED else "")


RULE = KeyRule(
    code="KL201",
    name="key-shared",
    summary="The key serves several bots, or stands in several entries",
    severity=Severity.ERROR,
    check=check,
    statuses=EVERY_STATUS,
)
