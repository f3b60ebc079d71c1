"""KL202 keys-surplus."""

from itertools import islice

from keylint.api import Bot, BotRule, Context, Finding, Key, Place, Severity, Undecided

NAMED = 3


def check(bot: Bot, ctx: Context) -> Finding | None:
    """A bot holds one active key, beside those that another active key replaces."""
    own = ctx.manifest.keys_of_bot.get(bot.id, ())
    if len(own) <= 1 and not ctx.manifest.astray:
        return None
    staying: list[Key] = []
    doubtful: list[Key] = []
    for key in {key.id: key for key in own}.values():
        if _stays(key, ctx):
            (doubtful if _missing(key, ctx) else staying).append(key)
    if len(staying) > 1:
        first = sorted(staying, key=lambda key: (key.created, key.id))[:NAMED]
        names = ", ".join(f"{key} (created {key.created})" for key in first)
        more = f" and {len(staying) - NAMED} more" if len(staying) > NAMED else ""
        return Finding(
            Place(("bots", bot.id)),
            f"holds {len(staying)} active keys outside a rotation: {names}{more}",
            "delete all but one in API Management; in a rotation, name the new key in replaced_by of the old one",
        )
    others = (key for key in ctx.manifest.astray if bot.id not in key.bots_named and _stays(key, ctx))
    doubtful += islice(others, 2)  # two that may be its own are doubt enough
    if len(staying) + len(doubtful) > 1:
        message = f"whether {doubtful[0]} counts is not known: it names what is not in the manifest"
        raise Undecided(reason="unknown-reference", message=message)
    return None


def _stays(key: Key, ctx: Context) -> bool:
    """Whether it is active and no other active key is known to replace it; of those that one does, KL408 speaks."""
    new = ctx.manifest.keys.get(key.replaced_by) if key.replaced_by else None
    return key.status == "active" and (new is None or new.id == key.id or new.status != "active")


def _missing(key: Key, ctx: Context) -> bool:
    """Whether the key that replaces it is not in the manifest."""
    return key.replaced_by is not None and (key.replaced_by == key.id or key.replaced_by not in ctx.manifest.keys)


RULE = BotRule(
    code="KL202",
    name="keys-surplus",
    summary="The bot holds two active keys outside a rotation",
    severity=Severity.WARNING,
    check=check,
)
