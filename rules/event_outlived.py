"""KL404 event-outlived."""

from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    Context,
    Finding,
    Key,
    KeyRule,
    NotApplicable,
    Severity,
    Undecided,
    days,
)


def check(key: Key, ctx: Context) -> Finding | NotApplicable | None:
    """A key that was created before the day of an event that reaches it is a finding; the last such event speaks."""
    if not ctx.manifest.events:
        return NOT_APPLICABLE
    outlived = [event for event in ctx.manifest.events if key.created < event.on <= ctx.today]
    doubt = None
    for event in sorted(outlived, key=lambda event: event.on, reverse=True):
        for subject in event.affects:
            try:
                reached = _reaches(subject, key)
            except Undecided as undecided:  # another event, or another way, may be certain
                reached, doubt = False, doubt or undecided
            if reached:
                age = (event.on - key.created).days
                through = "names it" if subject == str(key) else f"reaches it through {subject}"
                return Finding(
                    key.at("created"),
                    f"was created {key.created}, {days(age)} before the {event.kind} of {event.on} that {through}",
                    "create a new key, move the bot to it and delete this one: its secret may be known",
                )
    if doubt is not None:
        raise doubt
    return None


def _reaches(subject: str, key: Key) -> bool:
    """Whether what befalls `subject` befalls the key: as itself, its bot, its bot's provider, its account or master."""
    section, _, name = subject.partition(".")
    match section:
        case "keys":
            return name == key.id
        case "bots":
            return name in key.bots_named
        case "providers":
            return any(name == bot.provider_named for bot in key.bots)
        case _:
            return name in {key.account.id, key.account.master}


RULE = KeyRule(
    code="KL404",
    name="event-outlived",
    summary="The key is older than an event after which it had to be new",
    severity=Severity.ERROR,
    check=check,
    sides=BOTH_SIDES,
)
