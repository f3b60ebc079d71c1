"""What keylint does not know of the live state never becomes a pass, and never a finding.

A desk is drawn, and a state of Binance beside it. What the rules say of it with all that can be seen is set beside what
they say when some of that is lost: looks that are not there, refused, stale or ahead, fields in doubt. What was found
must still be found, or be unknown; what is found must have been found before. `KEYLINT_RANDOM=10 pytest
tests/test_live_properties.py` draws other cases, ten times as many.
"""

import copy
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import NamedTuple

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import Table, registry

from keylint import engine, gate, rehearsal
from keylint.api import BooksRule, Manifest, Rule, Side, Undecided
from keylint.engine import Judgement
from keylint.evidence.known import known
from keylint.evidence.model import (
    LIMITED,
    MALFORMED,
    NO_CREDENTIALS,
    NOT_FOUND,
    OBSERVED,
    ON_REQUEST,
    REJECTED,
    UNREACHABLE,
    AccountLook,
    Evidence,
    KeyFacts,
    KeyLook,
    ListedKeys,
)
from keylint.live import account_answers
from keylint.manifest.load import load
from keylint.manifest.permissions import PERMISSIONS
from keylint.sandbox import state as states
from keylint.sandbox.credentials import made

TIMES = int(os.environ.get("KEYLINT_RANDOM", "0"))
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
HOURS = 24
"""How long a look is fresh where the policy does not say."""
STALE = timedelta(hours=HOURS)
AHEAD = timedelta(minutes=5, microseconds=1)


def cases(number: int) -> settings:
    """So many cases, the same in every run unless somebody asks for others."""
    return settings(
        max_examples=number * max(TIMES, 1),
        deadline=None,
        derandomize=not TIMES,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )


@pytest.fixture(autouse=True)
def _hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of an account is dear to hash, on purpose; here are the same few numbers in every case."""
    monkeypatch.setattr(account_answers, "account_hash", _hash)


_hash = cache(account_answers.account_hash)


# A desk, and what Binance shows of it.

TOKENS = ("spot", "futures", "margin", "withdraw", "universal-transfer", "fix-read")
LABELS = ("dca-spot-weekly", "grid-futures-one", "grid-futures-two", "bot")
ADDRESSES = ("203.0.113.20", "203.0.113.21", "198.51.100.0/28", "10.0.0.1", "2001:db8::7")

_permissions = st.tuples(  # what cannot read tells nothing of itself
    st.sampled_from([["read"]] * 7 + [[]]), st.lists(st.sampled_from(TOKENS), max_size=3, unique=True)
).map(lambda both: both[0] + both[1])
_addresses = st.lists(st.sampled_from(ADDRESSES), max_size=2, unique=True)
_days = st.sampled_from([0, 1, 2, 20, 80, 100, 200]).map(lambda days: TODAY - timedelta(days))
_allowlist = st.fixed_dictionaries(
    {"enabled": st.booleans(), "attested": st.just(date(2026, 11, 1)), "by": st.just("alice")}
)
_main = st.fixed_dictionaries({}, optional={"withdrawal_allowlist": _allowlist, "manual": st.just(["futures"])})
_grid = st.fixed_dictionaries({"master": st.just("main")}, optional={"email": st.just("grid@sandbox.example")})
_bot = st.fixed_dictionaries(
    {"kind": st.sampled_from(["spot", "futures", "data", "native"]), "account": st.sampled_from(["main", "grid"])},
    optional={
        "egress_ips": _addresses,
        "order_prefix": st.just("dca-"),
        "status": st.sampled_from(["paused", "retired"]),
        "static_ip": st.booleans(),
    },
)
_key = st.fixed_dictionaries(
    {"type": st.just("ed25519"), "permissions": _permissions, "created": _days},
    optional={
        "label": st.sampled_from(LABELS),
        "ip_allowlist": _addresses,
        "status": st.sampled_from(["staged", "active", "active", "disabled"]),
        "fingerprint": st.sampled_from(["true"] * 5 + ["false", "other"]),
    },
)
_live_key = st.fixed_dictionaries(
    {},
    optional={
        "permissions": _permissions,
        "ip_list": st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=2, unique=True),
        "created": _days,
        "label": st.sampled_from(LABELS),
        "deleted": st.sampled_from([False] * 5 + [True]),
        "account": st.sampled_from(["", "", "", "main", "grid"]),
        "trading_expires": st.just(datetime(2026, 12, 4, tzinfo=UTC)),
        "flags": st.sampled_from([{"enablePredictionTrading": True}, {"enablePredictionTrading": False}]),
    },
)
_live_account = st.fixed_dictionaries(
    {},
    optional={
        "status": st.just("Abuse"),
        "locked": st.booleans(),
        "features": st.just(["futures"]),
        "withdrawal_addresses": st.just([{"coin": "BTC", "address": "bc1qabcdefghijklm", "whitelisted": False}]),
        "withdrawals": st.just([{"on": NOW - timedelta(9), "coin": "BTC", "amount": "1", "order_id": "w1"}]),
        "positions": st.just([{"symbol": "BTCUSDT", "amount": "1"}]),
        "orders": st.just([{"market": "spot", "symbol": "BTCUSDT", "client_id": "web_1"}]),
    },
)


class Desk(NamedTuple):
    """A manifest, and what keylint sees at `NOW` of what is true beside it."""

    text: str
    manifest: Manifest
    seen: Evidence
    state: str

    def __repr__(self) -> str:
        return f"{self.text}\n# What is true:\n{self.state}"


@st.composite
def desks(draw: st.DrawFn) -> Desk:
    """A desk with a master, perhaps a sub-account and a key that can list it, and a state that differs from it."""
    accounts = {"main": draw(_main), "grid": draw(_grid)}
    bots = {f"b{index}": draw(_bot) for index in range(2)}
    keys = {f"k{index}": draw(_key) for index in range(draw(st.integers(1, 4)))}
    for name, key in keys.items():
        key["bot"] = draw(st.sampled_from(sorted(bots)))
        if key.get("status") == "disabled":
            key["disabled"] = TODAY - timedelta(2)
        others = sorted(set(keys) - {name})
        is_replaced: bool = draw(st.booleans())
        if others and is_replaced:
            key["replaced_by"] = draw(st.sampled_from(others))
    if draw(st.integers(0, 3)):
        inventory = {"type": "ed25519", "permissions": ["read"], "created": TODAY}
        keys["own"] = {**inventory, "role": "inventory", "account": "main"}
    values: Table = {"version": 1, "accounts": accounts, "bots": bots, "keys": keys}
    waiver = {"rule": "KL101", "on": "keys.k0", "reason": "pays out", "by": "risk", "until": TODAY}
    if draw(st.booleans()):
        values["waivers"] = [waiver]
    live = _live(draw, keys)
    return _desk(values, live)


def _live(draw: st.DrawFn, keys: Table) -> Table:
    """What is true, where it is not as declared."""
    live: Table = {"accounts": {"main": draw(_live_account), "grid": draw(_live_account)}, "keys": {}}
    live["accounts"]["grid"] |= {"frozen": draw(st.booleans())}
    for name in keys:
        if name != "own":
            told = draw(_live_key)
            live["keys"][name] = {field: value for field, value in told.items() if value != ""}
    if draw(st.booleans()):
        live["keys"]["stranger"] = {"account": "grid", "label": draw(st.sampled_from(LABELS)), "created": TODAY}
    if draw(st.booleans()):
        live["accounts"]["savings"] = {"master": "main", "email": "savings@sandbox.example"}
    return live


def _desk(values: Table, live: Table) -> Desk:
    values = copy.deepcopy(values)
    ids = tomli_w.dumps({"version": 1, "keys": {name: {"created": TODAY} for name in values["keys"]}})
    prints = {name: each.fingerprint for name, each in made(states.load(ids, "ids")).items()}
    for name, key in values["keys"].items():
        if "fingerprint" in key:
            said = {"true": prints[name], "other": prints["k0"], "false": "sha256:0123456789abcdef"}
            key["fingerprint"] = said[key["fingerprint"]]
    text = tomli_w.dumps(values)
    manifest = load("keylint.toml", text.encode()).manifest
    assert manifest is not None, text
    state = tomli_w.dumps(live)
    return Desk(text, manifest, rehearsal.rehearse(manifest, state, NOW), state)


# What becomes of what was seen.

Loss = Callable[[st.DrawFn, Evidence], Evidence]


def _of_keys(change: Callable[[st.DrawFn, KeyLook], KeyLook | None]) -> Loss:
    def loss(draw: st.DrawFn, evidence: Evidence) -> Evidence:
        at = draw(st.integers(0, len(evidence.keys) - 1)) if evidence.keys else None
        looks = [change(draw, it) if at == index else it for index, it in enumerate(evidence.keys)]
        return evidence._replace(keys=tuple(it for it in looks if it is not None))

    return loss


def _of_accounts(change: Callable[[st.DrawFn, AccountLook], AccountLook | None]) -> Loss:
    def loss(draw: st.DrawFn, evidence: Evidence) -> Evidence:
        at = draw(st.integers(0, len(evidence.accounts) - 1)) if evidence.accounts else None
        looks = [change(draw, it) if at == index else it for index, it in enumerate(evidence.accounts)]
        return evidence._replace(accounts=tuple(it for it in looks if it is not None))

    return loss


_failures = st.sampled_from([REJECTED, LIMITED, UNREACHABLE, MALFORMED, NO_CREDENTIALS])


@_of_keys
def _key_not_looked_at(_draw: st.DrawFn, _look: KeyLook) -> None:
    return None


@_of_keys
def _key_unanswered(draw: st.DrawFn, look: KeyLook) -> KeyLook:
    outcome = draw(_failures)
    used = None if outcome == NO_CREDENTIALS else look.fingerprint
    return KeyLook(look.key, look.at, outcome, "nobody answered", used, look.type)


@_of_keys
def _key_at_another_time(draw: st.DrawFn, look: KeyLook) -> KeyLook:
    return look._replace(at=draw(st.sampled_from([NOW - STALE, NOW + AHEAD])))


@_of_keys
def _key_in_doubt(draw: st.DrawFn, look: KeyLook) -> KeyLook:
    return look if look.facts is None else look._replace(facts=_doubted(draw, look.facts, OWN))


@_of_keys
def _account_not_told(_draw: st.DrawFn, look: KeyLook) -> KeyLook:
    if look.account is None:
        return look
    return look._replace(account=None, account_reason="it does not say which account it belongs to")


@_of_accounts
def _account_not_looked_at(_draw: st.DrawFn, look: AccountLook) -> AccountLook | None:
    return look if look.question in ON_REQUEST else None  # what nobody asked for is no doubt


@_of_accounts
def _account_unanswered(draw: st.DrawFn, look: AccountLook) -> AccountLook:
    return look._replace(outcome=draw(_failures), reason="nobody answered", told=None)


@_of_accounts
def _account_at_another_time(draw: st.DrawFn, look: AccountLook) -> AccountLook:
    return look._replace(at=draw(st.sampled_from([NOW - STALE, NOW + AHEAD])))


@_of_accounts
def _listed_in_doubt(draw: st.DrawFn, look: AccountLook) -> AccountLook:
    if not isinstance(look.told, ListedKeys):
        return look
    found = tuple(it._replace(facts=_doubted(draw, it.facts, LISTED)) for it in look.told.found)
    return look._replace(told=ListedKeys(found))


FLAGS = tuple(permission.field for permission in PERMISSIONS)
OWN = (*FLAGS, "ipRestrict", "createTime", "tradingAuthorityExpirationTime", "enablePredictionTrading")
LISTED = ("enableFutures", "enableMargin", "permitsUniversalTransfer", "ipRestrict", "ipList", "apiName")


def _doubted(draw: st.DrawFn, facts: KeyFacts, names: Sequence[str]) -> KeyFacts:
    """The facts, of which some were told in another form than is due."""
    names = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    return facts._replace(
        flags={name: value for name, value in facts.flags.items() if name not in names},
        doubts={**facts.doubts, **dict.fromkeys(names, "is null")},
        ip_restricted=None if "ipRestrict" in names else facts.ip_restricted,
        ip_list=None if "ipList" in names else facts.ip_list,
        created=None if "createTime" in names else facts.created,
        trading_expires=None if "tradingAuthorityExpirationTime" in names else facts.trading_expires,
        label=None if "apiName" in names else facts.label,
    )


LOSSES = (
    _key_not_looked_at,
    _key_unanswered,
    _key_at_another_time,
    _key_in_doubt,
    _key_in_doubt,
    _account_not_told,
    _account_not_looked_at,
    _account_unanswered,
    _account_at_another_time,
    _listed_in_doubt,
)


class Seen(NamedTuple):
    """A desk, and what is left of what was seen of it."""

    desk: Desk
    left: Sequence[Evidence]

    def __repr__(self) -> str:
        keys = [
            f"{it.key} {it.outcome} {it.at} {it.facts and it.facts.doubts}" for each in self.left for it in each.keys
        ]
        asked = [f"{it.account} {it.question} {it.outcome}" for each in self.left for it in each.accounts]
        return "\n".join([repr(self.desk), "# What was seen:", *keys, *asked])


@st.composite
def losses(draw: st.DrawFn) -> Seen:
    """A desk of which some looks failed."""
    desk = draw(desks())
    left = desk.seen
    for loss in draw(st.lists(st.sampled_from(LOSSES), min_size=1, max_size=4)):
        left = loss(draw, left)
    return Seen(desk, _in_files(draw, left))


def _in_files(draw: st.DrawFn, evidence: Evidence) -> Sequence[Evidence]:
    """The same looks, in one file or in two."""
    if not draw(st.booleans()):
        return [evidence]
    here = [draw(st.booleans()) for _ in (*evidence.keys, *evidence.accounts)]
    keys, accounts = here[: len(evidence.keys)], here[len(evidence.keys) :]
    return [
        evidence._replace(
            name=name,
            keys=tuple(it for it, mine in zip(evidence.keys, keys, strict=True) if mine is first),
            accounts=tuple(it for it, mine in zip(evidence.accounts, accounts, strict=True) if mine is first),
        )
        for name, first in (("one.json", True), ("two.json", False))
    ]


# What the rules say.


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    return gate.select(registry().rules, gate.Selection(), live=True)


@lru_cache(maxsize=1)
def by_code() -> Mapping[str, Rule]:
    return {rule.code: rule for rule in rules()}


def judged(desk: Desk, evidence: Sequence[Evidence]) -> Judgement:
    return engine.run(load("keylint.toml", desk.text.encode()), rules(), NOW, registry().names, evidence)


Check = tuple[str, str]


def found(judgement: Judgement) -> set[Check]:
    """Each rule and subject with a finding in which what Binance said has a part."""
    return {(it.code, it.subject) for it in judgement.findings if it.side is Side.LIVE or it.observed_at is not None}


def undecided(judgement: Judgement) -> set[Check]:
    return {(it.code, it.subject) for it in judgement.unknown if it.side is Side.LIVE}


def not_comparable(seen: Seen, part: Judgement) -> Iterator[Check]:
    """Each rule and subject of which less knowledge honestly says something else than more."""
    live = known(seen.desk.manifest, seen.left, NOW)
    apart = False
    for key in live.keys.values():
        used = {look.fingerprint for each in seen.left for look in each.keys if look.key == key.id}
        by_label = key.listed is not None and key.listed.fingerprint not in used | {key.declared.fingerprint}
        # At a disabled key without credentials nobody looks. Of one that its account's list does not hold KL906 speaks.
        # What is known by its label alone may be another key that bears it.
        if key.unasked or by_label or ("KL906", str(key)) in found(part):
            yield from ((rule.code, str(key)) for rule in rules())
        if by_label:
            yield "KL905", str(key.account)
        why = key.account_hash_or
        if key.listed is not None and isinstance(why, Undecided) and why.reason in {"not-looked-at", NO_CREDENTIALS}:
            yield "KL908", str(key)  # no credentials are given for it, and so no wrong ones
        apart = apart or key.unasked or ("KL910", str(key)) in undecided(part)
    if apart:  # keys that answer for two accounts are a pair, and it is unknown at the one that did not answer
        yield from (("KL910", str(key)) for key in live.keys.values())


@cases(500)
@given(losses())
def test_who_knows_less_finds_less_and_says_what_is_unknown(seen: Seen) -> None:
    whole, part = judged(seen.desk, [seen.desk.seen]), judged(seen.desk, seen.left)
    let_off = set(not_comparable(seen, part))

    lost = found(whole) - found(part) - undecided(part)
    assert lost - let_off == set()
    invented = found(part) - found(whole) - undecided(whole)
    # A key that answers, and is on another account than declared (KL910), is not in the list of that one.
    by_list = {(it.code, it.subject) for it in part.findings if it.code == "KL906" and not it.live}
    assert invented - by_list - let_off == set()


@st.composite
def as_good(draw: st.DrawFn) -> Seen:
    """A desk, and the same knowledge of it in other files: older answers that say otherwise, later failures."""
    desk = draw(desks())
    worse = desk.seen
    for loss in (_key_unanswered, _account_unanswered):
        worse = loss(draw, worse)
    later = NOW + timedelta(minutes=1)
    failed = worse._replace(
        name="later.json",
        keys=tuple(
            it._replace(at=later) for it, before in zip(worse.keys, desk.seen.keys, strict=True) if it != before
        ),
        accounts=tuple(
            it._replace(at=later)
            for it, before in zip(worse.accounts, desk.seen.accounts, strict=True)
            if it != before and before.told is not None
        ),
    )
    failed = failed._replace(keys=tuple(it for it in failed.keys if _answered(desk.seen, it)))
    other = draw(desks()).seen
    hour = timedelta(hours=1)
    older = other._replace(
        name="older.json",
        keys=tuple(
            it._replace(at=NOW - hour)
            for it in other.keys
            if _answered(desk.seen, it) and it.outcome in {OBSERVED, NOT_FOUND}
        ),
        accounts=(),
    )
    return Seen(desk, draw(st.permutations([*_in_files(draw, desk.seen), failed, older])))


def _answered(evidence: Evidence, look: KeyLook) -> bool:
    return any(it.key == look.key and it.outcome in {OBSERVED, NOT_FOUND} for it in evidence.keys)


@cases(100)
@given(as_good())
def test_neither_an_older_answer_nor_a_later_failure_changes_a_verdict(seen: Seen) -> None:
    alone, among_others = judged(seen.desk, [seen.desk.seen]), judged(seen.desk, seen.left)

    assert among_others.findings == alone.findings
    assert among_others.passed == alone.passed
    assert among_others.not_applicable == alone.not_applicable
    assert undecided(among_others) == undecided(alone)


# What is as declared.

ELSEWHERE = {"203.0.113.20": "203.0.113.20/32", "198.51.100.0/28": "198.51.100.0/29 198.51.100.8/29"}
"""The same addresses in other words."""
SHIFTS = (timedelta(), timedelta(hours=23, minutes=59), timedelta(hours=-1), timedelta(hours=47))


@st.composite
def as_declared(draw: st.DrawFn) -> Desk:
    """A desk of which all is true that the manifest says, in Binance's words."""
    desk = draw(desks())
    live: Table = {"keys": {}}
    for key in desk.manifest.keys.values():
        entries = [each for it in key.ip_allowlist for each in ELSEWHERE.get(it, it).split()]
        created = datetime(key.created.year, key.created.month, key.created.day, tzinfo=UTC)
        told: Table = {"created": min(created + draw(st.sampled_from(SHIFTS)), NOW)}
        if entries:
            told["ip_list"] = draw(st.permutations(entries))
        live["keys"][key.id] = told
    text = "\n".join(line for line in desk.text.splitlines() if not line.startswith("fingerprint = "))
    manifest = load("keylint.toml", text.encode()).manifest
    assert manifest is not None
    state = tomli_w.dumps(live)
    return Desk(text, manifest, rehearsal.rehearse(manifest, state, NOW), state)


@cases(150)
@given(as_declared())
def test_what_is_as_declared_is_no_difference(desk: Desk) -> None:
    judgement = judged(desk, [desk.seen])
    declared = {(it.code, it.subject) for it in judgement.findings if it.side is Side.DECLARED}

    for finding in judgement.findings:
        rule = by_code()[finding.code]
        if finding.side is Side.LIVE and Side.DECLARED in rule.sides:
            # A day apart, an age may be over a limit; the label of a key without one is its id.
            assert finding.code in {"KL401", "KL402", "KL205", "KL206"} or (finding.code, finding.subject) in declared
        elif finding.side is Side.LIVE:
            assert finding.code == "never"


# Every planned check ends once.


@cases(100)
@given(losses())
def test_every_planned_check_ends_once_on_each_side(seen: Seen) -> None:
    judgement = judged(seen.desk, seen.left)
    ended: set[tuple[str, str, Side]] = {(it.code, it.subject, it.side) for it in judgement.unknown}
    for finding in judgement.findings:
        subject = finding.subject if by_code()[finding.code].on != "manifest" else ""
        ended.add((finding.code, subject, finding.side))
        if finding.observed_at is not None:  # both sides said it
            ended.add((finding.code, subject, Side.LIVE))

    assert judgement.passed + judgement.not_applicable + len(ended) == planned(seen.desk.manifest)
    assert [it for it in judgement.unknown if it.reason == "rule-crashed"] == []
    prints = Counter((it.fingerprint, it.side) for it in judgement.findings)
    assert [each for each, number in prints.items() if number > 1] == []
    summary = gate.apply([judgement], rules()).summary
    assert summary.planned == sum(summary[1:])


def planned(manifest: Manifest) -> int:
    """How many checks there are: every rule on every one of its subjects, on each of its sides."""
    numbers: Mapping[str, int] = {
        "key": len(manifest.keys),
        "bot": len(manifest.bots),
        "account": len(manifest.accounts),
        "provider": len(manifest.providers),
        "manifest": 1,
    }
    # What judges the books is the gate's.
    return sum(numbers[rule.on] * len(rule.sides) for rule in rules() if not isinstance(rule, BooksRule))
