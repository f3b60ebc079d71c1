"""A manifest and the credentials of its keys → Evidence: what Binance says of the keys and of their accounts.

A key can ask about itself alone, and about the account that it belongs to; a master's key also about the sub-accounts.
What nobody could ask, or nobody answered, stands in the evidence with the reason.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Final, NamedTuple, TypeAlias

from keylint.evidence.facts import SWITCH, TOKENS
from keylint.evidence.known import has_inventory
from keylint.evidence.model import (
    ADDRESSES,
    FEATURES,
    FUTURES_ORDERS,
    LIMITED,
    LISTED_KEYS,
    MALFORMED,
    NO_CREDENTIALS,
    NOT_FOUND,
    OBSERVED,
    POSITIONS,
    QUESTIONS,
    REJECTED,
    SPOT_ORDERS,
    STATUS,
    SUB_ACCOUNTS,
    TRADING,
    UNREACHABLE,
    UNUSABLE_CREDENTIALS,
    WITHDRAWALS,
    AccountLook,
    Evidence,
    Features,
    KeyLook,
    Orders,
    Positions,
    Told,
)
from keylint.manifest.model import Account, Key, Manifest
from keylint.manifest.permissions import PERMISSION, READING

from . import account_answers as answers
from . import endpoints
from .asking import (
    Asking,
    Asks,
    Conversation,
    Progress,
    Request,
    Stop,
    final,
    outcome_of_account,
    reason,
    understood,
)
from .credentials import Credentials, Missing, Unusable
from .endpoints import Endpoint
from .failure import Failure
from .inventory import all_keys, all_sub_accounts
from .key_answers import key_facts
from .pace import Clock

TRIES: Final = 3
"""Keys of one account that are asked in turn, until one is answered."""
MAX_ACCOUNTS_TOLD: Final = 100
"""Keys of one run that are asked which account they belong to: the answer costs twenty times another one."""

_READ = PERMISSION["read"].field
_FUTURES = PERMISSION["futures"].field
_HARMLESS = {PERMISSION[token].field for token in READING}

Found: TypeAlias = Credentials | Missing | Unusable
Talk: TypeAlias = Callable[[Credentials], Generator[Request, object, Told]]


class Interrupted(Exception):  # noqa: N818 - nothing is wrong: somebody wished the run to end
    """The run was ended early; `evidence` is what came to be known, and the rest in it is unreachable."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__("interrupted")
        self.evidence = evidence


class _Question(NamedTuple):
    """One question about one account, to be asked with one of some keys, in turn."""

    account: str
    name: str
    askers: Sequence[Credentials]
    talk: Talk


def observe(  # noqa: PLR0913 - all but the first four are named
    manifest: Manifest,
    credentials: Mapping[str, Found],
    asks: Asks,
    clock: Clock,
    *,
    source: str,
    activity: bool = False,
    keys_only: bool = False,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Evidence:
    """What Binance says of everything in `manifest`, asked with `credentials` by way of `asks`.

    `source` says who answers. `activity`: ask also for withdrawals, positions and open orders. `keys_only`: ask nothing
    about accounts. `stop` is for who handles signals. Raises Interrupted, with what is known, where it was called or
    KeyboardInterrupt came while answers were waited for.
    """
    stop = stop or Stop()
    run = _Run(manifest, credentials, Asking(asks, clock, stop, progress))
    started = run.asking.now()
    if run.usable:
        run.asking.set_clock()
    run.ask_keys()
    if not keys_only:
        run.ask_accounts_of_keys()
        run.ask_about_accounts()
        run.ask_inventories()
        if activity:
            run.ask_activity()
    evidence = run.evidence(source, started)
    if stop.wished:
        raise Interrupted(evidence)
    return evidence


class _Run:
    """What one run knows so far."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, Found], asking: Asking) -> None:
        self.manifest = manifest
        self.asking = asking
        self.credentials = credentials
        self.usable: dict[str, Credentials] = {
            key: found for key in manifest.keys if isinstance(found := credentials.get(key), Credentials)
        }
        self.keys: dict[str, KeyLook] = {}
        self.accounts: dict[tuple[str, str], AccountLook] = {}

    # -- Keys ----------------------------------------------------------------------------------------------------------

    def ask_keys(self) -> None:
        """Let every key that has credentials ask about itself."""
        mine = list(self.usable.values())
        requests = [Request(endpoints.KEY_PERMISSIONS, each) for each in mine]
        got = self.asking.all(requests, lambda answer: key_facts(answer, self.asking.now()))
        for each, answer in zip(mine, got, strict=True):
            look = KeyLook(each.id, answer.at, OBSERVED, "", each.fingerprint, each.signer.type)
            if not isinstance(answer.got, Failure):
                look = look._replace(facts=answer.got)
            elif answer.got.outcome == NOT_FOUND:
                look = look._replace(outcome=NOT_FOUND)
            else:
                look = look._replace(outcome=answer.got.outcome, reason=reason(answer.got))
            self.keys[each.id] = look
        for key in self.manifest.keys.values():
            without = None if key.id in self.usable else self._without_credentials(key)
            if without is not None:
                self.keys[key.id] = without

    def _without_credentials(self, key: Key) -> KeyLook | None:
        """The look at a key that could not ask; None where nobody expects it to."""
        match self.credentials.get(key.id):
            case Unusable(_, message):
                return KeyLook(key.id, self.asking.now(), UNUSABLE_CREDENTIALS, message)
            case _ if key.status == "disabled":
                return None
            case Missing(_, message):
                return KeyLook(key.id, self.asking.now(), NO_CREDENTIALS, message)
            case _:
                return KeyLook(key.id, self.asking.now(), NO_CREDENTIALS, "no credentials were looked for")

    def ask_accounts_of_keys(self) -> None:
        """Ask of each key which account it belongs to, where there are several that could be mistaken."""
        if sum(key.status != "disabled" for key in self.manifest.keys.values()) < 2:  # noqa: PLR2004 - two to compare
            return
        able = []
        for key in self.manifest.keys.values():
            look = self.keys.get(key.id)
            if look is not None and look.facts is not None:
                if look.facts.flags.get(_READ) is True:
                    able.append(key)
                else:
                    self._not_told(key.id, "it does not say which account it belongs to, because it cannot read")
        asked = [self.usable[key.id] for key in _one_of_each_account_first(able)]
        for left_out in asked[MAX_ACCOUNTS_TOLD:]:
            most = f"at most {MAX_ACCOUNTS_TOLD} keys of one run are"
            self._not_told(left_out.id, f"it was not asked which account it belongs to: {most}")
        asked = asked[:MAX_ACCOUNTS_TOLD]
        hashes = _Hashes()
        requests = [Request(endpoints.SPOT_ACCOUNT, each) for each in asked]
        for each, answer in zip(asked, self.asking.all(requests, lambda it: hashes.of(answers.uid(it))), strict=True):
            if isinstance(answer.got, Failure):
                self._not_told(each.id, f"it does not say which account it belongs to: {reason(answer.got)}")
            else:
                self.keys[each.id] = self.keys[each.id]._replace(account=answer.got)

    def _not_told(self, key: str, why: str) -> None:
        self.keys[key] = self.keys[key]._replace(account_reason=why)

    # -- Accounts ------------------------------------------------------------------------------------------------------

    def ask_about_accounts(self) -> None:
        """Ask of each account that has a key in use how it stands, with one of its keys."""
        self._ask(
            [
                _Question(account.id, name, self._askers(account), _one(endpoint, read))
                for account in self._in_use()
                for name, endpoint, read in _ABOUT_ACCOUNTS
            ]
        )

    def ask_activity(self) -> None:
        """Ask of each account what is done in it."""
        questions = []
        for account in self._in_use():
            askers = self._askers(account)
            questions += [_Question(account.id, name, askers, _one(it, read)) for name, it, read in _ACTIVITY]
            traders = [each for each in askers if self._flag(each.id, _FUTURES)]
            about = self.accounts.get((account.id, FEATURES))
            if not traders and about is not None and isinstance(about.told, Features) and not about.told.futures:
                # Where futures are not open there is nothing, and a key without the permission could not ask.
                for name, nothing in ((POSITIONS, Positions(())), (FUTURES_ORDERS, Orders(()))):
                    look = AccountLook(account.id, name, about.at, OBSERVED, "", about.asked_with, nothing)
                    self.accounts[account.id, name] = look
                continue
            in_turn = [*traders, *(each for each in askers if each not in traders)]
            questions += [_Question(account.id, name, in_turn, _one(it, read)) for name, it, read in _FUTURES_ACTIVITY]
        self._ask(questions)

    def ask_inventories(self) -> None:
        """Ask each master that has a key of keylint's own for its sub-accounts and their keys."""
        questions = []
        for master in self.manifest.accounts.values():
            if not has_inventory(self.manifest, master):
                continue
            askers = [each for each in self._askers(master) if self.manifest.keys[each.id].role == "inventory"]
            questions.append(_Question(master.id, SUB_ACCOUNTS, askers, all_sub_accounts))
            questions += [
                _Question(sub.id, LISTED_KEYS, askers, _keys_of(sub.email))
                for sub in self.manifest.sub_accounts.get(master.id, ())
                if sub.email is not None
            ]
        self._ask(questions)

    def _ask(self, questions: Sequence[_Question]) -> None:
        looks = self.asking.converse([self._answered(question) for question in questions])
        self.accounts.update({(look.account, look.question): look for look in looks})

    def _answered(self, question: _Question) -> Conversation[AccountLook]:
        """The first answer that one of the askers gets; else why the first of them gets none."""
        failed = None
        for asker in question.askers[:TRIES]:
            at = self.asking.now()
            try:
                told = yield from question.talk(asker)
            except Failure as failure:
                outcome, why = outcome_of_account(failure), reason(failure)
                failed = failed or AccountLook(question.account, question.name, at, outcome, why, asker.id)
                if final(failure) or self.asking.interrupted:
                    break
            else:
                return AccountLook(question.account, question.name, at, OBSERVED, "", asker.id, told)
        return failed or self._nobody_to_ask(question)

    def _in_use(self) -> Iterator[Account]:
        """The accounts that have a key which is not disabled."""
        for account in self.manifest.accounts.values():
            if any(key.status != "disabled" for key in self.manifest.keys_of_account.get(account.id, ())):
                yield account

    def _askers(self, account: Account) -> list[Credentials]:
        """The keys by which an account can be asked about, best first: those that answered, and can read.

        A key whose credentials are not the ones that the manifest means may belong to any account.
        """
        able = [
            key
            for key in self.manifest.keys_of_account.get(account.id, ())
            if self._flag(key.id, _READ) and not self._mistaken(key)
        ]
        able.sort(key=lambda key: (key.status == "disabled", key.role != "inventory"))
        return [self.usable[key.id] for key in able]

    def _flag(self, key: str, name: str) -> bool:
        look = self.keys.get(key)
        return look is not None and look.facts is not None and look.facts.flags.get(name) is True

    def _mistaken(self, key: Key) -> bool:
        look = self.keys.get(key.id)
        return key.fingerprint is not None and look is not None and look.fingerprint not in {None, key.fingerprint}

    def _nobody_to_ask(self, question: _Question) -> AccountLook:
        """The look at an account that no key could ask about: the one reason that says most, and what would help."""
        about = self.manifest.accounts[question.account]
        inventory = question.name in {SUB_ACCOUNTS, LISTED_KEYS}
        holder = about.master if question.name == LISTED_KEYS and about.master is not None else about.id
        whys = []
        for key in self.manifest.keys_of_account.get(holder, ()):
            if key.status == "disabled" or (inventory and key.role != "inventory"):
                continue
            look = self.keys[key.id]
            outcome, why = look.outcome, look.reason
            if self._mistaken(key):
                outcome, why = UNUSABLE_CREDENTIALS, "its credentials are those of another key than the manifest means"
            elif outcome == OBSERVED:
                outcome, why = REJECTED, "it cannot read, and so cannot ask"
            elif outcome == NOT_FOUND:
                outcome, why = REJECTED, "Binance does not know it"
            whys.append((_MOST_TELLING.index(outcome), f"keys.{key.id}: {why}"))
        rank, why = min(whys, key=lambda it: it[0])
        more = f" (and {len(whys) - 1} more)" if len(whys) > 1 else ""
        said = f"no key could ask: {why}{more}"
        return AccountLook(question.account, question.name, self.asking.now(), _MOST_TELLING[rank], said)

    # -- The end -------------------------------------------------------------------------------------------------------

    def evidence(self, source: str, started: datetime) -> Evidence:
        """All that is known, in the order of the manifest."""
        keys = tuple(self.keys[key] for key in self.manifest.keys if key in self.keys)
        accounts = tuple(
            self.accounts[account, question]
            for account in self.manifest.accounts
            for question in QUESTIONS
            if (account, question) in self.accounts
        )
        return Evidence("", source, started, self.asking.now(), keys, accounts, tuple(self._remarks()))

    def _remarks(self) -> Iterator[str]:
        for key in self.manifest.keys.values():
            look = self.keys.get(key.id)
            if key.role == "inventory" and look is not None and look.facts is not None:
                more = [
                    name
                    for name, value in look.facts.flags.items()
                    if value and name not in _HARMLESS and (name in TOKENS or name.lower().startswith(SWITCH))
                ]
                if more:
                    said = f"{key}, keylint's own key, can do more than read ({', '.join(more)})"
                    yield f"{said}: untick it in API Management"


_ABOUT_ACCOUNTS: Final = (
    (STATUS, endpoints.ACCOUNT_STATUS, answers.status),
    (TRADING, endpoints.API_TRADING_STATUS, answers.trading),
    (FEATURES, endpoints.ACCOUNT_INFO, answers.features),
    (ADDRESSES, endpoints.WITHDRAW_ADDRESSES, answers.withdrawal_addresses),
)
_ACTIVITY: Final = (
    (WITHDRAWALS, endpoints.WITHDRAW_HISTORY, answers.withdrawals),
    (SPOT_ORDERS, endpoints.SPOT_ORDERS, answers.orders("spot")),
)
_FUTURES_ACTIVITY: Final = (
    (POSITIONS, endpoints.FUTURES_ACCOUNT, answers.positions),
    (FUTURES_ORDERS, endpoints.FUTURES_ORDERS, answers.orders("futures")),
)
_MOST_TELLING: Final = (REJECTED, LIMITED, UNREACHABLE, MALFORMED, UNUSABLE_CREDENTIALS, NO_CREDENTIALS)
"""Outcomes, that which says most of why nobody answered first."""


def _one(endpoint: Endpoint, read: Callable[[object], Told]) -> Talk:
    """The talk that is one question and one answer."""

    def talk(credentials: Credentials) -> Generator[Request, object, Told]:
        answer = yield Request(endpoint, credentials)
        return understood(answer, read)

    return talk


def _keys_of(email: str) -> Talk:
    return lambda credentials: all_keys(credentials, email)


def _one_of_each_account_first(keys: Sequence[Key]) -> list[Key]:
    """`keys` such that every account has one before any has a second, keys in use before disabled ones."""
    by_account: dict[str, list[Key]] = {}
    for key in sorted(keys, key=lambda it: it.status == "disabled"):
        named = key.account_named if key.account_found is None else key.account_found.id
        by_account.setdefault(named or "", []).append(key)
    return [key for turn in zip_longest(*by_account.values()) for key in turn if key is not None]


class _Hashes:
    """The hash of each account number, made once: it is dear on purpose."""

    def __init__(self) -> None:
        self._made: dict[int, str] = {}

    def of(self, number: int) -> str:
        # Two threads that make the same one at once make the same.
        if number not in self._made:
            self._made[number] = answers.account_hash(number)
        return self._made[number]
