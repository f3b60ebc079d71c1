"""KL906 key-not-found."""

from keylint.api import (
    NOT_APPLICABLE,
    Context,
    Finding,
    Key,
    LiveKey,
    LiveKeyRule,
    NotApplicable,
    NotShown,
    Place,
    Severity,
    Undecided,
)


def check(declared: Key, live: LiveKey, ctx: Context) -> Finding | NotApplicable | None:
    """A key that Binance does not know any more, or that its account's list does not hold, is a finding."""
    why = live.facts.none
    if isinstance(why, Undecided):  # nobody answered, or of another key
        if live.unasked:
            return NOT_APPLICABLE
        raise Undecided(why.reason, why.message)
    if not live.not_there:
        absent = live.facts.label
        if (
            isinstance(absent, Undecided)
            and absent.reason == "not-listed"
            and ctx.live is not None
            and live.look is not None
        ):
            listed = ctx.live.accounts[declared.account.id].look("keys").at
            if listed > live.look.at:  # deleted since it answered, or on another account
                raise Undecided(absent.reason, absent.message)
        return None
    if live.look is not None:
        message, said, seen = "is not known to Binance (any more)", "code = -2008", live.look.at
    elif ctx.live is None:
        raise NotShown
    else:
        account = ctx.live.accounts[declared.account.id]
        message, said, seen = f"is not among the keys of {account} (any more)", "", account.look("keys").at
    way = "if it was deleted, take its entry out of the manifest; else give the credentials of the key that is meant"
    severity = None
    if declared.status == "disabled":  # as it should be
        message, way, severity = f"is disabled, and {message}", "take its entry out of the manifest", Severity.NOTE
    return Finding(Place(("keys", declared.id)), message, way, severity, live=said, seen=seen)


RULE = LiveKeyRule(
    code="KL906",
    name="key-not-found",
    summary="Binance does not know the key",
    severity=Severity.WARNING,
    check=check,
)
