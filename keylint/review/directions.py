"""The fields of a manifest → which way a change of each of them goes: the one table that says so.

A change is *widening* where more can be done with the keys, by more people or from more addresses, or where less is
asked of them than before; *narrowing* where it is the other way round; *neutral* where neither is so. Every row says
what *more* of its field means. Less of it is the opposite, so that a change that is taken back turns round.

What "more" is depends on the form of the field:

| form | more |
| --- | --- |
| items | an item is gained; each is a change of its own |
| addresses | addresses are gained, however they are written; `OPEN` says what an empty list means |
| number | a larger number |
| day | a later day; no day at all is the earliest |
| rank | further right in `ranks`; what nobody says is worse than the first rank, and no better or worse than others |
| word | something is said where nothing was |
| text | nothing: another text is neutral |

Whole tables have rows too, at the end: what it means that one is new. One that is gone is its opposite, but for a key:
a new one can do what it says, while one that is no longer declared may still be alive at Binance, which keylint then no
longer looks at.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, NamedTuple


class Direction(StrEnum):
    """Which way a change goes."""

    WIDENING = "widening"
    NARROWING = "narrowing"
    NEUTRAL = "neutral"

    @property
    def opposite(self) -> "Direction":
        """The direction of the same change taken back."""
        return _OPPOSITE[self]


WIDENING, NARROWING, NEUTRAL = Direction
_OPPOSITE = {WIDENING: NARROWING, NARROWING: WIDENING, NEUTRAL: NEUTRAL}

Form = Literal["items", "addresses", "number", "day", "rank", "word", "text", "table"]

SECTIONS: Final = ("policy", "accounts", "providers", "bots", "keys", "events", "waivers")
"""The order in which changes are shown."""

OPEN: Final = frozenset({("providers", "egress_ips"), ("bots", "egress_ips"), ("keys", "ip_allowlist")})
"""Where a list that is empty or absent means any address; elsewhere it means none."""


class Row(NamedTuple):
    """One field: what more of it means, and what to say of more and of less."""

    section: str
    field: str
    form: Form
    more: Direction = NEUTRAL
    said_of_more: str = ""
    said_of_less: str = ""
    ranks: tuple[tuple[str, ...], ...] = ()
    """For the form `rank`: the values of each rank, from the narrowest."""


CUSTODY = (
    ("secret-manager", "encrypted-env", "systemd-credential", "hsm", "password-manager", "platform"),
    ("env-file",),
    ("plaintext-file", "git", "chat", "email", "spreadsheet", "notes", "screenshot", "frontend", "logs"),
)

_FALSE_IS_WORSE = (("true",), ("false",))
_OLDER, _YOUNGER = "keys may be older before it is a finding", "keys must be renewed sooner"
_LATER, _OLDER_WORD = "looked at again", "the look back is older, or gone"
_VOUCHED, _NOT_VOUCHED = "a newer word", "an older word, or none"

TABLE: Final = (
    Row("policy", "rotation.max_age_days", "number", WIDENING, _OLDER, _YOUNGER),
    Row("policy", "rotation.limit_days", "number", WIDENING, _OLDER, _YOUNGER),
    Row("policy", "rotation.warn_days", "number", NARROWING, "warned earlier", "warned later"),
    Row(
        "policy",
        "rotation.overlap_days",
        "number",
        WIDENING,
        "two keys may live longer side by side",
        "the old key must go sooner",
    ),
    Row(
        "policy",
        "rotation.delete_after_days",
        "number",
        WIDENING,
        "a disabled key may linger",
        "a disabled key must be deleted sooner",
    ),
    Row(
        "policy",
        "review.max_age_days",
        "number",
        WIDENING,
        "keys are looked through more rarely",
        "keys are looked through more often",
    ),
    Row(
        "policy",
        "attestation.max_age_days",
        "number",
        WIDENING,
        "a person's word holds longer",
        "a person's word must be renewed sooner",
    ),
    Row("policy", "evidence.max_age_hours", "number", WIDENING, "older evidence counts", "evidence must be fresher"),
    Row(
        "policy",
        "network.max_addresses",
        "number",
        WIDENING,
        "broader lists of addresses are accepted",
        "lists of addresses must be tighter",
    ),
    Row("policy", "waiver.max_days", "number", WIDENING, "a waiver may run longer", "a waiver must be shorter"),
    Row("policy", "two_factor.accept", "items", WIDENING, "one more second factor is accepted", "no longer accepted"),
    Row("accounts", "exchange", "text"),
    Row("accounts", "master", "text"),
    Row("accounts", "email", "text"),
    Row("accounts", "owner", "text"),
    Row("accounts", "two_factor.methods", "items", NARROWING, "one more second factor", "one second factor less"),
    Row("accounts", "two_factor.attested", "day", NARROWING, _VOUCHED, _NOT_VOUCHED),
    Row("accounts", "two_factor.by", "text"),
    Row(
        "accounts",
        "withdrawal_allowlist.enabled",
        "rank",
        WIDENING,
        "withdrawals may go anywhere",
        "withdrawals go to listed addresses alone",
        _FALSE_IS_WORSE,
    ),
    Row("accounts", "withdrawal_allowlist.attested", "day", NARROWING, _VOUCHED, _NOT_VOUCHED),
    Row("accounts", "withdrawal_allowlist.by", "text"),
    Row(
        "accounts",
        "admin_ips",
        "addresses",
        WIDENING,
        "accepted in every list of this account",
        "no longer accepted in its keys' lists",
    ),
    Row(
        "accounts",
        "manual",
        "items",
        WIDENING,
        "activity there is a person's, and no finding",
        "activity there must be a bot's",
    ),
    Row("providers", "url", "text"),
    Row(
        "providers",
        "egress_ips",
        "addresses",
        WIDENING,
        "accepted in the lists of its keys",
        "no longer accepted in the lists of its keys",
    ),
    Row("providers", "asks_for", "items", WIDENING, "the platform asks for more", "the platform asks for less"),
    Row(
        "providers",
        "rejects_withdrawals",
        "rank",
        WIDENING,
        "a key that can withdraw would be taken",
        "a key that can withdraw is refused",
        _FALSE_IS_WORSE,
    ),
    Row("providers", "changelog", "word", NARROWING, "its changes can be followed", "its changes cannot be followed"),
    Row("providers", "storage", "word", NARROWING, "says how it keeps keys", "does not say how it keeps keys"),
    Row("providers", "reviewed", "day", NARROWING, _LATER, _OLDER_WORD),
    Row("bots", "kind", "items", WIDENING, "its key may have", "its key may no longer have"),
    Row("bots", "needs", "items", WIDENING, "its key may have", "its key may no longer have"),
    Row("bots", "account", "items", WIDENING, "it trades there now", "it trades there no more"),
    Row(
        "bots",
        "provider",
        "items",
        WIDENING,
        "holds its key now",
        "must hold no key of it any more: delete the one it had",
    ),
    Row("bots", "because", "text"),
    Row("bots", "purpose", "text"),
    Row(
        "bots",
        "egress_ips",
        "addresses",
        WIDENING,
        "accepted in the lists of its keys",
        "no longer accepted in the lists of its keys",
    ),
    Row(
        "bots",
        "static_ip",
        "rank",
        WIDENING,
        "its key cannot be bound to an address",
        "its key can be bound to its address",
        _FALSE_IS_WORSE,
    ),
    Row(
        "bots",
        "status",
        "rank",
        WIDENING,
        "it uses its key again",
        "it needs no key: disable what it had",
        (("paused", "retired"), ("active",)),
    ),
    Row("bots", "owner", "text"),
    Row("bots", "order_prefix", "text"),
    Row(
        "keys",
        "status",
        "rank",
        WIDENING,
        "it can be used",
        "it can be used less",
        (("disabled",), ("staged",), ("active",)),
    ),
    Row("keys", "permissions", "items", WIDENING, "it can do more", "it can do less"),
    Row("keys", "ip_allowlist", "addresses", WIDENING, "more addresses may use it", "fewer addresses may use it"),
    Row(
        "keys",
        "ip_third_party",
        "items",
        WIDENING,
        "a platform's addresses, which nobody here knows, may use it",
        "that platform's addresses may not use it",
    ),
    Row("keys", "bot", "items", WIDENING, "uses it now", "uses it no more"),
    Row("keys", "account", "items", WIDENING, "it reaches these funds now", "it reaches these funds no more"),
    Row("keys", "role", "text"),
    Row(
        "keys",
        "type",
        "rank",
        WIDENING,
        "its secret is known to Binance too",
        "its private half stays with you",
        (("ed25519", "rsa"), ("hmac",)),
    ),
    Row("keys", "custody", "rank", WIDENING, "more can read its secret", "fewer can read its secret", CUSTODY),
    Row(
        "keys",
        "holders",
        "items",
        WIDENING,
        "can read its secret",
        "should not know its secret any more: rotate it if they did",
    ),
    Row("keys", "created", "day", WIDENING, "its rotation starts anew, with the same key", "it is older than was said"),
    Row("keys", "disabled", "day", WIDENING, "it may linger longer", "it must be deleted sooner"),
    Row("keys", "replaced_by", "text"),
    Row("keys", "reviewed", "day", NARROWING, _LATER, _OLDER_WORD),
    Row("keys", "fingerprint", "text"),
    Row("keys", "label", "text"),
    Row("keys", "owner", "text"),
    Row("events", "on", "day", NARROWING, "more keys must be new since", "fewer keys must be new since"),
    Row("events", "affects", "items", NARROWING, "its keys must be new since", "its keys need not be new since"),
    Row("waivers", "until", "day", WIDENING, "accepted for longer", "accepted for a shorter time"),
    Row("waivers", "reason", "text"),
    Row("waivers", "by", "text"),
    Row("accounts", "", "table", NEUTRAL, "new", "no longer declared"),
    Row("providers", "", "table", NEUTRAL, "new", "no longer declared: does it still hold a key?"),
    Row("bots", "", "table", NEUTRAL, "new", "no longer declared: is what it ran on switched off?"),
    Row("keys", "", "table", WIDENING, "new", "no longer declared: is it deleted at Binance?"),
    Row("events", "", "table", NARROWING, "keys of before must be new", "keys of before need not be new any more"),
    Row("waivers", "", "table", WIDENING, "accepts a finding", "accepts the finding no more"),
)

ROWS: Final[Mapping[tuple[str, str], Row]] = MappingProxyType({(row.section, row.field): row for row in TABLE})


def way(row: Row, sign: int) -> tuple[Direction, str]:
    """The direction of more (`sign` above 0), less (below 0) or something else (0) of a field, and what it means."""
    if not sign:
        return NEUTRAL, ""
    return (row.more, row.said_of_more) if sign > 0 else (row.more.opposite, row.said_of_less)
