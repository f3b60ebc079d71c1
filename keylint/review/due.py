"""A manifest → every day by which somebody has to do something about it, and what has no such day and why."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from keylint.manifest.model import Account, Key, Manifest, TwoFactor, Undecided, WithdrawalAllowlist
from keylint.manifest.policy import Policy

ROTATION: Final = "rotation"
OVERLAP: Final = "overlap"
DELETION: Final = "deletion"
REVIEW: Final = "review"
TWO_FACTOR: Final = "two-factor"
ALLOWLIST: Final = "withdrawal-allowlist"
PROVIDER: Final = "provider"
WAIVER: Final = "waiver"
KINDS: Final = (ROTATION, OVERLAP, DELETION, REVIEW, TWO_FACTOR, ALLOWLIST, PROVIDER, WAIVER)
"""What can be due."""

_GRACE: Final = timedelta(days=1)  # it may be tomorrow where they sit
_WORDS: Final = {TWO_FACTOR: "second factor", ALLOWLIST: "withdrawal allowlist"}


class Due(NamedTuple):
    """Something to be done, and the last day on which it is not late."""

    day: date
    """UTC; from the day after it is overdue."""
    kind: str
    """One of KINDS."""
    subject: str
    """What it is about, such as `keys.grid-2026q3`; the same as long as the thing keeps its name."""
    what: str
    """What is to be done, such as "rotate keys.grid-2026q3"."""
    why: str
    """From which day and which threshold the day follows."""
    how: str
    """The step to take, here and in Binance."""

    def left(self, today: date) -> int:
        """How many days are left on `today`; negative where it is overdue."""
        return (self.day - today).days


class Undated(NamedTuple):
    """Something that would be due on a day, if the manifest told from which day to count."""

    kind: str
    subject: str
    why: str
    undecided: bool = False
    """Whether the manifest contradicts itself, so that nobody can tell; else somebody has only not said it yet."""


class Dues(NamedTuple):
    """What is due, earliest first, and what has no day."""

    dated: tuple[Due, ...]
    undated: tuple[Undated, ...]


def dues(manifest: Manifest, today: date) -> Dues:
    """Everything of `manifest` that is or will be due, judged on the UTC day `today`.

    The days follow the rules that judge them: rotation KL401, overlap KL408, deletion KL406, review KL801, attestation
    KL503, providers KL703, waivers KL950. What is said to have been done on a day that is yet to come does not count.
    """
    found = [
        *(each for key in manifest.keys.values() for each in of_key(manifest, key, today)),
        *(each for account in manifest.accounts.values() for each in _of_account(manifest.policy, account, today)),
        *_of_providers(manifest, today),
        *_of_waivers(manifest),
    ]
    dated = [each for each in found if isinstance(each, Due)]
    dated.sort(key=lambda it: (it.day, KINDS.index(it.kind), it.subject))
    return Dues(tuple(dated), tuple(each for each in found if isinstance(each, Undated)))


def of_key(manifest: Manifest, key: Key, today: date) -> Iterator[Due | Undated]:
    """What is due of one key. The next step of its rotation comes first."""
    rotation = manifest.policy.rotation
    if key.status == "disabled":
        if key.disabled is not None:
            yield _deletion(key, key.disabled, rotation.delete_after_days)
        return
    if key.status != "active":
        return
    allowed = min(rotation.max_age_days, rotation.limit_days)
    new = None
    try:
        new = manifest.successor(key)
    except Undecided as why:
        yield Undated(OVERLAP, str(key), why.message, undecided=True)
    too_old = _later(key.created, allowed)
    if new is not None and new.status == "active":
        yield Due(
            min(_later(new.created, rotation.overlap_days), too_old),
            OVERLAP,
            str(key),
            f"disable {key}",
            f"{new}, which replaces it, was created {new.created}; the policy lets both work for "
            f"{days(rotation.overlap_days)}, and each for {days(allowed)}",
            "move the bot to the new key, disable this one in API Management, then write down status and disabled",
        )
    else:
        yield Due(
            too_old,
            ROTATION,
            str(key),
            f"rotate {key}",
            f"created {key.created}; the policy allows {days(allowed)}",
            "create a new key with the same boxes, move the bot to it, then disable this one and delete it",
        )
    yield _review(key, manifest.policy.review.max_age_days, today)


def _deletion(key: Key, disabled: date, allowed: int) -> Due:
    return Due(
        _later(disabled, allowed),
        DELETION,
        str(key),
        f"delete {key}",
        f"disabled {disabled}; the policy allows {days(allowed)}",
        "delete the key in API Management and its entry in the manifest",
    )


def _review(key: Key, allowed: int, today: date) -> Due:
    reviewed = key.reviewed
    note = ""
    if reviewed is not None and reviewed > today + _GRACE:
        note = f" (reviewed = {reviewed} is yet to come, and does not count)"
        reviewed = None
    if reviewed is not None and reviewed >= key.created:
        since = f"last reviewed {reviewed}"
        day = _later(reviewed, allowed)
    else:
        since = f"created {key.created}, and not reviewed since"
        day = _later(key.created, allowed)
    return Due(
        day,
        REVIEW,
        str(key),
        f"review {key}",
        f"{since}; the policy allows {days(allowed)}{note}",
        "look at its boxes, trusted IPs and recent activity in API Management, then set reviewed to that day",
    )


def _of_account(policy: Policy, account: Account, today: date) -> Iterator[Due | Undated]:
    """When the words on an account run out that are its own, and not its master's."""
    words: dict[str, TwoFactor | WithdrawalAllowlist | None] = {
        TWO_FACTOR: account.two_factor,
        ALLOWLIST: account.withdrawal_allowlist,
    }
    for kind, word in words.items():
        about = _WORDS[kind]
        if kind.replace("-", "_") in account.inherits:
            continue
        if word is None and not account.master_found:
            why = f"{account} leaves its {about} to accounts.{account.master}, which is no master of this manifest"
            yield Undated(kind, str(account), why, undecided=True)
        elif word is None:
            yield Undated(kind, str(account), f"nobody has vouched for the {about} of {account}")
        elif word.attested > today + _GRACE:
            why = f"the {about} of {account} is attested for {word.attested}, which is yet to come"
            yield Undated(kind, str(account), why)
        else:
            allowed = policy.attestation.max_age_days
            yield Due(
                _later(word.attested, allowed),
                kind,
                str(account),
                f"attest the {about} of {account}",
                f"attested {word.attested} by {word.by}; the policy allows {days(allowed)}",
                "look in Binance under Security, then set attested to that day, and by to your name",
            )


def _of_providers(manifest: Manifest, today: date) -> Iterator[Due | Undated]:
    allowed = manifest.policy.attestation.max_age_days
    for provider in manifest.providers.values():
        if provider.reviewed is None:
            yield Undated(PROVIDER, str(provider), f"{provider} was never vetted")
        elif provider.reviewed > today + _GRACE:
            why = f"{provider} is vetted for {provider.reviewed}, which is yet to come"
            yield Undated(PROVIDER, str(provider), why)
        else:
            yield Due(
                _later(provider.reviewed, allowed),
                PROVIDER,
                str(provider),
                f"vet {provider}",
                f"last vetted {provider.reviewed}; the policy allows {days(allowed)}",
                "read what it says of itself and what others say of it, then set reviewed to that day",
            )


def _of_waivers(manifest: Manifest) -> Iterator[Due]:
    count: dict[str, int] = {}
    for waiver in manifest.waivers:
        # Its position in the list changes when another one goes, and what it waives does not.
        name = f"{waiver.rule} on {waiver.on}"
        count[name] = count.get(name, 0) + 1
        yield Due(
            waiver.until,
            WAIVER,
            name if count[name] == 1 else f"{name} ({count[name]})",
            f"mend {waiver.rule} on {waiver.on}",
            f"accepted by {waiver.by} until {waiver.until}: {waiver.reason}",
            "mend the cause and delete the waiver; or somebody accepts it anew, and writes down until when",
        )


def days(number: int) -> str:
    """A number of days in words: "1 day", "264 days"."""
    return f"{number} day" if number == 1 else f"{number} days"


def _later(day: date, number: int) -> date:
    """`number` days after `day`; the last day there is where that lies beyond it."""
    try:
        return day + timedelta(days=number)
    except OverflowError:
        return date.max
