"""A difference → the step of a person that makes the manifest true: in Binance's API Management, or in the manifest."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from keylint.manifest.model import Key
from keylint.manifest.permissions import PERMISSION, ordered

SHOWN: Final = 5
_TYPES: Final = {
    "ed25519": "self-generated, an Ed25519 public key",
    "rsa": "self-generated, an RSA public key",
    "hmac": "system-generated, which is HMAC",
}
_EDIT: Final = "in API Management, Edit restrictions"


def listed(items: Sequence[str]) -> str:
    """The first few of `items`, and how many more there are."""
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more


def boxes(permissions: frozenset[str]) -> str:
    """The boxes of API Management that `permissions` stand for."""
    return ", ".join(f'"{PERMISSION[token].label}"' for token in ordered(permissions)) or "no box"


def tick(token: str) -> str:
    """For a permission that is declared and not there."""
    return f'tick "{PERMISSION[token].label}" {_EDIT}; if the bot works without it, take "{token}" out of permissions'


def untick(token: str) -> str:
    """For a permission that is there and not declared."""
    if token == "withdraw":  # noqa: S105 - no password, but the word for a permission
        return f'untick "{PERMISSION[token].label}" {_EDIT}: no bot that trades needs it; find out who ticked it'
    return f'untick "{PERMISSION[token].label}" {_EDIT}; if it is meant, put "{token}" into permissions'


def untick_disabled(token: str, since: date | None) -> str:
    """For what a key can still do that is declared disabled."""
    return f'untick "{PERMISSION[token].label}" {_EDIT}: the key is declared disabled' + (
        f" since {since}" if since is not None else ""
    )


def untick_unknown(_name: str) -> str:
    """For a permission that keylint has no word for."""
    return f"find its box {_EDIT}, and untick it unless the bot needs it; then look for a newer keylint"


def restrict(key: Key) -> str:
    """For a key that is declared bound to addresses, and is not."""
    if key.ip_third_party is not None:
        return f'choose "Restrict access to trusted IPs only" {_EDIT}, for the addresses of {key.ip_third_party}'
    return f'choose "Restrict access to trusted IPs only" {_EDIT}, and list {listed(key.ip_allowlist)}'


def write_down_addresses() -> str:
    """For a key that is bound to addresses, and not declared so: the tighter one of the two is kept."""
    return "leave it so, and write the trusted IPs of API Management into ip_allowlist, so that they can be judged"


def let_in(addresses: Sequence[str]) -> str:
    """For addresses that are declared and not on the list."""
    return f"add {listed(addresses)} to the trusted IPs {_EDIT}; if nothing calls from there, take it out of the list"


def shut_out(addresses: Sequence[str]) -> str:
    """For addresses that are on the list and not declared."""
    return f"take {listed(addresses)} out of the trusted IPs {_EDIT}; find out who changed the list"


def relabel(label: str) -> str:
    """For a key that bears another label."""
    return f'label it "{label}" in API Management, or write the label that it has here, so that nobody deletes another'


def another_key() -> str:
    """For a key that was created on another day."""
    return (
        "compare label and day in API Management: if the key was replaced, declare the new one under an id of its own; "
        "if nobody replaced it, delete it; if only the date is wrong, correct created"
    )


def another_account(live: str, declared: str) -> str:
    """For a key that is on another account."""
    return (
        f"see API Management of {live}: if the manifest is wrong, correct account; else create a key on {declared}, "
        "move the bot to it and delete this one"
    )


def create(key: Key) -> str:
    """For a key that is not there yet."""
    label = f'label "{key.label}"' if key.label is not None else "a label that names its bot"
    return (
        f"create it in API Management ({_TYPES.get(key.type, key.type)}): {label}; tick {boxes(key.permissions)}; "
        f"{_bound(key)}; then write its fingerprint here (`keylint fingerprint {key.id}`)"
    )


def create_again(key: Key, successor: str | None) -> str:
    """For a key that Binance does not know any more."""
    replaced = f", {successor} having replaced it" if successor is not None else ""
    return (
        f"look for it in API Management: if it was deleted, take its entry out of the manifest{replaced}; if it is to "
        f"be there, create a new one under an id of its own, and tick {boxes(key.permissions)}; {_bound(key)}"
    )


def _bound(key: Key) -> str:
    if key.ip_third_party is not None:
        return f"trusted IPs: those of {key.ip_third_party}"
    return f"trusted IPs: {listed(key.ip_allowlist)}" if key.ip_allowlist else "no trusted IPs are declared"


def delete_disabled(since: date, *, certain: bool) -> str:
    """For a key that has been disabled for long enough."""
    there = "" if certain else ", if it is still there"
    return f"delete it in API Management{there}, then take its entry out of the manifest: it was disabled {since}"


def delete_undeclared(account: str, fingerprint: str) -> str:
    """For a key that the manifest does not have."""
    return (
        f"ask who uses it, and delete it in API Management of {account}; if it is needed, declare it with "
        f'fingerprint = "{fingerprint}"'
    )


# -- Rotations -------------------------------------------------------------------------------------------------------


def rotate(step: str, old: Key, new: Key | None, until: date | None, today: date) -> str:
    """What a person does at one step of a rotation; `until` is its last day."""
    bots = ", ".join(f"bots.{bot}" for bot in (new or old).bots_named) or "whoever uses it"
    untick_all = f'untick every box of {old} but "Enable Reading"'
    steps = {
        "create": f"create {new}, as above",
        "move the bot": (
            f"give {new} to {bots}, in its own settings and never through a chat; then set its status active"
        ),
        "test": f"let {bots} place one small order with {new}, and see that nothing else still uses {old}",
        "disable": (
            f"{untick_all}, as above"
            if old.status == "disabled"
            else f'{untick_all} {_EDIT}; then write status = "disabled" and disabled = {today}'
        ),
        "wait": f"see that nothing misses {old}" + (f" until {until}" if until is not None else ""),
        "delete": f"delete {old}, as above",
        "done": f"take the entry {old} out of the manifest, and its credentials from wherever they are kept",
    }
    return steps[step]
