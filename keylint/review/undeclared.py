"""Accounts as Binance shows them → the keys that the manifest does not have there, and what of that is not known."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from keylint.evidence.accounts import LiveAccount
from keylint.evidence.keys import LiveKey
from keylint.evidence.known import Known
from keylint.evidence.model import LISTED_KEYS, ListedKey
from keylint.manifest.model import Manifest, NotShown, Undecided
from keylint.manifest.permissions import PERMISSIONS as ALL

from . import steps
from .planned import DRIFT, KEY, TAKE, Change, Entry, Unknown, highest

_KEYS: Final = "keys that the manifest does not have"
_SUB_ACCOUNTS: Final = "sub-accounts that the manifest does not have"


class Undeclared(NamedTuple):
    """What the lists of masters hold besides the manifest's keys."""

    entries: tuple[Entry, ...]
    elsewhere: Mapping[str, str]
    """By id of a key of the manifest: the account that holds it, where it is another one than is declared."""
    unknown: tuple[Unknown, ...]


def undeclared(manifest: Manifest, known: Known) -> Undeclared:
    """Every key that a master's list has and the manifest has not, or has on another account."""
    entries: list[Entry] = []
    elsewhere: dict[str, str] = {}
    unknown: list[Unknown] = []
    # With whose credentials another key of the manifest answered: which of the two it is, that key's entry asks.
    mistaken = {key.tried.fingerprint for key in known.keys.values() if key.tried is not None} - {None}
    homeless = [key for key in known.keys.values() if key.account_found is None and not key.not_there]
    by_identity: dict[str | None, list[LiveKey]] = {}
    for key in known.keys.values():
        by_identity.setdefault(key.identity, []).append(key)
    for account in known.accounts.values():
        try:
            for listed in _left(account, homeless):
                same = [it for it in by_identity.get(listed.fingerprint, ()) if it.account_found != account.declared]
                elsewhere.update((key.id, str(account)) for key in same if key.account_found is not None)
                if not same and listed.fingerprint not in mistaken:
                    entries.append(_entry(account, listed))
        except Undecided as why:
            unknown.append(Unknown(str(account), _KEYS, why.reason, why.message))
        except NotShown:
            pass  # a master, or a sub-account that nobody can list
        unknown += _strange(manifest, known, account)
    unknown += _mixed_up(known.keys.values())
    return Undeclared(tuple(entries), elsewhere, tuple(unknown))


def _left(account: LiveAccount, homeless: Iterable[LiveKey]) -> tuple[ListedKey, ...]:
    """The listed keys that are none of the account's. Raises Undecided where one may be a key of no known account."""
    left = account.undeclared_keys
    nameless = ", ".join(str(key) for key in homeless if key.identity is None)
    if nameless and not {each.fingerprint for each in left} <= {key.identity for key in homeless}:
        message = f"{account} holds a key that may or may not be {nameless}, of which the account is not known"
        raise Undecided(reason="not-identified", message=message)
    return left


def _entry(account: LiveAccount, listed: ListedKey) -> Entry:
    facts = listed.facts
    can = [it.token for it in ALL if facts.flags.get(it.field)]
    can += [name for name, value in facts.flags.items() if value and name not in {it.field for it in ALL}]
    doubtful = [it.token for it in ALL if it.field in facts.doubts]
    shown = ", ".join(can) or "no permission that the list shows"
    shown += f", and perhaps {', '.join(doubtful)}" if doubtful else ""
    step = steps.delete_undeclared(str(account), listed.fingerprint)
    change = Change(TAKE, KEY, (), shown, "not in the manifest", highest([*can, *doubtful]), DRIFT, step)
    seen = account.look(LISTED_KEYS).at
    return Entry(str(account), listed.fingerprint, facts.label or "", str(account), seen, (change,))


def _strange(manifest: Manifest, known: Known, account: LiveAccount) -> Iterator[Unknown]:
    """What is not known of the keys of a master's sub-accounts, because the manifest does not have those."""
    try:
        listed = account.sub_accounts
    except Undecided as why:
        yield Unknown(str(account), _SUB_ACCOUNTS, why.reason, why.message)
        return
    except NotShown:
        return  # a sub-account, or a master that nobody can ask
    # One whose master is not in the manifest may be of this one.
    ours = [it for it in manifest.accounts.values() if it.master == account.declared.id or not it.master_found]
    hashes = {known.accounts[it.id].email_hash for it in ours}
    strange = [each.shown for each in listed if each.email_hash not in hashes]
    if strange:
        nameless = [str(it) for it in ours if it.email is None]
        message = f"{account} has sub-accounts that the manifest does not give it, and their keys are not known: "
        message += steps.listed(strange)
        if nameless:
            message += f"; they may or may not be {steps.listed(nameless)}: give each its email"
        else:
            message += "; give each a table with its master and email, and declare its keys"
        yield Unknown(str(account), _SUB_ACCOUNTS, "not-declared", message)


def _mixed_up(keys: Iterable[LiveKey]) -> Iterator[Unknown]:
    """Where keys of one declared account answer for two, or keys of two for one: which is wrong is not known."""
    by_hash: dict[str, list[LiveKey]] = {}
    by_account: dict[str, list[LiveKey]] = {}
    for key in keys:
        if key.answered and isinstance(key.account_hash_or, str) and key.account_found is not None:
            by_hash.setdefault(key.account_hash_or, []).append(key)
            by_account.setdefault(str(key.account_found), []).append(key)
    about = "which account its keys are on"
    for same in by_hash.values():
        apart = {str(key.account_found): key for key in same}
        if len(apart) > 1:
            named = steps.listed([f"{key} ({account})" for account, key in apart.items()])
            message = f"{named} answer for one account, and are declared on several: see which, and correct account"
            yield Unknown(next(iter(apart)), about, "account-mismatched", message)
    for account, together in by_account.items():
        hashes = {str(key.account_hash_or): key for key in together}
        if len(hashes) > 1:
            named = steps.listed([str(key) for key in hashes.values()])
            message = f"{named} are declared on {account}, and answer for several: see which, and correct account"
            yield Unknown(account, about, "account-mismatched", message)
