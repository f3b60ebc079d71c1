"""A plan says of every key what differs, which way, why, and what makes it true; it leaves out nothing unknown."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import tomli
import tomli_w
from live_rules import LISTING, refused
from review.planning import (
    NOW,
    Table,
    carried_out,
    everything,
    laid_over,
    manifest_of,
    plan_of,
    planned,
    shown,
    state_of,
    story,
)
from strategies import ROOT

from keylint import rehearsal
from keylint.evidence.known import known
from keylint.evidence.model import BINANCE, LIMITED, NO_CREDENTIALS, OBSERVED, Evidence, KeyFacts, KeyLook
from keylint.manifest.load import load as load_manifest
from keylint.manifest.model import Manifest
from keylint.manifest.permissions import PERMISSIONS
from keylint.review.plan import plan
from keylint.review.planned import STEPS, highest
from keylint.sandbox.credentials import made
from keylint.sandbox.state import load as load_state

KEY = """
[bots.grid]
[keys.grid]
bot = "grid"
label = "grid-spot"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-01
"""
DESK = """
[accounts.main]
[accounts.grid]
master = "main"
email = "grid@example.com"
[keys.inventory]
role = "inventory"
account = "main"
[keys.grid]
account = "grid"
label = "grid-spot"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20", "198.51.100.0/24"]
created = 2026-11-01
"""
"""A master whose inventory key lists the keys of its sub-account."""


# -- Nothing to do -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [KEY, DESK, "", "[keys.open]\n"])
def test_where_all_is_as_declared_there_is_nothing_to_change(text: str) -> None:
    found = plan_of(text)

    assert story(found) == []
    assert not found.counts.something_to_do
    assert "No changes: what the sandbox shows of" in shown(found)
    assert shown(found).splitlines()[-1] == "Plan: 0 to create, 0 to change, 0 to delete; 0 drifted; 0 unknown"


@pytest.mark.parametrize("name", ["desk/keylint.toml", "hosts/keylint.toml", "first/good.toml"])
def test_the_examples_against_a_sandbox_that_is_as_they_declare(name: str) -> None:
    manifest = load_manifest(name, (ROOT / "examples" / name).read_bytes()).manifest
    assert manifest is not None
    found = planned(manifest, rehearsal.declared(manifest), datetime(2026, 11, 17, 12, tzinfo=UTC))

    # The desk's old key should have been deleted on 2026-11-09: the plan says so, and nothing else.
    overdue = ["- keys.margin-carry-2026q3 key: read → disabled since 2026-11-02 (intent)"]
    assert [line for line in story(found) if line[0] in "+-~?"] == (overdue if name.startswith("desk") else [])


def test_reading_by_another_protocol_is_no_drift() -> None:
    assert story(plan_of(KEY, '[keys.grid]\npermissions = ["read", "fix-read", "spot"]')) == []


def test_a_day_is_left_for_time_zones() -> None:
    assert story(plan_of(KEY, "[keys.grid]\ncreated = 2026-11-02")) == []
    assert story(plan_of(KEY, "[keys.grid]\ncreated = 2026-11-03")) == [
        "~ keys.grid created: 2026-11-03 → 2026-11-01 (drift)"
    ]


# -- Drift -------------------------------------------------------------------------------------------------------------


def test_a_permission_that_is_there_and_not_declared_is_to_be_unticked() -> None:
    found = plan_of(KEY, '[keys.grid]\npermissions = ["read", "spot", "futures", "withdraw"]')

    assert story(found) == [
        "- keys.grid permission futures (drift)",
        "- keys.grid permission withdraw (drift)",
    ]
    futures, withdraw = found.entries[0].changes
    assert (futures.risk, withdraw.risk) == ("medium", "critical")
    assert futures.step.startswith('untick "Enable Futures" in API Management')
    assert withdraw.step.startswith('untick "Enable Withdrawals" in API Management')
    assert found.entries[0].action == "change"
    assert found.counts == (0, 1, 0, 1, 0, 0)


def test_a_permission_that_is_declared_and_not_there_is_to_be_ticked() -> None:
    found = plan_of(KEY, '[keys.grid]\npermissions = ["read"]')

    assert story(found) == ["+ keys.grid permission spot (drift)"]
    assert found.entries[0].changes[0].step == (
        'tick "Enable Spot & Margin Trading" in API Management, Edit restrictions; if the bot works without it, take '
        '"spot" out of permissions'
    )


def test_a_permission_that_keylint_has_no_word_for_is_of_unknown_risk() -> None:
    found = plan_of(KEY, "[keys.grid]\nflags = { enableMoon = true, enableSun = false }")

    assert story(found) == ["- keys.grid permission enableMoon (drift)"]
    assert found.entries[0].changes[0].risk == "unknown"


def test_a_restriction_that_is_gone_is_to_be_put_back() -> None:
    manifest = manifest_of(KEY)
    state = state_of(manifest)
    del state["keys"]["grid"]["ip_list"]
    found = planned(manifest, state)

    assert story(found) == ["+ keys.grid IP restriction: any address → 203.0.113.20 (drift)"]
    assert found.entries[0].changes[0].step == (
        'choose "Restrict access to trusted IPs only" in API Management, Edit restrictions, and list 203.0.113.20'
    )


def test_a_restriction_to_a_platforms_own_addresses() -> None:
    text = KEY.replace('ip_allowlist = ["203.0.113.20"]', 'ip_third_party = "fastbot"')
    manifest = manifest_of(text)
    assert story(planned(manifest, state_of(manifest))) == []
    state = state_of(manifest)
    del state["keys"]["grid"]["ip_list"]

    assert story(planned(manifest, state)) == [
        "+ keys.grid IP restriction: any address → the addresses of fastbot (drift)"
    ]


def test_nobody_is_told_to_take_a_restriction_off() -> None:
    found = plan_of(KEY.replace('["203.0.113.20"]', "[]"), '[keys.grid]\nip_list = ["203.0.113.9"]')

    assert story(found) == ["~ keys.grid IP restriction: trusted IPs only → any address (drift)"]
    assert found.entries[0].changes[0].step.startswith("leave it so, and write the trusted IPs of API Management into")


def test_addresses_are_compared_where_a_masters_list_shows_them() -> None:
    found = plan_of(DESK, '[keys.grid]\nip_list = ["203.0.113.0/24", "198.51.100.0/25", "192.0.2.99"]')

    assert story(found) == [
        "- keys.grid trusted IPs 203.0.113.0/24, 192.0.2.99 (drift)",
        "+ keys.grid trusted IPs 203.0.113.20, 198.51.100.0/24 (drift)",
    ]


def test_addresses_of_an_ordinary_key_are_shown_by_nobody() -> None:
    assert story(plan_of(KEY, '[keys.grid]\nip_list = ["192.0.2.99"]')) == []


def test_a_label_is_compared_where_a_masters_list_shows_it() -> None:
    text = DESK + 'fingerprint = "sha256:4a8e8b0fabcf5a95"\n'
    assert story(plan_of(text, '[keys.grid]\nlabel = "x"')) == ['~ keys.grid label: "x" → "grid-spot" (drift)']
    assert story(plan_of(text.replace('label = "grid-spot"\n', ""), '[keys.grid]\nlabel = "x"')) == []


def test_an_active_key_that_is_gone_is_drift_and_to_be_created() -> None:
    found = plan_of(KEY, "[keys.grid]\ndeleted = true")

    assert story(found) == ["+ keys.grid key: not known to Binance → read, spot (drift)"]
    assert found.counts == (1, 0, 0, 1, 0, 0)
    step = found.entries[0].changes[0].step
    assert step.startswith("look for it in API Management: if it was deleted, take its entry out of the manifest;")
    assert '"Enable Reading", "Enable Spot & Margin Trading"; trusted IPs: 203.0.113.20' in step


def test_a_key_that_its_accounts_list_does_not_hold_is_gone() -> None:
    found = plan_of(DESK + 'fingerprint = "sha256:0123456789abcdef"\n', without=("grid",))

    assert story(found) == ["+ keys.grid key: not among the keys of its account → read, spot (drift)"]


def test_a_key_that_the_manifest_does_not_have_is_to_be_deleted() -> None:
    live = '[keys.trial]\naccount = "grid"\nlabel = "grid trial"\ncreated = 2026-11-01\n'
    live += 'permissions = ["read", "spot", "futures"]'
    found = plan_of(DESK, live)

    assert story(found) == ["- accounts.grid key: spot, futures → not in the manifest (drift)"]
    (entry,) = found.entries
    assert (entry.action, entry.label, entry.account) == ("delete", "grid trial", "accounts.grid")
    assert re.fullmatch("sha256:[0-9a-f]{16}", entry.fingerprint)
    assert entry.changes[0].step.endswith(f'declare it with fingerprint = "{entry.fingerprint}"')
    assert found.counts == (0, 0, 1, 1, 0, 0)
    assert '- accounts.grid: a key that is not in the manifest, "grid trial",' in shown(found)


def test_a_key_of_the_manifest_that_another_account_holds_is_not_to_be_deleted() -> None:
    text = DESK + '[keys.other]\naccount = "main"\n'
    there = state_of(manifest_of(text), '[keys.other]\naccount = "grid"\nlabel = "other"')
    fingerprint = made(load_state(tomli_w.dumps(there), "live"))["other"].fingerprint
    found = planned(manifest_of(f'{text}fingerprint = "{fingerprint}"\n'), there)

    assert "~ keys.other account: accounts.grid → accounts.main (drift)" in story(found)
    assert found.counts.delete == 0


def test_a_key_that_answers_in_the_place_of_another_is_not_to_be_deleted() -> None:
    # Its entry has the fingerprint of another key: whether that or the credentials are wrong, nobody can tell.
    found = plan_of(DESK + 'fingerprint = "sha256:0123456789abcdef"\n')
    assert story(found) == ["? keys.grid  [another-key]"]


# -- Intent ------------------------------------------------------------------------------------------------------------

STAGED = (
    KEY
    + """
replaced_by = "next"
[keys.next]
bot = "grid"
label = "grid-spot-2"
type = "hmac"
permissions = ["read", "spot"]
created = 2026-11-20
status = "staged"
"""
)


def test_a_staged_key_for_which_nobody_has_credentials_is_to_be_created() -> None:
    found = plan_of(STAGED, without=("next",))

    assert story(found) == ["+ keys.next key: not there yet → read, spot (intent)", "keys.grid: create"]
    assert found.entries[0].changes[0].step == (
        'create it in API Management (system-generated, which is HMAC): label "grid-spot-2"; tick "Enable Reading", '
        '"Enable Spot & Margin Trading"; no trusted IPs are declared; then write its fingerprint here (`keylint '
        "fingerprint next`)"
    )
    assert found.counts == (1, 0, 0, 0, 0, 0)


def test_a_staged_key_without_a_label_and_with_addresses() -> None:
    text = '[bots.a]\n[keys.a]\nbot = "a"\nstatus = "staged"\nip_third_party = "fastbot"\n'
    step = plan_of(text, without=("a",)).entries[0].changes[0].step
    assert "a label that names its bot" in step
    assert "trusted IPs: those of fastbot" in step


def test_a_staged_key_of_which_a_fingerprint_is_written_down_exists_and_may_be_anything() -> None:
    text = STAGED + 'fingerprint = "sha256:0123456789abcdef"\n'
    found = plan_of(text, without=("next",))

    assert story(found) == ["keys.grid: move the bot by 2026-11-27", "? keys.next  [no-credentials]"]
    assert found.rotations[0].doubtful
    assert "its live state is not known" in " ".join(shown(found).split())


def look(key: str, outcome: str, at: datetime = NOW) -> KeyLook:
    if outcome != OBSERVED:
        return KeyLook(key, at, outcome, "nobody knows")
    flags = {it.field: it.token in {"read", "spot"} for it in PERMISSIONS}
    facts = KeyFacts(flags, ip_restricted=True, created=datetime(2026, 11, 20, tzinfo=UTC))
    return KeyLook(key, at, outcome, fingerprint="sha256:0123456789abcdef", facts=facts)


@pytest.mark.parametrize(
    ("looks", "reason"),
    [
        ([look("next", LIMITED)], "limited"),
        # It answered two days ago, and a host without its credentials has looked since: it was there.
        ([look("next", OBSERVED, NOW - timedelta(days=2)), look("next", NO_CREDENTIALS)], "no-credentials"),
        ([look("next", OBSERVED, NOW - timedelta(days=2))], "stale"),
    ],
)
def test_a_staged_key_that_somebody_had_credentials_for_is_never_to_be_created(
    looks: list[KeyLook], reason: str
) -> None:
    manifest = manifest_of(STAGED)
    evidence = [Evidence(f"{number}.json", BINANCE, NOW, NOW, (it,), ()) for number, it in enumerate(looks)]
    found = plan(manifest, known(manifest, evidence, NOW), NOW)

    assert [(it.subject, it.reason) for it in found.unknown if it.subject == "keys.next"] == [("keys.next", reason)]
    assert found.counts.create == 0


def test_a_staged_key_that_nobody_looked_at_is_to_be_created() -> None:
    manifest = manifest_of(STAGED)
    found = plan(manifest, known(manifest, [], NOW), NOW)
    assert [entry.subject for entry in found.entries] == ["keys.next"]
    assert [it.subject for it in found.unknown] == ["keys.grid"]


DISABLED = KEY + 'status = "disabled"\ndisabled = 2026-11-16\n'


def test_a_disabled_key_that_is_alive_is_to_be_disabled() -> None:
    found = plan_of(DISABLED, '[keys.grid]\npermissions = ["read", "spot"]\nflags = { enableMoon = true }')

    assert story(found) == [
        "- keys.grid permission spot (intent)",
        "- keys.grid permission enableMoon (intent)",
        "keys.grid: disable by 2026-11-16",
    ]
    assert found.counts == (0, 1, 0, 0, 0, 0)
    assert found.entries[0].changes[0].step.endswith("the key is declared disabled since 2026-11-16")


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (22, ["keys.grid: wait by 2026-11-23"]),
        (23, ["- keys.grid key: read → disabled since 2026-11-16 (intent)", "keys.grid: delete by 2026-11-23"]),
        (30, ["- keys.grid key: read → disabled since 2026-11-16 (intent)", "keys.grid: delete by 2026-11-23"]),
    ],
)
def test_a_disabled_key_is_deleted_on_the_day_on_which_the_policy_has_waited_long_enough(
    day: int, told: list[str]
) -> None:
    found = plan_of(DISABLED, moment=datetime(2026, 11, day, 12, tzinfo=UTC))
    assert story(found) == told
    assert found.counts.delete == (day >= 23)


def test_a_disabled_key_that_is_gone_needs_nothing_at_binance() -> None:
    found = plan_of(DISABLED, "[keys.grid]\ndeleted = true")

    assert story(found) == ["keys.grid: done"]
    assert not found.counts.something_to_do
    assert "take the entry keys.grid out of the manifest" in found.rotations[0].help


@pytest.mark.parametrize("day", [20, 25])
def test_a_disabled_key_that_nobody_can_ask_is_not_known(day: int) -> None:
    found = plan_of(DISABLED, without=("grid",), moment=datetime(2026, 11, day, 12, tzinfo=UTC))

    assert "? keys.grid  [not-looked-at]" in story(found)
    assert found.counts.delete == (day == 25)
    if day == 25:
        assert "in API Management, if it is still there, then" in found.entries[0].changes[0].step
    assert found.rotations[0].doubtful


def test_a_disabled_key_of_which_the_day_is_past_every_calendar() -> None:
    text = DISABLED.replace("2026-11-16", "9999-12-31")
    assert story(plan_of(text)) == ["keys.grid: wait by 9999-12-31"]


# -- Rotations ---------------------------------------------------------------------------------------------------------

PAIR = (
    KEY
    + """
replaced_by = "next"
[keys.next]
bot = "grid"
permissions = ["read", "spot"]
created = 2026-11-18
status = "active"
"""
)


def test_a_rotation_from_its_first_step_to_its_last() -> None:
    staged = PAIR.replace('"active"', '"staged"')
    disabled = PAIR.replace('replaced_by = "next"', 'status = "disabled"\ndisabled = 2026-11-25\nreplaced_by = "next"')
    gone = "[keys.grid]\ndeleted = true"
    walk = [
        plan_of(staged, without=("next",), moment=datetime(2026, 11, 18, 12, tzinfo=UTC)),
        plan_of(staged, moment=datetime(2026, 11, 18, 12, tzinfo=UTC)),
        plan_of(PAIR, moment=datetime(2026, 11, 24, 12, tzinfo=UTC)),
        plan_of(PAIR, moment=datetime(2026, 11, 25, 12, tzinfo=UTC)),
        plan_of(disabled, moment=datetime(2026, 12, 1, 12, tzinfo=UTC)),
        plan_of(disabled, moment=datetime(2026, 12, 2, 12, tzinfo=UTC)),
        plan_of(disabled, gone, moment=datetime(2026, 12, 2, 12, tzinfo=UTC)),
    ]
    steps = [found.rotations[0] for found in walk]

    assert [(it.step, str(it.by), it.next, str(it.on), it.due) for it in steps] == [
        ("create", "None", "move the bot", "None", False),
        ("move the bot", "2026-11-25", "test", "None", True),
        ("test", "2026-11-25", "disable", "2026-11-25", False),
        ("disable", "2026-11-25", "wait", "None", True),
        ("wait", "2026-12-02", "delete", "2026-12-02", False),
        ("delete", "2026-12-02", "", "None", False),
        ("done", "None", "", "None", False),
    ]
    assert tuple(it.step for it in steps) == STEPS
    assert [found.counts.something_to_do for found in walk] == [True, True, False, True, False, True, False]
    assert 'write status = "disabled" and disabled = 2026-11-25' in steps[3].help
    assert shown(walk[3]).splitlines()[-1].endswith("0 unknown; 1 step due")


def test_a_rotation_whose_old_key_went_early_is_done() -> None:
    found = plan_of(PAIR, "[keys.grid]\ndeleted = true")
    assert story(found)[-1] == "keys.grid: done"
    assert "take its entry out of the manifest, keys.next having replaced it;" in found.entries[0].changes[0].step


def test_a_rotation_whose_new_key_is_gone_begins_anew() -> None:
    assert story(plan_of(PAIR, "[keys.next]\ndeleted = true"))[-1] == "keys.grid: create"


def test_a_key_that_is_replaced_by_one_that_is_not_in_the_manifest_is_not_known() -> None:
    found = plan_of(KEY + 'replaced_by = "nobody"\n')
    assert story(found) == ["? keys.grid its rotation [unknown-reference]"]


def test_an_overlap_that_ends_after_every_calendar() -> None:
    manifest = manifest_of(PAIR.replace("created = 2026-11-18", "created = 9999-12-31"))
    assert story(plan(manifest, known(manifest, [], NOW), NOW))[0] == "keys.grid: test by 9999-12-31"


# -- Not known ---------------------------------------------------------------------------------------------------------


def test_a_key_that_does_not_answer_is_not_known_and_never_unchanged() -> None:
    found = plan_of(KEY, refused(key="grid"))

    assert story(found) == ["? keys.grid  [rejected]"]
    assert found.counts.unknown == 1
    assert "No changes" not in shown(found)
    assert "? keys.grid: " in shown(found)


def test_what_a_masters_list_does_not_carry_is_not_known() -> None:
    live = '[keys.grid]\npermissions = ["read", "spot", "futures"]\n' + refused(key="grid")
    found = plan_of(DESK, live)

    assert story(found) == [
        "- keys.grid permission futures (drift)",
        "? keys.grid read, portfolio-margin, fix-trade, internal-transfer, withdraw [not-in-list]",
        "? keys.grid when it was created [not-in-list]",
    ]
    assert found.counts.unknown == 1


def test_a_list_that_is_not_told_leaves_label_addresses_and_undeclared_keys_unknown() -> None:
    found = plan_of(DESK, refused(path=LISTING))

    assert story(found) == [
        "? keys.grid its trusted IPs [rejected]",
        "? keys.grid its label [rejected]",
        "? accounts.grid keys that the manifest does not have [rejected]",
    ]


def test_the_credentials_of_another_key_tell_nothing_of_this_one() -> None:
    found = plan_of(KEY + 'fingerprint = "sha256:0123456789abcdef"\n')

    assert story(found) == ["? keys.grid  [another-key]"]
    assert "(declared sha256:0123456789abcdef, asked with sha256:" in found.unknown[0].message
    assert "give the credentials of the key that is meant" in found.unknown[0].message


def test_sub_accounts_that_nobody_declared_may_hold_any_key() -> None:
    found = plan_of(DESK, '[accounts.trial]\nmaster = "main"\nemail = "trial@example.com"\n')

    assert story(found) == ["? accounts.main sub-accounts that the manifest does not have [not-declared]"]
    assert "tr…@example.com; give each a table with its master and email" in found.unknown[0].message


def test_a_sub_account_without_an_email_may_be_any() -> None:
    text = DESK + '[accounts.test]\nmaster = "main"\n'
    found = plan_of(text, '[accounts.test]\nmaster = "main"\nemail = "trial@example.com"\n')

    assert "? accounts.test keys that the manifest does not have [no-email]" in story(found)
    assert "they may or may not be accounts.test: give each its email" in " ".join(everything(found))


def test_a_list_of_sub_accounts_that_is_not_told() -> None:
    found = plan_of(DESK, refused(path="/sapi/v1/sub-account/list"))
    assert "? accounts.main sub-accounts that the manifest does not have [rejected]" in story(found)


def test_a_key_in_a_list_that_may_be_one_of_several_is_not_known() -> None:
    text = DESK + '[keys.unnamed]\naccount = "grid"\n'
    found = plan_of(text, '[keys.trial]\naccount = "grid"\nlabel = "trial"\ncreated = 2026-11-01', without=("unnamed",))

    assert "? accounts.grid keys that the manifest does not have [not-identified]" in story(found)
    assert found.counts.delete == 0


def test_a_key_in_a_list_that_may_be_one_of_a_bot_that_is_not_there_is_not_known() -> None:
    text = DESK + '[keys.homeless]\nbot = "nobody"\n'
    manifest = manifest_of(text)
    state = laid_over(
        rehearsal.declared(manifest_of(DESK)), {"keys": {"trial": {"account": "grid", "created": NOW.date()}}}
    )
    found = planned(manifest, state)

    assert "? accounts.grid keys that the manifest does not have [not-identified]" in story(found)
    assert found.counts.delete == 0


def test_keys_of_one_account_that_answer_for_two_are_not_known_to_be_where_they_are_declared() -> None:
    text = '[accounts.main]\n[accounts.fund]\n[keys.a]\naccount = "main"\n[keys.b]\naccount = "fund"\n'
    both = '[keys.b]\naccount = "main"'
    assert story(plan_of(text)) == []
    assert story(plan_of(text, both)) == [
        "? accounts.main which account its keys are on [account-mismatched]",
    ]
    apart = text.replace('account = "fund"', 'account = "main"')
    assert story(plan_of(apart, '[accounts.fund]\n[keys.b]\naccount = "fund"')) == [
        "? accounts.main which account its keys are on [account-mismatched]",
    ]


def test_doubt_about_one_flag_leaves_the_others_known() -> None:
    manifest = manifest_of(KEY)
    flags = {it.field: it.token in {"read", "spot", "futures"} for it in PERMISSIONS[:-1]}
    doubts = {"enableWithdrawals": "is missing", "enableMoon": "is no true or false", "ipRestrict": "is missing"}
    facts = KeyFacts(flags, created=datetime(2026, 11, 1, tzinfo=UTC), doubts=doubts)
    looked = KeyLook("grid", NOW, OBSERVED, fingerprint="sha256:0123456789abcdef", facts=facts)
    found = plan(manifest, known(manifest, [Evidence("", BINANCE, NOW, NOW, (looked,), ())], NOW), NOW)

    assert [line for line in story(found) if "accounts" not in line] == [
        "- keys.grid permission futures (drift)",
        "? keys.grid withdraw [malformed]",
        "? keys.grid a permission that keylint does not know [malformed]",
        "? keys.grid whether it is bound to addresses [malformed]",
    ]


def test_a_key_without_an_account() -> None:
    text = "[accounts.a]\n[accounts.b]\n[keys.lost]\n"
    manifest = manifest_of(text)
    state: Table = {
        "version": 1,
        "accounts": {"a": {}},
        "keys": {"lost": {"account": "a", "deleted": True, "created": NOW.date()}},
    }
    (entry,) = planned(manifest, state).entries
    assert (entry.account, entry.action) == ("", "create")


# -- Risk --------------------------------------------------------------------------------------------------------------


def test_the_highest_risk() -> None:
    assert highest(()) == "low"
    assert highest(("read", "spot")) == "medium"
    assert highest(("withdraw", "internal-transfer")) == "critical"
    assert highest(("enableWithdrawals", "read")) == "critical"
    assert highest(("withdraw", "enableMoon")) == "unknown"


# -- The examples ------------------------------------------------------------------------------------------------------


def example(name: str, state: str) -> tuple[Manifest, Table]:
    manifest = load_manifest(name, (ROOT / "examples" / name).read_bytes()).manifest
    assert manifest is not None
    return manifest, tomli.loads((ROOT / "examples" / state).read_text(encoding="utf-8"))


def test_the_desk() -> None:
    manifest, state = example("desk/keylint.toml", "desk/keylint.sandbox.toml")
    found = planned(manifest, state)

    assert story(found) == [
        "- keys.tracker-2026q4 permission enablePredictionTrading (drift)",
        "- keys.grid-2026q3 trusted IP 192.0.2.99 (drift)",
        "- keys.options-hedge-2026q3 permission spot (drift)",
        "+ keys.triangle-2026q3 IP restriction: any address → 203.0.113.22 (drift)",
        "- accounts.grid key: spot, futures → not in the manifest (drift)",
        "keys.spot-dca-2026q3: test by 2026-11-24",
        "keys.margin-carry-2026q3: done",
        "? keys.fund-inventory  [rejected]",
        "? accounts.main sub-accounts that the manifest does not have [not-declared]",
        "? accounts.fund sub-accounts that the manifest does not have [rejected]",
    ]


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("desk/keylint.toml", "desk/keylint.sandbox.toml"),
        ("hosts/keylint.toml", "hosts/host-a.sandbox.toml"),
        ("museum/live.toml", "museum/live.sandbox.toml"),
    ],
)
def test_what_the_examples_plan_is_enough(name: str, state: str) -> None:
    manifest, live = example(name, state)
    before = planned(manifest, live)
    assert before.entries

    after = planned(manifest, carried_out(before, live, manifest))
    assert [line for line in story(after) if line[0] in "+-~"] == []
    assert after.unknown == before.unknown
