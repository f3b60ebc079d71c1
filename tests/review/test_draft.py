"""What `keylint import` and `keylint init` write: values as TOML, what was said as a manifest, and nothing invented."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import pytest
import tomli
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keylint import engine, plugins
from keylint.evidence.model import (
    LISTED_KEYS,
    NO_CREDENTIALS,
    OBSERVED,
    REJECTED,
    STATUS,
    SUB_ACCOUNTS,
    UNREACHABLE,
    AccountLook,
    Evidence,
    KeyFacts,
    KeyLook,
    ListedKey,
    ListedKeys,
    Status,
    SubAccount,
    SubAccounts,
    email_hash,
)
from keylint.live import account_answers
from keylint.manifest.load import load
from keylint.manifest.model import Manifest
from keylint.manifest.permissions import KINDS, PERMISSION, PERMISSIONS
from keylint.rehearsal import perform
from keylint.review.draft import MOST_LABEL, Blank, Field, Line, Remark, comment, document, fits, inline, stub, table
from keylint.review.first import Answers, Unsuitable, first, questions, with_answer
from keylint.review.holdings import slug, unused
from keylint.review.imported import Imported, imported, kinds_for
from keylint.sandbox import state as states
from keylint.unseen import find

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
TIMES = int(os.environ.get("KEYLINT_RANDOM", "0"))
SECRET = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"  # noqa: S105 - Binance's documented example

Table = dict[str, Any]


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


# -- Values and remarks ------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.one_of(texts, st.booleans(), st.integers(-(2**60), 2**60), st.dates(), st.lists(texts)))
def test_a_value_is_read_as_it_was_and_hides_nothing(value: str | bool | int | date | list[str]) -> None:
    text = inline(value)

    assert tomli.loads(f"x = {text}\n") == {"x": value}
    assert "\n" not in text
    assert not find(text)


@given(st.text())
def test_a_comment_stays_a_comment(text: str) -> None:
    lines = [*comment(text), *stub("keys", "x", text).splitlines()]

    assert all(line.startswith("#") for line in lines)
    assert tomli.loads("\n".join(lines)) == {}


@given(st.lists(st.builds(Field, st.just("x"), texts, st.text()), max_size=1), st.text())
def test_notes_are_comments_too(fields: list[Field], remark: str) -> None:
    text = table("keys", "x", [*fields, Blank("y", '""', remark), Remark(remark)])

    assert tomli.loads(text) == {"keys": {"x": {each.name: each.value for each in fields}}}


def test_a_table_reads_like_one_that_a_person_wrote() -> None:
    note = "a longer note, for which there is no room left at the end of the line that it belongs to"
    lines: list[Line] = [
        Field("kind", ("spot", "futures"), "guessed"),
        Field("permissions", ("read", "spot", "futures"), note),
        Blank("owner", '""', "who answers for it"),
        Field("created", date(2026, 11, 1)),
        Remark("No ip_allowlist."),
    ]

    assert table("keys", "dca", lines) == (
        "[keys.dca]\n"
        'kind = ["spot", "futures"]  # guessed\n'
        "# a longer note, for which there is no room left at the end of the line that it belongs to\n"
        'permissions = ["read", "spot", "futures"]\n'
        '# owner = ""                # who answers for it\n'
        "created = 2026-11-01\n"
        "# No ip_allowlist.\n"
    ).replace('kind = ["spot", "futures"]  #', 'kind = ["spot", "futures"]                 #').replace(
        '# owner = ""                #', '# owner = ""                               #'
    )


@pytest.mark.parametrize("text", ["", "x" * (MOST_LABEL + 1), "a\ud800b", SECRET])
def test_what_a_manifest_cannot_hold_does_not_fit(text: str) -> None:
    assert not fits(text, MOST_LABEL)


def test_a_document_names_its_schema_first() -> None:
    text = document(["One.", "Two."], ["[bots.x]\n", "[keys.x]\n"])

    assert text == "#:schema ./keylint.schema.json\n\n# One.\n\n# Two.\n\nversion = 1\n\n[bots.x]\n\n[keys.x]\n"


@pytest.mark.parametrize(
    ("label", "name"), [("Grid trial #2", "grid-trial-2"), ("", "x"), ("日本", "x"), ("--", "x"), ("a" * 99, "a" * 40)]
)
def test_an_id_reads_like_the_label(label: str, name: str) -> None:
    assert slug(label, "x") == name


def test_an_id_is_used_once() -> None:
    assert unused("a", ()) == "a"
    assert unused("a", ("a", "a-2")) == "a-3"


# -- Kinds -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permissions", "kinds"),
    [
        ("read", ("data",)),
        ("read spot", ("spot",)),
        ("read spot withdraw", ("spot",)),
        ("read spot margin", ("margin",)),
        ("read spot futures", ("futures",)),
        ("read spot margin futures", ("margin", "futures")),
        ("read spot margin portfolio-margin", ("portfolio-margin",)),
        ("read options", ("options",)),
        ("spot", ("custom",)),
        ("", ("custom",)),
        ("read margin", ("data",)),
    ],
)
def test_the_fewest_kinds_are_guessed(permissions: str, kinds: tuple[str, ...]) -> None:
    assert kinds_for(frozenset(permissions.split())) == kinds


@given(st.frozensets(st.sampled_from(sorted(PERMISSION))))
def test_a_guess_calls_for_nothing_that_the_key_cannot_do(permissions: frozenset[str]) -> None:
    for kind in kinds_for(permissions):
        assert KINDS[kind].needs <= permissions


# -- What was said, as a manifest --------------------------------------------------------------------------------------

LABELS = ("grid", "Grid trial", "grid trial", "dca\u200bspot", "TODO: x\n# [keys.x]", '"quoted" \\', "日本", "x" * 200)
ADDRESSES = ("203.0.113.20", "198.51.100.0/28", "2001:db8::7")
EMAILS = {"grid": "grid@sandbox.example", "fund": "fund@sandbox.example"}
FAULTS: tuple[Table, ...] = (
    {"remove": ["createTime"]},
    {"remove": ["enableReading"]},
    {"remove": ["ipRestrict"]},
    {"replace": {"enableFutures": "true"}},
    {"replace": {"ipList": "203.0.113.20"}},
    {"replace": {"apiName": 1}},
    {"status": 401, "json": {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}},
    {"status": 418},
    {"body": "<html>"},
)
PATHS = (
    "/sapi/v1/account/apiRestrictions",
    "/sapi/v1/account/status",
    "/api/v3/account",
    "/sapi/v1/sub-account/list",
    "/sapi/v1/sub-account/subAccountApi",
    "/sapi/v1/sub-account/subAccountApi/ipRestriction",
)

_tokens = st.lists(st.sampled_from(sorted(set(PERMISSION) - {"read"})), max_size=4, unique=True)
_permissions = st.tuples(st.sampled_from([["read"]] * 7 + [[]]), _tokens).map(lambda both: both[0] + both[1])
_live_key = st.fixed_dictionaries(
    {
        "permissions": _permissions,
        "created": st.sampled_from([0, 1, 20, 200]).map(lambda days: TODAY - timedelta(days)),
        "account": st.sampled_from(["main", "main", "other", "grid", "fund"]),
        "type": st.sampled_from(["hmac", "rsa", "ed25519"]),
    },
    optional={
        "ip_list": st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=2, unique=True),
        "label": st.sampled_from(LABELS),
        "deleted": st.sampled_from([False] * 4 + [True]),
        "trading_expires": st.just(datetime(2026, 12, 4, tzinfo=UTC)),
        "flags": st.sampled_from([{"enablePredictionTrading": True}, {"enablePredictionTrading": False}]),
    },
)


class Said(NamedTuple):
    """What was said, of which state, and the e-mail addresses that were given."""

    evidence: Sequence[Evidence]
    emails: Mapping[str, str]
    state: str

    def __repr__(self) -> str:
        return f"{self.state}\n{self.emails}\n{self.evidence}"


@st.composite
def saids(draw: st.DrawFn) -> Said:
    """What keylint saw of some state of Binance: by a manifest that tells the truth, or by names of keys alone."""
    keys = {f"k{index}": draw(_live_key) for index in range(draw(st.integers(1, 5)))}
    keys["own"] = {"account": "main", "permissions": ["read"], "created": TODAY, "label": "own"}
    accounts: Table = {"main": {}, "other": {}}
    accounts |= {
        name: {"master": "main", "email": email, "frozen": draw(st.booleans())} for name, email in EMAILS.items()
    }
    state: Table = {"version": 1, "accounts": accounts, "keys": keys}
    faults = draw(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(FAULTS), st.integers(0, 2)), max_size=2))
    state["misbehaviour"] = [{"path": path, "after": after} | fault for path, fault, after in faults]
    text = tomli_w.dumps(state)
    asked = draw(st.lists(st.sampled_from(sorted(keys)), min_size=1, unique=True))
    emails = {name: EMAILS[name] for name in draw(st.lists(st.sampled_from(sorted(EMAILS)), unique=True))}
    truly: bool = draw(st.booleans())
    evidence = [
        perform(_asking(keys, some, emails, truly=truly), states.load(text, "state"), NOW)
        for some in (asked, [each for each in sorted(keys) if each not in asked])[: draw(st.integers(1, 2))]
        if some
    ]
    evidence = [it._replace(name=f"{index}.json") for index, it in enumerate(evidence)]
    if draw(st.integers(0, 3)) == 0:
        late = timedelta(hours=30)
        evidence[0] = evidence[0]._replace(keys=tuple(look._replace(at=look.at - late) for look in evidence[0].keys))
    return Said(evidence, {} if truly else emails, text)


def _asking(keys: Table, some: Sequence[str], emails: Mapping[str, str], *, truly: bool) -> Manifest:
    tables: Table = {}
    for name in some:
        tables[name] = {"type": keys[name].get("type", "ed25519"), "permissions": ["read"], "created": TODAY}
        tables[name]["account"] = keys[name]["account"] if truly else "main"
        tables[name] |= {"role": "inventory"} if name == "own" else {}
    accounts: Table = {"main": {}, "other": {}} if truly else {"main": {}}
    accounts |= {name: {"master": "main"} | ({"email": emails[name]} if name in emails else {}) for name in EMAILS}
    if not truly:
        accounts = {name: each for name, each in accounts.items() if name == "main" or name in emails}
    found = load("asking", tomli_w.dumps({"version": 1, "accounts": accounts, "keys": tables}).encode()).manifest
    assert found is not None
    return found


@cache
def _rules() -> tuple[Any, Any]:
    registry = plugins.load(live=True)
    return tuple(rule for rule in registry.rules if rule.code.startswith(("KL0", "KL90", "KL91"))), registry.names


def drift(text: str, evidence: Sequence[Evidence], as_of: datetime = NOW) -> list[str]:
    """What the rules find that set the declared beside the live, and those that no draft may break."""
    source = load("keylint.toml", text.encode())
    assert source.manifest is not None, (text, source.fault, source.violations)
    rules, names = _rules()
    judgement = engine.run(source, rules, as_of, names, list(evidence))
    return [f"{it.code} {it.subject} {it.message}" for it in judgement.findings]


@cases(300)
@given(saids())
def test_what_was_said_is_declared(said: Said) -> None:
    result = imported(said.evidence, NOW, said.emails)

    found = [it for it in drift(result.text, said.evidence) if not it.startswith("KL004")]  # a label is what it is
    assert found == []
    assert imported(said.evidence, NOW, said.emails) == result


@cases(100)
@given(saids())
def test_every_key_that_was_looked_at_is_declared_or_named_with_its_reason(said: Said) -> None:
    result = imported(said.evidence, NOW, said.emails)

    manifest = load("keylint.toml", result.text.encode()).manifest
    assert manifest is not None
    assert (result.accounts, result.bots, result.keys) == tuple(
        map(len, (manifest.accounts, manifest.bots, manifest.keys))
    )
    for key in {look.key for each in said.evidence for look in each.keys} - set(manifest.keys):
        assert f"# [keys.{key}]\n" in result.text
        assert any(f"keys.{key}" in it for it in (*result.gone, *(name for name, _ in result.unknown)))


@cases(100)
@given(saids())
def test_no_value_is_there_that_nobody_said(said: Said) -> None:
    manifest = load("keylint.toml", imported(said.evidence, NOW, said.emails).text.encode()).manifest
    assert manifest is not None
    truth = tomli.loads(said.state)["keys"]
    for key in manifest.keys.values():
        if key.id not in truth:
            continue
        true = truth[key.id]
        assert key.permissions <= set(true["permissions"])
        assert key.created in {true["created"], date(2017, 7, 1)}
        assert key.type in {true.get("type", "ed25519"), "hmac"}
        assert key.label in {None, true.get("label", key.id)}
        assert set(key.ip_allowlist) <= {*true.get("ip_list", ()), "127.0.0.1"}


# -- What a person reads -----------------------------------------------------------------------------------------------


def flags(*true: str) -> dict[str, bool]:
    return {permission.field: permission.token in true for permission in PERMISSIONS}


def look(key: str, *tokens: str, account: str | None = None, **more: Any) -> KeyLook:
    facts = KeyFacts(flags(*tokens), ip_restricted=False, created=NOW - timedelta(9))
    digits = f"{sum(map(ord, key)):016x}"
    made = KeyLook(key, NOW, OBSERVED, "", f"sha256:{digits}", "ed25519", facts, account)
    return made._replace(facts=facts._replace(**more.pop("facts", {})))._replace(**more)


def silent(key: str, outcome: str, reason: str) -> KeyLook:
    return KeyLook(key, NOW, outcome, reason)


def told(account: str, question: str, what: Any, asker: str = "own") -> AccountLook:
    return AccountLook(account, question, NOW, OBSERVED, "", asker, what)


def said(*keys: KeyLook, accounts: Sequence[AccountLook] = (), name: str = "host.json") -> Evidence:
    return Evidence(name, "binance", NOW, NOW, keys, tuple(accounts))


def tables(result: Imported) -> dict[str, Any]:
    assert [it for it in drift(result.text, ()) if not it.startswith("KL004")] == []  # a label is what it is
    return tomli.loads(result.text)


def test_one_key_becomes_the_everyday_manifest() -> None:
    result = imported([said(look("dca", "read", "spot"))], NOW)

    assert (
        result.text
        == """\
#:schema ./keylint.schema.json

# Written by `keylint import` from what was said by Binance on 2026-11-20 12:00 UTC (host.json).

# Where TODO stands, a person has to decide or to look something up: Binance does not show it, or did not. A
# line with a field behind its # counts once it is filled in and the # is taken away. `keylint schema manifest
# > keylint.schema.json` helps editors, and `keylint check` says what else is missing.

version = 1

[accounts.main]
# owner = ""        # TODO: the person or team that answers for it
# TODO: passkey, security-key, authenticator, sms, email; who looked, and when
# two_factor = { methods = [""], attested = YYYY-MM-DD, by = "" }
# TODO: true or false; who looked, and when
# withdrawal_allowlist = { enabled = , attested = YYYY-MM-DD, by = "" }
# admin_ips = [""]  # where people and keylint call from

[bots.dca]
kind = "spot"        # TODO: guessed from what keys.dca can do
# owner = ""         # if it is another than its account's
# purpose = ""       # what it is for
# egress_ips = [""]  # TODO: where it calls Binance from; or static_ip = false, or provider

[keys.dca]
bot = "dca"
# label = ""             # TODO: as it stands in API Management
type = "ed25519"
permissions = ["read", "spot"]
# No ip_allowlist: Binance says that any address may use it.
created = 2026-11-11
fingerprint = "sha256:0000000000000128"
# custody = ""           # TODO: where the secret lies (secret-manager, env-file, platform …)
# reviewed = YYYY-MM-DD  # the day on which somebody last looked at it in API Management
"""
    )
    assert result._replace(text="") == Imported("", 1, 1, 1, (), (), 7)


def test_a_list_that_is_not_shown_is_a_placeholder_that_a_rule_speaks_of() -> None:
    evidence = said(look("dca", "read", facts={"ip_restricted": True}))
    result = imported([evidence], NOW)

    assert 'ip_allowlist = ["127.0.0.1"]  # TODO: a placeholder; Binance says that there is a list' in result.text
    source = load("keylint.toml", result.text.encode())
    judgement = engine.run(source, plugins.load(live=True).rules, NOW, {}, [evidence])
    assert "KL304" in {it.code for it in judgement.findings}


def test_a_key_that_does_not_answer_is_a_comment() -> None:
    result = imported([said(look("dca", "read"), silent("grid", REJECTED, "not from here"))], NOW)

    assert list(tables(result)["keys"]) == ["dca"]
    assert result.text.endswith(
        "# [keys.grid]\n# TODO: nothing is known of it, so nothing is declared: not from here (host.json)\n"
    )
    assert result.unknown == (("keys.grid", "not from here (host.json)"),)


def test_a_key_that_is_gone_is_a_comment_and_no_unknown() -> None:
    result = imported([said(look("dca", "read"), KeyLook("old", NOW, "not-found", "", "sha256:0123456789abcdef"))], NOW)

    when = "2026-11-20 12:00 UTC"
    why = f"keys.old is not known to Binance on {when}: it was deleted, or the credentials are those of another"
    assert (result.gone, result.unknown) == ((why,), ())
    assert "# [keys.old]\n# keys.old is not known to Binance" in result.text


def test_late_evidence_tells_nothing() -> None:
    result = imported([said(look("dca", "read"))], NOW + timedelta(hours=25))

    assert result.keys == 0
    assert "look again there with `keylint observe`" in result.unknown[0][1]


def test_keys_of_one_account_stand_together() -> None:
    keys = [look("a", account="1" * 16), look("b", account="2" * 16), look("c", account="1" * 16)]
    result = imported([said(*keys)], NOW)

    found = tables(result)
    assert list(found["accounts"]) == ["main", "account-2"]
    assert {name: bot["account"] for name, bot in found["bots"].items()} == {
        "a": "main",
        "b": "account-2",
        "c": "main",
    }


def test_an_account_keeps_the_name_under_which_it_was_asked_about() -> None:
    keys = [look("a", account="1" * 16), look("b", account="2" * 16)]
    accounts = [told("fund", STATUS, Status("Normal"), "b")]

    found = tables(imported([said(*keys, accounts=accounts)], NOW))

    assert {name: bot["account"] for name, bot in found["bots"].items()} == {"a": "main", "b": "fund"}


def test_a_key_that_does_not_say_its_account_is_marked() -> None:
    keys = [look("a", account="1" * 16), look("b", account="2" * 16), look("c", account_reason="it cannot read")]
    result = imported([said(*keys)], NOW)

    assert "[keys.c]\n# TODO: Binance did not say on which account this key is; see in API Management\n" in result.text
    assert tables(result)["bots"]["c"]["account"] == "main"


def listed(fingerprint: str, label: str | None, *tokens: str, **more: Any) -> ListedKey:
    shown = {"spot": "spot" in tokens, "futures": "futures" in tokens}
    return ListedKey(
        f"sha256:{fingerprint * 16}",
        KeyFacts(
            {PERMISSION[name].field: value for name, value in shown.items()}, True, ("203.0.113.20",), label=label
        )._replace(**more),
    )


def master(*keys: ListedKey, subs: Sequence[str] = ("grid@example.com",)) -> Evidence:
    shown = [SubAccount(email_hash(it), f"{it[:2]}…@example.com", frozen=it.startswith("f")) for it in subs]
    accounts = [told("main", SUB_ACCOUNTS, SubAccounts(tuple(shown))), told("grid", LISTED_KEYS, ListedKeys(keys))]
    return said(look("own", "read"), accounts=accounts)


def test_a_key_that_only_its_master_lists_gets_an_id_and_placeholders() -> None:
    evidence = master(
        listed("a", "Grid trial", "spot"), listed("b", "grid trial", "spot", "futures"), listed("c", None)
    )
    result = imported([evidence], NOW)

    found = tables(result)
    assert list(found["keys"]) == ["own", "grid-key", "grid-trial", "grid-trial-2"]
    assert found["keys"]["grid-trial-2"] == {
        "bot": "grid-trial-2",
        "label": "grid trial",
        "type": "hmac",
        "permissions": ["spot", "futures"],
        "ip_allowlist": ["203.0.113.20"],
        "created": date(2017, 7, 1),
        "fingerprint": f"sha256:{'b' * 16}",
    }
    assert found["keys"]["own"]["role"] == "inventory"
    assert found["accounts"]["grid"] == {"master": "main"}
    assert "which its master's list shows as gr…@example.com" in result.text
    assert "# TODO: Binance did not say whether it has these as well: read" in result.text
    assert [it[:5] for it in drift(result.text, [evidence])] == ["KL004"]  # two labels that look alike


def test_a_key_that_did_not_answer_is_known_by_its_masters_list() -> None:
    evidence = master(listed("a", "grid", "spot"))
    mute = KeyLook("grid-2026", NOW, REJECTED, "not from here", f"sha256:{'a' * 16}", "rsa")

    found = tables(imported([evidence._replace(keys=(*evidence.keys, mute))], NOW))

    assert list(found["keys"]) == ["own", "grid-2026"]
    assert found["keys"]["grid-2026"]["label"] == "grid"


def test_sub_accounts_that_nobody_declares_are_declared() -> None:
    subs = ("grid@example.com", "fund@example.com", "test@example.com")
    evidence = master(listed("a", "grid", "spot"), subs=subs)

    result = imported([evidence], NOW)
    assert list(tables(result)["accounts"]) == ["main", "grid", "sub-account-1", "sub-account-2"]
    assert "one of gr…@example.com, fu…@example.com (frozen), te…@example.com;" in result.text
    assert drift(result.text, [evidence]) == []

    result = imported([evidence], NOW, {"grid": "grid@example.com"})
    assert tables(result)["accounts"]["grid"] == {"master": "main", "email": "grid@example.com"}
    assert "its e-mail address, which its master's list shows as fu…@example.com (frozen)" in result.text
    assert drift(result.text, [evidence]) == []


def test_a_sub_account_of_a_master_whose_list_nobody_asked_for() -> None:
    looks = [told("grid", LISTED_KEYS, ListedKeys((listed("a", "grid", "spot"),)))]
    result = imported([said(look("own", "read"), accounts=looks)], NOW)

    assert tables(result)["accounts"]["grid"] == {"master": "main"}
    assert '# email = ""  # TODO: its e-mail address, which evidence does not hold; with it' in result.text


def test_of_many_sub_accounts_a_few_are_named() -> None:
    result = imported([master(listed("a", "x"), subs=[f"s{at}@example.com" for at in range(9)])], NOW)

    assert " ".join(result.text.replace("\n#", "").split()).count("and 4 more; with it") == 9
    assert len(tables(result)["accounts"]) == 10


def test_a_list_that_did_not_come_is_said() -> None:
    failed = AccountLook("grid", LISTED_KEYS, NOW, UNREACHABLE, "nobody answers", "own")
    subs = told("main", SUB_ACCOUNTS, SubAccounts((SubAccount(email_hash("grid@example.com"), "gr…", frozen=False),)))

    result = imported([said(look("own", "read"), accounts=[failed])], NOW)
    assert result.unknown == (("accounts.grid", "keys: nobody answers (host.json)"),)
    assert list(tables(result)["accounts"]) == ["main"]

    result = imported([said(look("own", "read"), accounts=[failed, subs])], NOW, {"grid": "grid@example.com"})
    assert tables(result)["accounts"]["grid"] == {"master": "main", "email": "grid@example.com"}
    assert "[accounts.grid]\n" in result.text


def test_a_list_by_a_key_that_is_not_there_names_no_master() -> None:
    looks = [told("grid", LISTED_KEYS, ListedKeys((listed("a", "grid", "spot"),)), "stranger")]
    result = imported([said(look("dca", "read"), accounts=looks)], NOW)

    assert tables(result)["accounts"]["grid"] == {}
    result = imported([said(accounts=[told("main", SUB_ACCOUNTS, SubAccounts(()), "stranger")])], NOW)
    assert "# No key of this account was looked at." in result.text


def test_one_key_under_two_ids_is_written_once() -> None:
    first_look = look("dca", "read")
    again = first_look._replace(key="dca-again", at=NOW - timedelta(hours=1))

    result = imported([said(again), said(first_look, name="b.json")], NOW)

    assert list(tables(result)["keys"]) == ["dca"]
    assert "keys.dca-again is keys.dca under a second id" in result.gone[0]
    assert "# [keys.dca-again]" in result.text


def test_what_was_in_doubt_is_said_and_marked() -> None:
    names = ("createTime", "ipRestrict", "enableFutures", "tradingAuthorityExpirationTime")
    doubts = dict.fromkeys(names, "is missing")
    shown = {name: value for name, value in flags("read", "spot").items() if name != "enableFutures"}
    facts = {"flags": shown, "ip_restricted": None, "created": None, "doubts": doubts}
    result = imported([said(look("dca", facts=facts, type=None))], NOW)

    assert [why for _, why in result.unknown] == [
        "enableFutures is missing in what Binance answered",
        "ipRestrict is missing in what Binance answered",
        "createTime is missing in what Binance answered",
        "tradingAuthorityExpirationTime is missing in what Binance answered",
    ]
    assert 'bytes as well: futures ("Enable Futures")'.replace("bytes", "these") in result.text
    assert '# ip_allowlist = [""]  # TODO: Binance did not say whether only some' in " ".join(result.text.split("  "))
    assert "created = 2017-07-01" in result.text
    assert 'type = "hmac"' in result.text


def test_a_list_of_addresses_that_may_not_be_in_force_is_written_and_marked() -> None:
    key = listed("a", "x" * 300, ip_restricted=None, doubts={"ipRestrict": "is missing"})
    result = imported([master(key)], NOW)

    assert 'ip_allowlist = ["203.0.113.20"]  # TODO: Binance did not say whether this list is in force' in result.text
    assert '# label = ""' in result.text


def test_what_else_binance_says_is_kept_as_a_remark() -> None:
    facts = {"flags": flags("read") | {"enableNew\u202eThing": True}, "trading_expires": NOW + timedelta(14)}
    text = imported([said(look("dca", facts=facts))], NOW).text

    assert "# Binance says too, and keylint has no word for it: enableNew\\u202eThing\n" in text
    assert "# Binance says that it will lose spot and margin trading on 2026-12-04.\n" in text


def test_a_hostile_label_stays_a_label() -> None:
    label = '"]\n[keys.evil]\npermissions = ["withdraw"]\u202e'
    result = imported([master(listed("a", label, "spot"))], NOW)

    keys = tomli.loads(result.text)["keys"]
    assert [key.get("label") for key in keys.values()] == [None, label]
    assert "\u202e" not in result.text


def test_no_secret_gets_into_a_draft() -> None:
    result = imported([master(listed("a", SECRET)), said(silent("x", REJECTED, SECRET), name="b.json")], NOW)

    assert SECRET[:20] not in result.text.replace("\n# ", "")
    assert SECRET[:20].lower() not in result.text


def test_no_evidence_makes_no_keys() -> None:
    assert imported([said(silent("x", NO_CREDENTIALS, "none here"))], NOW).keys == 0


# -- A first manifest --------------------------------------------------------------------------------------------------


def test_a_first_manifest_that_nobody_was_asked_for() -> None:
    assert (
        first(Answers(), TODAY, asked=False)
        == """\
#:schema ./keylint.schema.json

# A first manifest: one bot and the key that it holds. It holds no secret. Where TODO stands, somebody has to
# decide or to look something up. `keylint check` judges it; `keylint schema manifest > keylint.schema.json`
# helps editors.

version = 1

[accounts.main]
# owner = ""        # TODO: the person or team that answers for it
# TODO: passkey, security-key, authenticator, sms, email; who looked, and when
# two_factor = { methods = [""], attested = YYYY-MM-DD, by = "" }
# TODO: true or false; who looked, and when
# withdrawal_allowlist = { enabled = , attested = YYYY-MM-DD, by = "" }
# admin_ips = [""]  # where people and keylint call from

[bots.my-bot]
kind = "spot"        # TODO: data, spot, margin, futures, options, portfolio-margin, native, public, custom
# egress_ips = [""]  # TODO: where it calls Binance from
# purpose = ""       # what it is for
# owner = ""         # if it is another than its account's

[keys.my-bot]
bot = "my-bot"
# label = ""                    # TODO: as it stands in API Management
type = "ed25519"                # TODO: ed25519, rsa, hmac
permissions = ["read", "spot"]  # TODO: what such a bot needs; are these boxes ticked, and no others?
# ip_allowlist = [""]           # TODO: its trusted IPs in API Management
created = 2026-11-20            # TODO: the day on which it was created
# TODO: where the secret lies (secret-manager, encrypted-env, systemd-credential, hsm …)
# custody = ""
# fingerprint = ""              # `keylint fingerprint my-bot` prints it
"""
    )


def conversation(*lines: str) -> Iterator[str]:
    yield from lines


def interview(*lines: str) -> str:
    """The manifest after these answers, of which each must be taken."""
    answers, left = Answers(), conversation(*lines)
    for question in questions(TODAY):
        if question.due(answers):
            answers = with_answer(answers, question, next(left))
    assert next(left, None) is None
    return first(answers, TODAY, asked=True)


def test_every_answer_stands_in_it() -> None:
    text = interview(
        "grid", "spot, futures", "", "203.0.113.20", "home-grid", "RSA", "", "2026-11-01", "systemd-credential"
    )

    assert tomli.loads(text) == {
        "version": 1,
        "accounts": {"main": {}},
        "bots": {"grid": {"kind": ["spot", "futures"], "egress_ips": ["203.0.113.20"]}},
        "keys": {
            "grid": {
                "bot": "grid",
                "label": "home-grid",
                "type": "rsa",
                "permissions": ["read", "spot", "futures"],
                "ip_allowlist": ["203.0.113.20"],
                "created": date(2026, 11, 1),
                "custody": "systemd-credential",
            }
        },
    }
    assert drift(text, ()) == []


def test_a_platform_gets_a_table_and_its_addresses() -> None:
    text = interview("x", "custom", "read spot", "fastbot", "198.51.100.7 198.51.100.0/28", "", "", "none", "", "")

    found = tomli.loads(text)
    assert found["providers"] == {"fastbot": {"egress_ips": ["198.51.100.7", "198.51.100.0/28"]}}
    assert found["bots"] == {"x": {"kind": "custom", "needs": ["read", "spot"], "provider": "fastbot"}}
    assert found["keys"]["x"]["custody"] == "platform"
    assert "ip_allowlist" not in found["keys"]["x"]
    assert drift(text, ()) == []


def test_a_bot_without_a_fixed_address_and_one_without_a_key() -> None:
    assert tomli.loads(interview("x", "", "", "none", "", "", "", "", ""))["bots"]["x"]["static_ip"] is False
    assert tomli.loads(interview("feed", "public")) == {
        "version": 1,
        "accounts": {"main": {}},
        "bots": {"feed": {"kind": "public"}},
    }


@pytest.mark.parametrize(
    ("number", "said", "why"),
    [
        (0, "My Bot", "lower-case letters, digits and hyphens, at most 63, such as btc-grid"),
        (1, "spot scalp", "one of data, spot,"),
        (1, ", ,", "one of data, spot,"),
        (4, "my server", "addresses or networks such as 203.0.113.20"),
        (4, ",", "addresses or networks such as 203.0.113.20"),
        (5, SECRET, "a text of at most 200 characters, and no secret"),
        (6, "dsa", "one of ed25519, rsa, hmac"),
        (8, "yesterday", "a day such as 2026-11-20"),
        (8, "2026-11-21", "a day until today, 2026-11-20"),
        (9, "my head", "one of secret-manager,"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_not_repeated(number: int, said: str, why: str) -> None:
    with pytest.raises(Unsuitable) as caught:
        with_answer(Answers(), questions(TODAY)[number], said)

    assert str(caught.value).startswith(why)
    assert said.strip(" ,") == "" or said not in str(caught.value)


@given(st.data())
def test_whatever_is_answered_is_a_manifest(data: st.DataObject) -> None:
    answers = Answers()
    words = (*KINDS, *PERMISSION, "none", "later", "us", "hmac", "a-b", "203.0.113.20", "2026-01-01", "email", "")
    for question in questions(TODAY):
        if question.due(answers):
            try:
                answers = with_answer(answers, question, data.draw(st.one_of(st.sampled_from(words), texts)))
            except Unsuitable:
                answers = with_answer(answers, question, "")

    source = load("keylint.toml", first(answers, TODAY, asked=data.draw(st.booleans())).encode())

    assert source.manifest is not None, (source.fault, source.violations)
    assert source.manifest.dangling == ()
