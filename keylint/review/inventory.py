"""A manifest, and what Binance said of it → who holds what: every key with each permission, declared and live."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType

from keylint.evidence.accounts import LiveAccount
from keylint.evidence.keys import LiveKey
from keylint.evidence.known import known
from keylint.evidence.model import Evidence, ListedKey
from keylint.manifest.model import Account, Bot, Key, Manifest, NotShown, TwoFactor, Undecided, WithdrawalAllowlist
from keylint.manifest.permissions import PERMISSIONS

from .due import Due, Undated, dues, of_key
from .inventory_live import NOT_LOOKED_AT, seen_of, stranger
from .inventory_model import Addresses, Cell, Holder, Holding, Inventory, Looks, Shown, User, Word, yes


def inventory(name: str, manifest: Manifest, as_of: datetime, evidence: Sequence[Evidence] | None = None) -> Inventory:
    """Who holds what at the instant `as_of`. Without `evidence`, as declared alone: live state was not looked at."""
    as_of = as_of.astimezone(UTC)
    live = None if evidence is None else known(manifest, evidence, as_of)
    keys = [
        _declared(manifest, key, as_of.date(), None if live is None else live.keys[key.id])
        for key in manifest.keys.values()
    ]
    until = {(due.kind, due.subject): due.day for due in dues(manifest, as_of.date()).dated}
    accounts = []
    for account in manifest.accounts.values():
        others, strangers, doubts = _others(None if live is None else live.accounts[account.id])
        keys += [stranger(account.id, each, as_of.date()) for each in strangers]
        accounts.append(_holder(account, until, others, doubts))
    if any(key.account is None for key in keys):
        accounts.append(Holder(None))
    looks = None if live is None else Looks(live.looked_at, live.answered, len(manifest.keys), live.remarks)
    return Inventory(name, as_of, tuple(accounts), tuple(keys), looks)


def _holder(account: Account, until: Mapping[tuple[str, str], date], others: Shown, doubts: tuple[str, ...]) -> Holder:
    if not account.master_found and None in (account.two_factor, account.withdrawal_allowlist):
        doubts = (*doubts, f"{account} leaves its word to accounts.{account.master}, which is no master account here")
    return Holder(
        account.id,
        account.owner,
        account.master,
        _word(account, "two_factor", account.two_factor, until),
        _word(account, "withdrawal_allowlist", account.withdrawal_allowlist, until),
        others,
        doubts,
    )


def _word(
    account: Account, field: str, word: TwoFactor | WithdrawalAllowlist | None, until: Mapping[tuple[str, str], date]
) -> Word | None:
    if word is None:
        return None
    inherited = field in account.inherits
    says = word.methods if isinstance(word, TwoFactor) else ("on" if word.enabled else "off",)
    subject = f"accounts.{account.master}" if inherited else str(account)
    return Word(says, word.attested, word.by, until.get((field.replace("_", "-"), subject)), inherited)


def _others(live: LiveAccount | None) -> tuple[Shown, tuple[ListedKey, ...], tuple[str, ...]]:
    """Whether keys that are not declared would be seen, those that are, and why it cannot be told."""
    if live is None:
        return Shown.NOT_LOOKED_AT, (), ()
    try:
        return Shown.YES, live.undeclared_keys, ()
    except NotShown:
        return Shown.NOT_SHOWN, (), ()
    except Undecided as why:
        return Shown.UNKNOWN, (), (why.message,)


def _declared(manifest: Manifest, key: Key, today: date, live: LiveKey | None) -> Holding:
    """A key of the manifest."""
    due = next(of_key(manifest, key, today), None)
    doubts = tuple(_contradictions(manifest, key))
    seen = NOT_LOOKED_AT if live is None else seen_of(key, live)
    return Holding(
        key.id,
        None if key.account_found is None else key.account_found.id,
        MappingProxyType(
            {
                it.token: Cell(yes(it.token in key.permissions), seen.permissions.get(it.token, seen.otherwise))
                for it in PERMISSIONS
            }
        ),
        Addresses(key.ip_allowlist, key.ip_third_party, key.open, seen.restricted, seen.ip_list),
        key.label,
        key.fingerprint,
        key.type,
        key.role,
        key.status,
        tuple(_users(key)),
        _owner(key),
        key.custody,
        key.holders,
        key.created,
        seen.created,
        (today - key.created).days,
        due if isinstance(due, Due) else None,
        seen.unnamed,
        seen.state,
        seen.at,
        seen.differences,
        (*doubts, *seen.doubts),
    )


def _owner(key: Key) -> str | None:
    """Who answers for a key: its owner, else those of its bots, else its account's."""
    if key.owner is not None:
        return key.owner
    owners = dict.fromkeys(bot.owner for bot in key.bots_found if bot.owner is not None)
    if owners:
        return ", ".join(owners)
    return None if key.account_found is None else key.account_found.owner


def _users(key: Key) -> Iterator[User]:
    found: dict[str, Bot] = {bot.id: bot for bot in key.bots_found}
    for name in dict.fromkeys(key.bots_named):
        bot = found.get(name)
        if bot is None:
            yield User(name, found=False)
        else:
            known_provider = bot.provider_named is None or bot.provider_found is not None
            yield User(name, True, bot.provider_named, known_provider, bot.status)


def _contradictions(manifest: Manifest, key: Key) -> Iterator[str]:
    """Where the manifest names what is not in it."""
    if key.bots_missing:
        yield f"{key} names bots that are not in the manifest: {', '.join(key.bots_missing)}"
    if key.account_found is None and not key.bots_missing:
        named = "" if key.account_named is None else f": {key.account_named}"
        yield f"{key}: which account it belongs to cannot be told{named}"
    for bot in key.bots_found:
        if bot.provider_named is not None and bot.provider_found is None:
            yield f"{bot} names a provider that is not in the manifest: {bot.provider_named}"
    for each in of_key(manifest, key, key.created):
        if isinstance(each, Undated):
            yield each.why
