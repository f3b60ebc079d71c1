"""A declared key + the looks at it → the key as Binance shows it, which a rule judges like a declared one."""

from datetime import date, datetime
from typing import Final

from keylint.manifest.model import Key, NotShown, Place, Side, Undecided
from keylint.manifest.permissions import PERMISSION, ordered

from .facts import TOKENS, Fact, Facts, Listing, merged, nothing, token_value
from .model import NO_CREDENTIALS, NOT_FOUND, AccountLook, KeyLook, ListedKey, ListedKeys, when

_NOBODY_ASKED: Final = frozenset({"not-looked-at", NO_CREDENTIALS})
_FIELDS: Final = {"ip_allowlist": "ipRestrict", "created": "createTime", "label": "apiName"}


class LiveKey(Key):
    """A key of the manifest as Binance shows it.

    It reads like the declared key, but that what Binance can show comes from Binance: permissions, restriction to
    addresses, creation, label. What was asked for and not answered raises Undecided; what nobody can show raises
    NotShown. Where only some of its permissions are known, `bounds` has the least and the most that it may be.
    """

    declared: Key
    """The same key as the manifest has it."""
    look: KeyLook | None
    """The answer that is judged; None where there is none."""
    listed: ListedKey | None
    """The same key in the list of its account's master."""
    facts: Facts
    account_hash_or: str | Undecided | NotShown
    not_there: bool
    """Whether Binance does not know it any more."""
    least: frozenset[str]
    most: frozenset[str]
    tried: KeyLook | None
    """The last look that was made with credentials, whatever came of it."""
    identity: str | None
    """The fingerprint by which it can be found: the declared one, else that of its credentials."""

    def __setattr__(self, name: str, value: object) -> None:
        message = f"{name} of {self} cannot be set: rules get frozen values"
        raise AttributeError(message)

    @property
    def answered(self) -> bool:
        """Whether Binance told anything of it, be it that there is no such key."""
        return self.not_there or self.facts.none is None

    @property
    def unasked(self) -> bool:
        """Whether it is disabled and has no credentials any more, so that nobody was to ask it."""
        why = self.account_hash_or
        return self.status == "disabled" and isinstance(why, Undecided) and why.reason in _NOBODY_ASKED

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions that Binance shows. Raises Undecided where it shows none of them."""
        self._some()
        return self.least

    @property
    def undecided_permissions(self) -> tuple[str, ...]:
        """The permissions of which Binance does not say whether the key has them."""
        return ordered(self.most - self.least)

    @property
    def created(self) -> date:
        """The UTC day of its creation."""
        return self.created_at.date()

    @property
    def created_at(self) -> datetime:
        """The moment of its creation, UTC."""
        value = self._known(self.facts.created)
        assert isinstance(value, datetime)  # noqa: S101 - for the type checker: `live_key` puts nothing else there
        return value

    @property
    def trading_expires(self) -> datetime | None:
        """When Binance will take trading away, UTC; None where it names no such day."""
        value = self._known(self.facts.trading_expires)
        return value if isinstance(value, datetime) else None

    @property
    def label(self) -> str | None:
        """Its label, which Binance shows in a master's list alone."""
        value = self._known(self.facts.label)
        return value if isinstance(value, str) else None

    @property
    def restricted(self) -> bool:
        """Whether Binance lets only some addresses use it."""
        return self._known(self.facts.ip_restricted) is True

    @property
    def ip_allowlist(self) -> tuple[str, ...]:
        """Its list of addresses, which Binance shows in a master's list alone."""
        value = self._known(self.facts.ip_list)
        return value if isinstance(value, tuple) else ()

    @property
    def open(self) -> bool:
        """Whether any address may use it, as far as Binance shows."""
        if not self.restricted:
            return True
        return not isinstance(self.facts.ip_list, NotShown) and super().open

    @property
    def fingerprint_used(self) -> str:
        """The fingerprint of the credentials that it was asked with. Raises Undecided where it was not asked."""
        if self.tried is not None and self.tried.fingerprint is not None:
            return self.tried.fingerprint
        if isinstance(self.facts.none, Undecided):
            raise _raised(self.facts.none)
        why = self.account_hash_or
        if self.facts.none is None and isinstance(why, Undecided) and why.reason not in _NOBODY_ASKED:
            raise again(why)  # it is known from a list, and its own answer is not
        raise NotShown

    @property
    def account_hash(self) -> str:
        """What stands for the uid of the account that it answers for."""
        if isinstance(self.account_hash_or, str):
            return self.account_hash_or
        raise _raised(self.account_hash_or)

    @property
    def unknown_flags(self) -> tuple[str, ...]:
        """What Binance says that the key may do, and keylint has no word for, by Binance's names."""
        self._some()
        return tuple(
            name
            for name, fact in self.facts.flags.items()
            if name not in TOKENS and isinstance(fact, Fact) and fact.value is True
        )

    @property
    def unread_flags(self) -> Undecided | None:
        """Why a permission that keylint has no word for could not be read; None where there is no such."""
        for name, fact in self.facts.flags.items():
            if name not in TOKENS and isinstance(fact, Undecided):
                return again(fact)
        return None

    def bounds(self) -> tuple["LiveKey", "LiveKey"] | None:
        """The key with the least and with the most permissions that it may have; None where all are known."""
        if self.facts.none is not None or self.least == self.most:
            return None
        return _with(self, self.least), _with(self, self.most)

    def doubt(self) -> Undecided:
        """Why some of its permissions are not known."""
        tokens = self.undecided_permissions
        whys = {
            fact.message: fact
            for token in tokens
            if isinstance(fact := self.facts.flags.get(PERMISSION[token].field), Undecided)
        }
        first = next(iter(whys.values()), None)
        if first is None:
            return Undecided("not-shown", f"{self} may or may not have {', '.join(tokens)}")
        return again(first)

    def said(self, place: Place) -> tuple[str, datetime | None]:
        """What Binance said of a field of this key, in its own terms, "" where it said nothing of it, and when."""
        field = place.path[2] if len(place.path) > 2 else None  # noqa: PLR2004 - section, id, field
        facts, at = self.facts, self.seen_at
        if field == "permissions" and place.item in PERMISSION:
            return _said(PERMISSION[place.item].field, facts.flags.get(PERMISSION[place.item].field), at)
        if field == "permissions":
            names = [name for name, fact in facts.flags.items() if token_value(fact) is True]
            return (f"{', '.join(names)} = true" if names else "no permission is true"), at
        if field == "ip_allowlist" and isinstance(facts.ip_list, Fact) and isinstance(facts.ip_list.value, tuple):
            return f"ipList = {', '.join(facts.ip_list.value) or 'empty'}", facts.ip_list.at
        named = {"ip_allowlist": facts.ip_restricted, "created": facts.created, "label": facts.label}
        return _said(_FIELDS.get(str(field), ""), named.get(str(field)), at)

    @property
    def seen_at(self) -> datetime | None:
        """When Binance last said something of it; None where it did not."""
        if self.look is not None:
            return self.look.at
        facts = (self.facts.ip_restricted, self.facts.label, *self.facts.flags.values())
        tried = None if self.tried is None else self.tried.at
        return max((fact.at for fact in facts if isinstance(fact, Fact)), default=tried)

    def _some(self) -> None:
        if self.facts.none is not None:
            raise _raised(self.facts.none)

    def _known(self, fact: Fact | Undecided | NotShown) -> object:
        self._some()
        if isinstance(fact, Fact):
            return fact.value
        raise _raised(fact)


def live_key(
    key: Key, chosen: KeyLook | Undecided, tried: KeyLook | None, listing: Listing, listed: ListedKey | None
) -> LiveKey:
    """`key` as the look at itself and its master's list show it.

    `chosen` is the look that is judged, or why there is none; `tried` the last look that was made with credentials;
    `listing` the look at the keys of its account, and `listed` the key in it.
    """
    look = chosen if isinstance(chosen, KeyLook) else None
    gone_at = look.at if look is not None and look.outcome == NOT_FOUND else None
    if gone_at is not None and listed is not None and isinstance(listing, AccountLook) and listing.at > gone_at:
        message = f"{key}: Binance did not know it {when(gone_at)}, and had it in its account's list {when(listing.at)}"
        chosen, tried, look = Undecided("contradicted", f"{message}: look again"), look, None
    tried = tried if look is None or look.fingerprint is None else look
    used = None if look is None else look.fingerprint
    identity = key.fingerprint or used
    mistaken = used is not None and key.fingerprint not in {None, used}
    if mistaken:
        message = f"{key} was asked with the credentials of another key: what Binance said is not of this one"
        facts = nothing(Undecided("another-key", message))
    elif look is not None and look.outcome == NOT_FOUND:
        facts = nothing(NotShown())
    elif look is not None and look.facts is None:
        facts = nothing(Undecided("malformed", f"{key}: an answer without what it told"))
    elif look is None and listed is None:
        facts = nothing(chosen if isinstance(chosen, Undecided) else NotShown())
    else:
        facts = merged(key, chosen, listing, listed, identity)
    account = facts.none if mistaken and facts.none is not None else _account(chosen)
    gone = not mistaken and _gone(identity, look, listing)
    if gone and look is None:
        facts = nothing(NotShown())
    least = frozenset(token for name, token in TOKENS.items() if token_value(facts.flags.get(name)) is True)
    most = frozenset(token for name, token in TOKENS.items() if token_value(facts.flags.get(name)) is not False)
    made = tuple.__new__(LiveKey, key._replace(side=Side.LIVE))
    made.__dict__.update(
        declared=key,
        look=look,
        listed=listed,
        facts=facts,
        account_hash_or=account,
        not_there=gone,
        least=least,
        most=most,
        tried=tried,
        identity=identity,
    )
    return made


def again(why: Undecided) -> Undecided:
    """The same reason, to be raised anew, so that no trace of an earlier rule hangs on it."""
    return Undecided(why.reason, why.message)


def _raised(why: Undecided | NotShown) -> Exception:
    return again(why) if isinstance(why, Undecided) else NotShown()


def _with(live: LiveKey, permissions: frozenset[str]) -> LiveKey:
    made = tuple.__new__(LiveKey, live)
    made.__dict__.update({**live.__dict__, "least": permissions, "most": permissions})
    return made


def _account(chosen: KeyLook | Undecided) -> str | Undecided | NotShown:
    if isinstance(chosen, Undecided):
        return chosen
    if chosen.account is not None:
        return chosen.account
    if chosen.account_reason:
        return Undecided("account-not-told", f"keys.{chosen.key}: {chosen.account_reason}")
    return NotShown()


def _gone(identity: str | None, look: KeyLook | None, listing: Listing) -> bool:
    """Whether Binance does not know the key: it says so, or its account's list does not hold it."""
    if look is not None:
        return look.outcome == NOT_FOUND
    if not isinstance(listing, AccountLook) or not isinstance(listing.told, ListedKeys) or identity is None:
        return False
    return all(each.fingerprint != identity for each in listing.told.found)


def _said(name: str, fact: Fact | Undecided | NotShown | None, at: datetime | None) -> tuple[str, datetime | None]:
    if not isinstance(fact, Fact):
        return "", at
    value = fact.value
    if isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = when(value) if isinstance(value, datetime) else f'"{value}"'
    return f"{name} = {text}", fact.at
