"""Which way a change goes: each row of the table shown on a manifest, there and back."""

# ruff: noqa: E501 - a case is one line

from importlib import import_module
from json import loads
from typing import Any, NamedTuple

import pytest
from strategies import MOMENT, registry

from keylint.manifest.load import load
from keylint.manifest.strictness import STRICTER
from keylint.review import directions
from keylint.review.changes import Change
from keylint.review.diff import Diff, Version, diff, judged
from keylint.review.directions import NARROWING, NEUTRAL, ROWS, TABLE, WIDENING, Direction

DESK = """\
version = 1

[policy]
two_factor = { accept = ["passkey", "authenticator"] }

[accounts.main]
owner = "treasury"
two_factor = { methods = ["authenticator", "security-key"], attested = 2026-10-01, by = "alice" }
withdrawal_allowlist = { enabled = true, attested = 2026-10-01, by = "alice" }
admin_ips = ["203.0.113.9"]
manual = ["futures"]

[accounts.sub]
master = "main"
email = "sub@example.com"

[providers.fastbot]
url = "https://fastbot.example"
egress_ips = ["198.51.100.7"]
asks_for = ["read", "spot"]
rejects_withdrawals = true
changelog = "https://fastbot.example/releases"
storage = "encrypted"
reviewed = 2026-09-20

[providers.slowbot]

[bots.dca]
account = "main"
kind = "spot"
provider = "fastbot"
needs = ["universal-transfer"]
because = "moves margin"
purpose = "buys weekly"
static_ip = true
owner = "alice"
order_prefix = "dca-"

[bots.grid]
account = "sub"
kind = "spot"
egress_ips = ["203.0.113.20"]

[keys.dca]
bot = "dca"
label = "fastbot-dca"
type = "ed25519"
permissions = ["read", "spot"]
ip_allowlist = ["198.51.100.7", "198.51.100.16/30"]
created = 2026-11-01
reviewed = 2026-11-10
custody = "platform"
holders = ["alice"]
fingerprint = "sha256:0123456789abcdef"
owner = "alice"

[keys.old]
account = "main"
type = "hmac"
permissions = ["read"]
ip_third_party = "fastbot"
created = 2026-05-01
status = "disabled"
disabled = 2026-11-02
replaced_by = "dca"

[keys.open]
account = "sub"
type = "rsa"
permissions = ["read"]
created = 2026-11-01

[[events]]
on = 2026-09-28
kind = "team-change"
affects = ["accounts.main"]

[[waivers]]
rule = "KL401"
on = "keys.dca"
reason = "moves in December"
by = "risk"
until = 2026-12-10
"""


def difference(before: str, after: str) -> Diff:
    """What `keylint diff` knows of two manifests."""
    found = registry()
    sides = [
        judged(Version(name), load(name, text.encode()), found.rules, MOMENT, found.names)
        for name, text in (("base.toml", before), ("head.toml", after))
    ]
    return diff(sides[0], sides[1], found.names)


def changed(old: str, new: str, text: str = DESK) -> str:
    assert text.count(old) == 1, (text.count(old), old)
    return text.replace(old, new)


class Case(NamedTuple):
    """A change of one field: what is replaced by what, and what is said of it."""

    field: str
    old: str
    new: str
    said: tuple[str, ...]
    """`direction sign field` of each change, in any order."""


def leaf(name: str, field: str, value: int, direction: str) -> Case:
    return Case(
        f"policy {name}.{field}",
        "[policy]\n",
        f"[policy]\n{name}.{field} = {value}\n",
        (f"{direction} ~ {name}.{field}",),
    )


CASES = [
    leaf("rotation", "max_age_days", 91, "widening"),
    leaf("rotation", "limit_days", 200, "widening"),
    leaf("rotation", "warn_days", 20, "narrowing"),
    leaf("rotation", "overlap_days", 8, "widening"),
    leaf("rotation", "delete_after_days", 8, "widening"),
    leaf("review", "max_age_days", 30, "narrowing"),
    leaf("attestation", "max_age_days", 181, "widening"),
    leaf("evidence", "max_age_hours", 25, "widening"),
    leaf("network", "max_addresses", 29, "narrowing"),
    leaf("waiver", "max_days", 181, "widening"),
    Case("policy two_factor.accept", '"passkey", "auth', '"passkey", "sms", "auth', ("widening + two_factor.accept",)),
    Case("accounts master", 'master = "main"\n', "", ("neutral - master", "widening - two_factor.methods")),
    Case("accounts email", "sub@", "grid@", ("neutral ~ email",)),
    Case("accounts owner", 'owner = "treasury"', 'owner = "bob"', ("neutral ~ owner",)),
    Case("accounts two_factor.methods", '"authenticator", "security-key"]', '"authenticator"]', ("widening - two_factor.methods",)),
    Case("accounts two_factor.methods", '"authenticator", "security-key"]', '"security-key"]', ("neutral - two_factor.methods",)),
    Case("accounts two_factor.methods", '"security-key"]', '"security-key", "sms"]', ("widening + two_factor.methods",)),
    Case("accounts two_factor.methods", '"authenticator", "security-key"]', '"sms"]', ("widening + two_factor.methods", "widening - two_factor.methods", "widening - two_factor.methods")),
    Case("accounts two_factor.methods", '"authenticator", "security-key"]', "]", ("widening - two_factor.methods", "widening - two_factor.methods")),
    Case("accounts two_factor.attested", '"security-key"], attested = 2026-10-01', '"security-key"], attested = 2026-10-02', ("narrowing ~ two_factor.attested",)),
    Case("accounts two_factor.by", '"security-key"], attested = 2026-10-01, by = "alice"', '"security-key"], attested = 2026-10-01, by = "bob"', ("neutral ~ two_factor.by",)),
    Case("accounts withdrawal_allowlist.enabled", "enabled = true", "enabled = false", ("widening ~ withdrawal_allowlist.enabled",)),
    Case("accounts withdrawal_allowlist.attested", "true, attested = 2026-10-01", "true, attested = 2026-09-01", ("widening ~ withdrawal_allowlist.attested",)),
    Case("accounts withdrawal_allowlist.by", 'true, attested = 2026-10-01, by = "alice"', 'true, attested = 2026-10-01, by = "bob"', ("neutral ~ withdrawal_allowlist.by",)),
    Case("accounts admin_ips", '["203.0.113.9"]', '["203.0.113.9", "203.0.113.10"]', ("widening + admin_ips",)),
    Case("accounts admin_ips", 'admin_ips = ["203.0.113.9"]\n', "", ("narrowing - admin_ips",)),
    Case("accounts manual", 'manual = ["futures"]', 'manual = ["futures", "options"]', ("widening + manual",)),
    Case("providers url", 'https://fastbot.example"', 'https://fastbot2.example"', ("neutral ~ url",)),
    Case("providers egress_ips", 'egress_ips = ["198.51.100.7"]', 'egress_ips = ["198.51.100.7", "198.51.100.8"]', ("widening + egress_ips",)),
    Case("providers egress_ips", 'egress_ips = ["198.51.100.7"]\n', "", ("widening - egress_ips",)),
    Case("providers asks_for", 'asks_for = ["read", "spot"]', 'asks_for = ["read", "withdraw"]', ("widening + asks_for", "narrowing - asks_for")),
    Case("providers asks_for", 'asks_for = ["read", "spot"]\n', "", ("neutral - asks_for",)),
    Case("providers rejects_withdrawals", "rejects_withdrawals = true", "rejects_withdrawals = false", ("widening ~ rejects_withdrawals",)),
    Case("providers rejects_withdrawals", "rejects_withdrawals = true\n", "", ("widening - rejects_withdrawals",)),
    Case("providers changelog", 'changelog = "https://fastbot.example/releases"\n', "", ("widening - changelog",)),
    Case("providers storage", 'storage = "encrypted"\n', "", ("widening - storage",)),
    Case("providers storage", 'storage = "encrypted"', 'storage = "hsm"', ("neutral ~ storage",)),
    Case("providers reviewed", "reviewed = 2026-09-20\n", "", ("widening - reviewed",)),
    Case("bots kind", 'kind = "spot"\nprovider', 'kind = ["spot", "futures"]\nprovider', ("widening + kind",)),
    Case("bots kind", 'kind = "spot"\nprovider', 'kind = "futures"\nprovider', ("widening + kind", "neutral - kind")),
    Case("bots kind", 'kind = "spot"\nprovider', 'kind = ["spot", "public"]\nprovider', ("neutral + kind",)),
    Case("bots needs", '"universal-transfer"', '"universal-transfer", "withdraw"', ("widening + needs",)),
    Case("bots needs", '"universal-transfer"', '"universal-transfer", "spot"', ("neutral + needs",)),
    Case("bots account", 'account = "sub"\nkind', 'account = "main"\nkind', ("widening + account", "narrowing - account")),
    Case("bots provider", 'provider = "fastbot"\n', "", ("narrowing - provider",)),
    Case("bots provider", 'provider = "fastbot"', 'provider = "slowbot"', ("widening + provider", "narrowing - provider")),
    Case("bots because", "moves margin", "moves it", ("neutral ~ because",)),
    Case("bots purpose", "buys weekly", "sells weekly", ("neutral ~ purpose",)),
    Case("bots egress_ips", '["203.0.113.20"]', '["203.0.113.20", "203.0.113.21"]', ("widening + egress_ips",)),
    Case("bots egress_ips", 'egress_ips = ["203.0.113.20"]\n', "", ("widening - egress_ips",)),
    Case("bots egress_ips", "static_ip = true", 'egress_ips = ["198.51.100.0/29"]', ("widening + egress_ips",)),
    Case("bots egress_ips", "static_ip = true", 'egress_ips = ["198.51.100.7"]', ()),
    Case("bots static_ip", "static_ip = true", "static_ip = false", ("widening ~ static_ip",)),
    Case("bots status", "static_ip = true", 'status = "retired"', ("narrowing ~ status",)),
    Case("bots owner", 'owner = "alice"\norder', 'owner = "bob"\norder', ("neutral ~ owner",)),
    Case("bots order_prefix", 'dca-"', 'd-"', ("neutral ~ order_prefix",)),
    Case("keys status", 'status = "disabled"\ndisabled = 2026-11-02', 'status = "active"', ("widening ~ status",)),
    Case("keys status", "fingerprint", 'status = "staged"\nfingerprint', ("narrowing ~ status",)),
    Case("keys permissions", '["read", "spot"]\nip_allowlist', '["spot", "withdraw"]\nip_allowlist', ("widening + permissions", "narrowing - permissions")),
    Case("keys ip_allowlist", '"198.51.100.16/30"', '"198.51.100.16/29"', ("widening + ip_allowlist",)),
    Case("keys ip_allowlist", '"198.51.100.16/30"', '"198.51.100.16/31"', ("narrowing - ip_allowlist",)),
    Case("keys ip_allowlist", 'ip_allowlist = ["198.51.100.7", "198.51.100.16/30"]\n', "", ("widening - ip_allowlist",)),
    Case("keys ip_allowlist", '"198.51.100.16/30"', '"0.0.0.0/1", "128.0.0.0/1"', ("widening ~ ip_allowlist",)),
    Case("keys ip_allowlist", 'permissions = ["read"]\ncreated', 'permissions = ["read"]\nip_allowlist = ["0.0.0.0/0"]\ncreated', ("neutral + ip_allowlist",)),
    Case("keys ip_allowlist", 'permissions = ["read"]\ncreated', 'permissions = ["read"]\nip_allowlist = ["203.0.113.1"]\ncreated', ("narrowing + ip_allowlist",)),
    Case("keys ip_allowlist", 'ip_third_party = "fastbot"', 'ip_third_party = "fastbot"\nip_allowlist = ["203.0.113.1"]', ("widening + ip_allowlist",)),
    Case("keys ip_third_party", 'ip_third_party = "fastbot"', 'ip_allowlist = ["203.0.113.1"]', ("narrowing - ip_third_party", "neutral + ip_allowlist")),
    Case("keys ip_third_party", 'ip_third_party = "fastbot"\n', "", ("widening - ip_allowlist",)),
    Case("keys ip_third_party", 'ip_third_party = "fastbot"', 'ip_third_party = "slowbot"', ("neutral ~ ip_third_party",)),
    Case("keys bot", 'bot = "dca"', 'bots = ["dca", "grid"]', ("widening + bot",)),
    Case("keys bot", 'bot = "dca"', 'bot = "grid"', ("widening + bot", "narrowing - bot", "widening + account", "narrowing - account")),
    Case("keys account", 'account = "sub"\ntype', 'account = "main"\ntype', ("widening + account", "narrowing - account")),
    Case("keys role", 'account = "sub"\ntype', 'account = "sub"\nrole = "inventory"\ntype', ("neutral + role",)),
    Case("keys type", 'type = "rsa"', 'type = "hmac"', ("widening ~ type",)),
    Case("keys type", 'type = "rsa"', 'type = "ed25519"', ("neutral ~ type",)),
    Case("keys custody", 'custody = "platform"', 'custody = "hsm"', ("neutral ~ custody",)),
    Case("keys custody", 'custody = "platform"', 'custody = "env-file"', ("widening ~ custody",)),
    Case("keys custody", 'custody = "platform"', 'custody = "git"', ("widening ~ custody",)),
    Case("keys custody", 'custody = "platform"\n', "", ("widening - custody",)),
    Case("keys custody", 'type = "rsa"', 'type = "rsa"\ncustody = "git"', ("neutral + custody",)),
    Case("keys holders", '["alice"]', '["bob"]', ("widening + holders", "narrowing - holders")),
    Case("keys holders", 'holders = ["alice"]\n', "", ("neutral - holders",)),
    Case("keys created", "created = 2026-11-01\nreviewed", "created = 2026-11-02\nreviewed", ("widening ~ created",)),
    Case("keys disabled", "disabled = 2026-11-02", "disabled = 2026-11-03", ("widening ~ disabled",)),
    Case("keys replaced_by", 'replaced_by = "dca"\n', "", ("neutral - replaced_by",)),
    Case("keys reviewed", "reviewed = 2026-11-10", "reviewed = 2026-11-11", ("narrowing ~ reviewed",)),
    Case("keys fingerprint", 'fingerprint = "sha256:0123456789abcdef"\n', "", ("neutral - fingerprint",)),
    Case("keys label", 'label = "fastbot-dca"', 'label = "fastbot-spot"', ("neutral ~ label",)),
    Case("keys owner", 'abcdef"\nowner = "alice"', 'abcdef"\nowner = "bob"', ("neutral ~ owner",)),
    Case("events on", "on = 2026-09-28", "on = 2026-09-29", ("narrowing ~ on",)),
    Case("events affects", '["accounts.main"]', '["accounts.main", "keys.open"]', ("narrowing + affects",)),
    Case("events affects", '["accounts.main"]', '["keys.open"]', ("narrowing + affects", "widening - affects")),
    Case("waivers until", "until = 2026-12-10", "until = 2026-12-11", ("widening ~ until",)),
    Case("waivers reason", "moves in December", "moves in spring", ("neutral ~ reason",)),
    Case("waivers by", 'by = "risk"', 'by = "bob"', ("neutral ~ by",)),
    Case("waivers ", 'rule = "KL401"', 'rule = "KL402"', ("widening + waiver", "narrowing - waiver")),
    Case("waivers ", 'rule = "KL401"', 'rule = "rotation-due"', ("widening + waiver", "narrowing - waiver")),
    Case("events ", 'kind = "team-change"', 'kind = "migration"', ("narrowing + event", "widening - event")),
    Case("accounts ", "[providers.slowbot]", "[accounts.third]\n\n[providers.slowbot]", ("neutral + account",)),
    Case("providers ", "[providers.slowbot]", "[providers.slowbot]\n\n[providers.third]", ("neutral + provider",)),
    Case("bots ", "[bots.grid]", '[bots.third]\naccount = "sub"\nkind = "data"\n\n[bots.grid]', ("neutral + bot",)),
    Case("keys ", "[keys.open]", '[keys.new]\naccount = "sub"\ntype = "rsa"\npermissions = ["read"]\ncreated = 2026-11-02\n\n[keys.open]', ("widening + key",)),
]  # fmt: skip
ONE_WAY = {"accounts master", "accounts ", "providers ", "bots ", "keys "}
"""Those whose way back is shown elsewhere, or says more."""


def said(changes: list[Change]) -> list[str]:
    return sorted(f"{change.direction} {change.sign} {change.field}" for change in changes)


def all_changes(found: Diff) -> list[Change]:
    return [change for entry in found.entries for change in entry.changes]


def back(word: str) -> str:
    direction, sign, field = word.split(" ")
    return f"{Direction(direction).opposite} {sign.translate({43: '-', 45: '+'})} {field}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.field}: {case.new[:30]!r}")
def test_a_change_goes_its_way_and_back(case: Case) -> None:
    after = changed(case.old, case.new)
    there, again = all_changes(difference(DESK, after)), all_changes(difference(after, DESK))
    if case.field in ONE_WAY:
        assert set(case.said) <= set(said(there))
        return
    assert said(there) == sorted(case.said)
    assert said(again) == sorted(map(back, case.said))


def test_every_row_has_a_case() -> None:
    assert {case.field for case in CASES} | {"accounts exchange"} >= {f"{row.section} {row.field}" for row in TABLE}


def test_every_field_of_the_schema_has_a_row() -> None:
    schema: dict[str, Any] = loads(import_module("keylint.schemas").text("manifest"))["definitions"]
    sections = {"accounts": "account", "providers": "provider", "bots": "bot", "keys": "key", "events": "event"}
    nested = {"two_factor", "withdrawal_allowlist"}
    named = {("keys", "bots"), ("events", "kind"), ("waivers", "rule"), ("waivers", "on")}  # `bot` stands for `bots`
    for section, name in {**sections, "waivers": "waiver"}.items():
        for field, value in schema[name]["properties"].items():
            leaves = [f"{field}.{it}" for it in value["properties"]] if field in nested else [field]
            assert {(section, leaf) for leaf in leaves} <= ROWS.keys() | named
    for name, value in schema["policy"]["properties"].items():
        assert {("policy", f"{name}.{it}") for it in value["properties"]} <= ROWS.keys()


def test_the_policy_is_loosened_where_an_organisation_would_say_so() -> None:
    rows = {row.field: row.more for row in TABLE if row.section == "policy"}
    strict = {f"{name}.{field}": NARROWING if way == "higher" else WIDENING for (name, field), way in STRICTER.items()}
    assert rows == strict


def test_no_row_is_there_twice_and_each_that_goes_a_way_says_what_it_means() -> None:
    assert len(ROWS) == len(TABLE)
    assert {row.section for row in TABLE} == set(directions.SECTIONS)
    for row in TABLE:
        assert (row.more is NEUTRAL) == (not row.said_of_more) or row.form == "table"
        assert bool(row.ranks) == (row.form == "rank")
    key: dict[str, Any] = loads(import_module("keylint.schemas").text("manifest"))["definitions"]["key"]
    every = set(key["properties"]["custody"]["enum"])
    assert {it for rank in directions.CUSTODY for it in rank} == every


def test_the_custody_ranks_are_those_of_the_rule() -> None:
    rule = import_module("keylint.rules.custody_unsafe")
    assert tuple(map(set, directions.CUSTODY)) == (rule.SAFE, {"env-file"}, set(rule.UNSAFE))


def test_a_masters_change_is_said_once() -> None:
    after = DESK.replace('owner = "treasury"', 'owner = "bob"').replace("enabled = true", "enabled = false")
    assert [entry.subject for entry in difference(DESK, after).entries] == ["accounts.main"]


def test_a_list_written_otherwise_is_the_same_list() -> None:
    for other in (
        '"198.51.100.16/31", "198.51.100.18/31"',
        '"198.51.100.18/31", "198.51.100.16/30"',
        '"::ffff:198.51.100.16/126"',
    ):
        assert difference(DESK, changed('"198.51.100.16/30"', other)).entries == ()


def test_addresses_are_counted_once_and_only_new_ones() -> None:
    after = changed('"198.51.100.16/30"', '"198.51.100.16/29", "198.51.100.22"')
    (change,) = all_changes(difference(DESK, after))
    assert change.after == ("198.51.100.16/29", "198.51.100.22")
    assert change.note == "4 addresses: more addresses may use it"


def test_a_key_moves_with_its_bot_and_that_is_said_of_the_bot() -> None:
    after = changed('account = "main"\nkind', 'account = "sub"\nkind')
    assert [entry.subject for entry in difference(DESK, after).entries] == ["bots.dca"]


def test_another_fingerprint_under_the_same_name_is_another_key() -> None:
    after = DESK.replace("0123456789abcdef", "fedcba9876543210").replace("2026-11-01\nreviewed", "2026-11-18\nreviewed")
    (entry,) = difference(DESK, after).entries
    assert said(list(entry.changes)) == ["neutral ~ created", "neutral ~ fingerprint"]
    assert entry.changes[1].note == "another key stands behind it: is the old one deleted at Binance?"


def test_a_platform_that_is_not_there_makes_no_difference_to_addresses() -> None:
    before = changed('egress_ips = ["203.0.113.20"]', 'provider = "gone"')
    after = changed('egress_ips = ["203.0.113.20"]', 'provider = "gone"\negress_ips = ["203.0.113.20"]')
    assert said(all_changes(difference(before, after))) == ["narrowing + egress_ips"]
