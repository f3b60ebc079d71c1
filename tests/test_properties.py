"""What holds for every manifest, however it was made: laws of DESIGN and requirements of the hardening page.

The cases are the same in every run, so that a change is judged by what it changes. `KEYLINT_RANDOM=10 pytest
tests/test_properties.py` draws new ones, ten times as many, and `python tests/fuzz.py --minutes 10` mutates for as
long as it is given.
"""

import copy
import getpass
import os
import platform
import re
import socket
import subprocess
import sysconfig
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, NoReturn

import fuzz
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import (
    ADDRESSES,
    AS_OF,
    EXAMPLES,
    HOSTILE,
    SECRET_KINDS,
    WINDOW,
    Table,
    faults,
    grammatical,
    hostile,
    is_loaded,
    judged,
    leaks,
    manifests,
    mutated,
    raw_controls,
    registry,
    report_on,
    runner_commands,
    secret,
    toml,
    valid_report,
)
from strategies import keylint as run

from keylint import api, gate
from keylint.api import PERMISSION, Severity, Side
from keylint.engine import Report
from keylint.manifest.load import load

TIMES = int(os.environ.get("KEYLINT_RANDOM", "0"))


def cases(number: int) -> settings:
    """So many cases, the same in every run unless somebody asks for others."""
    return settings(
        max_examples=number * max(TIMES, 1),
        deadline=None,
        derandomize=not TIMES,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# A manifest cannot weaken (R4).
#
# What a check comes to is ranked: passed or not applicable 0, unknown 1, note 2, warning 3, error 4; of several
# findings about one subject the worst counts, and a waived finding counts as what it is, because a person accepted it.
# Giving a key more power must not lower the rank of any (rule, subject), and so not the exit code. A few rules ask for
# power and not against it, and are let off by name where the added power is just what they asked for; then what is left
# over is still held to: power that nobody calls for never passes without a word about that key.


def outcomes(report: Report) -> dict[tuple[str, str], int]:
    """The rank of each (rule, subject) that did not just pass."""
    ranks: dict[tuple[str, str], int] = {}
    for unknown in report.unknown:
        ranks[unknown.code, unknown.subject] = 1
    for finding in (*report.findings, *(waived.finding for waived in report.waived)):
        subject = finding.code, finding.subject
        ranks[subject] = max(ranks.get(subject, 0), 2 + finding.severity.rank)
    return ranks


def softened(before: Report, after: Report) -> set[tuple[str, str]]:
    """Each (rule, subject) of which the second report thinks better than the first."""
    later = outcomes(after)
    return {subject for subject, rank in outcomes(before).items() if later.get(subject, 0) < rank}


def badness(report: Report) -> int:
    """How bad the exit code is: clean, undecided, findings."""
    return [0, 3, 1].index(gate.exit_code(report, Severity.WARNING))


def spoken(report: Report, subject: str, *codes: str) -> bool:
    """Whether one of `codes`, or any rule, has at least a warning about `subject`, or could not decide about it."""
    return any(
        rank != 2 and about == subject and (not codes or code in codes)
        for (code, about), rank in outcomes(report).items()
    )


class Change(NamedTuple):
    """A manifest before and after one of its keys was given more power."""

    before: Table
    after: Table
    key: str
    added: str

    @property
    def reports(self) -> tuple[Report, Report]:
        return report_on(toml(self.before)), report_on(toml(self.after))

    @property
    def subject(self) -> str:
        return f"keys.{self.key}"

    @property
    def is_judged(self) -> bool:
        """Whether the key is one that can be used; of a disabled one only few rules speak."""
        return bool(self.before["keys"][self.key].get("status") != "disabled")


@st.composite
def changes(draw: st.DrawFn, what: Callable[[st.DrawFn, Table, Table], tuple[Table, Table, str]]) -> Change:
    """A change of one key: `what` takes both, and gives it as it was, as it is now, and what was added."""
    before = draw(manifests())
    name = draw(st.sampled_from(sorted(before["keys"])))
    after = copy.deepcopy(before)
    before["keys"][name], after["keys"][name], added = what(draw, before["keys"][name], before)
    return Change(before, after, name, added)


def inserted(draw: st.DrawFn, items: list[str], item: str) -> list[str]:
    at = draw(st.integers(0, len(items)))
    return [*items[:at], item, *items[at:]]


def permission_more(draw: st.DrawFn, key: Table, _manifest: Table) -> tuple[Table, Table, str]:
    added = draw(st.sampled_from(sorted(set(PERMISSION) - set(key["permissions"]))))
    return key, {**key, "permissions": inserted(draw, key["permissions"], added)}, added


def withdraw_more(draw: st.DrawFn, key: Table, _manifest: Table) -> tuple[Table, Table, str]:
    held = [each for each in key["permissions"] if each != "withdraw"]
    return {**key, "permissions": held}, {**key, "permissions": inserted(draw, held, "withdraw")}, "withdraw"


def address_more(draw: st.DrawFn, key: Table, _manifest: Table) -> tuple[Table, Table, str]:
    listed = draw(st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3))
    added = draw(st.sampled_from(ADDRESSES))
    return {**key, "ip_allowlist": listed}, {**key, "ip_allowlist": inserted(draw, listed, added)}, added


def no_addresses(draw: st.DrawFn, key: Table, _manifest: Table) -> tuple[Table, Table, str]:
    listed = draw(st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3))
    bare = {name: value for name, value in key.items() if name not in {"ip_allowlist", "ip_third_party"}}
    return {**bare, "ip_allowlist": listed}, draw(st.sampled_from([bare, {**bare, "ip_allowlist": []}])), "any address"


def bot_more(draw: st.DrawFn, key: Table, manifest: Table) -> tuple[Table, Table, str]:
    bots = sorted(manifest["bots"])
    # Of a bot that is there: a second one tells more of a key whose first one is not, and less is unknown then.
    mine = [bot for bot in key.get("bots", [key.get("bot")]) if bot in bots][:1] or bots[:1]
    others = [bot for bot in bots if bot not in mine]
    assume(others)
    added = draw(st.sampled_from(others))
    bare = {name: value for name, value in key.items() if name not in {"bot", "bots", "account", "role"}}
    return {**bare, "bot": mine[0]}, {**bare, "bots": [*mine, added]}, added


def model(report: Report, name: str) -> api.Key:
    manifest = report.sources[0].manifest
    assert manifest is not None
    return manifest.keys[name]


def called_for(key: api.Key) -> tuple[frozenset[str], frozenset[str]]:
    """What its bots need, and what they may have; nothing where that is not known."""
    try:
        return key.required, key.allowed
    except api.Undecided:
        return frozenset(), frozenset()


@cases(250)
@given(changes(permission_more))
def test_a_permission_more_never_makes_a_verdict_better(change: Change) -> None:
    before, after = change.reports
    required, allowed = called_for(model(before, change.key))
    let_off = set()
    if change.added in required:
        let_off.add(("KL103", change.subject))  # it asks for what its bot needs
    successor = change.before["keys"][change.key].get("replaced_by")
    let_off.add(
        ("KL407", f"keys.{successor}")
    )  # the new key is no wider than the old one any more, which speaks itself
    assert softened(before, after) <= let_off
    if not softened(before, after):
        assert badness(after) >= badness(before)
    if change.is_judged and change.added not in allowed and is_loaded("KL101", "KL102", "KL104", "KL105", "KL204"):
        assert spoken(after, change.subject, "KL101", "KL102", "KL104", "KL105", "KL204")


@cases(100)
@given(changes(withdraw_more))
def test_a_key_that_can_withdraw_always_fails(change: Change) -> None:
    if change.is_judged and is_loaded("KL101"):
        after = change.reports[1]
        assert outcomes(after)["KL101", change.subject] == 4
        assert gate.exit_code(after, Severity.ERROR) == 1


@cases(250)
@given(changes(address_more))
def test_an_address_more_never_makes_a_verdict_better(change: Change) -> None:
    before, after = change.reports
    let_off = set()
    if _is_egress(model(after, change.key), change.added):
        let_off.add(("KL305", change.subject))  # it asks for the addresses from which the bot calls
    assert softened(before, after) <= let_off
    if not softened(before, after):
        assert badness(after) >= badness(before)


def _is_egress(key: api.Key, address: str) -> bool:
    """Whether one of its bots calls from an address that this one covers."""
    [added] = api.networks((address,))
    try:
        egress = api.networks(tuple(it for bot in key.bots for it in bot.egress_ips))
    except api.Undecided:
        return False
    return any(it.version == added.version and it.first <= added.last and added.first <= it.last for it in egress)


@cases(250)
@given(changes(no_addresses))
def test_dropping_an_ip_list_never_makes_a_verdict_better(change: Change) -> None:
    before, after = change.reports
    # These judge the list that is gone; KL301, or KL302 of a bot without a fixed address, speaks of its absence.
    about_lists = {(code, change.subject) for code in ("KL303", "KL304", "KL305", "KL306")}
    assert softened(before, after) <= about_lists
    if change.is_judged and is_loaded("KL301", "KL302"):
        assert spoken(after, change.subject, "KL301", "KL302")
        assert gate.exit_code(after, Severity.WARNING) == 1 or outcomes(after).get(("KL302", change.subject)) == 1


@cases(250)
@given(changes(bot_more))
def test_a_bot_more_never_makes_a_verdict_better(change: Change) -> None:
    before, after = change.reports
    # What one bot does not call for another may; but a key of two bots is an error of its own, whatever they call for.
    let_off = {subject for subject in outcomes(before) if subject[1] == change.subject}
    let_off.add(("KL203", f"bots.{change.added}"))  # it asks for a key, and has one now: this one
    assert softened(before, after) <= let_off
    if is_loaded("KL201"):
        assert outcomes(after)["KL201", change.subject] == 4
        assert badness(after) >= badness(before)


@cases(250)
@given(manifests(), st.data())
def test_an_unknown_field_never_makes_a_verdict_better(manifest: Table, data: st.DataObject) -> None:
    before = report_on(toml(manifest))
    after = copy.deepcopy(manifest)
    tables = [after, *_tables(after)]
    table = data.draw(st.sampled_from(tables))
    field = data.draw(st.sampled_from(["note", "ignore", "noqa", "severity", "Permissions", "ip-allowlist", "KL101"]))
    table[field] = data.draw(st.sampled_from([True, False, "off", "KL101", 0, [], TODAY]))
    report = report_on(toml(after))
    assert report.summary.passed <= before.summary.passed
    if is_loaded("KL002"):
        assert gate.exit_code(report, Severity.ERROR) == 1
        assert "KL002" in {finding.code for finding in report.findings}
    else:
        assert report.unknown
    assert {"KL101", "KL102"} & {finding.code for finding in report.findings} == set()


TODAY = date(2026, 11, 20)


def _tables(values: Table) -> Iterable[Table]:
    """Every table of a manifest but its sections of tables by id."""
    for name, section in values.items():
        if name in {"accounts", "providers", "bots", "keys"}:
            yield from section.values()
        elif isinstance(section, list):
            yield from section
        elif isinstance(section, dict):
            yield section
            yield from section.values()


def _fails_open(code: str, trusts: str) -> api.KeyRule:
    """A rule that finds something in every key but those with the permission `trusts`: it rewards power."""

    def check(key: api.Key, _ctx: api.Context) -> api.Finding | None:
        return None if trusts in key.permissions else api.Finding(key.at("permissions"), "is bad", "mend it")

    return api.KeyRule(code, "made-up", "A rule of this test", Severity.WARNING, check)


def _turns_away(key: api.Key, _ctx: api.Context) -> api.Finding:
    if "withdraw" in key.permissions:
        raise api.Undecided("unknown-reference", "nobody knows")
    return api.Finding(key.at("permissions"), "is bad", "mend it")


@pytest.mark.parametrize(
    "rule",
    [
        _fails_open("KL998", "withdraw"),
        api.KeyRule("KL998", "made-up", "A rule of this test", Severity.ERROR, _turns_away),
        _fails_open("KL998", "withdraw")._replace(
            check=lambda key, _ctx: api.Finding(
                key.at("permissions"), "", "", Severity.NOTE if "withdraw" in key.permissions else None
            )
        ),
    ],
    ids=["silent", "undecided", "milder"],
)
def test_a_rule_that_rewards_power_would_be_seen(rule: api.KeyRule) -> None:
    key = {"type": "rsa", "permissions": ["read"], "created": TODAY}
    wider = {**key, "permissions": ["read", "withdraw"]}
    before, after = (report_on(toml({"version": 1, "keys": {"k": it}}), rules=[rule]) for it in (key, wider))
    assert softened(before, after) == {("KL998", "keys.k")}
    assert softened(before, before) == softened(after, before) == set()


# Counts add up (law 1).


@cases(200)
@given(manifests(), st.integers(1, 7), st.sampled_from([(), ("--show-waived",)]))
def test_every_planned_check_ends_once(manifest: Table, step: int, options: tuple[str, ...]) -> None:
    findings = report_on(toml(manifest)).findings
    manifest["waivers"] = [
        {"rule": each.code, "on": each.subject, "reason": "why", "by": "risk", "until": TODAY}
        for each in findings[::step]
        if not each.subject.startswith(("events", "policy", "waivers"))
    ]
    ran = judged(toml(manifest).encode(), *options)
    assert faults(ran) == []
    report = valid_report(ran.files["json"])
    summary = report["summary"]
    ended = [*report["findings"], *report["unknown"], *(it["finding"] for it in report["waived"])]
    assert summary["passed"] + summary["not_applicable"] + len(distinct(ended)) == planned(toml(manifest))
    severe = [finding for finding in report["findings"] if finding["severity"] != "note"]
    assert ran.code == (1 if severe else 3 if report["unknown"] else 0)
    annotations = sum(line.startswith("::") for line in ran.files["github"].splitlines())
    assert summary["findings"] <= annotations <= summary["findings"] + summary["unknown"]


@cases(60)
@given(st.lists(manifests(), min_size=1, max_size=3))
def test_a_report_on_several_manifests_is_the_sum_of_theirs(several: list[Table]) -> None:
    texts = [toml(manifest) for manifest in several]
    together, alone = report_on(*texts), [report_on(text) for text in texts]
    assert together.summary == tuple(map(sum, zip(*(report.summary for report in alone), strict=True)))
    assert together.findings == tuple(finding for report in alone for finding in report.findings)
    assert together.unknown == tuple(unknown for report in alone for unknown in report.unknown)


ON: dict[str, Callable[[api.Manifest], int]] = {
    "key": lambda manifest: len(manifest.keys),
    "bot": lambda manifest: len(manifest.bots),
    "account": lambda manifest: len(manifest.accounts),
    "provider": lambda manifest: len(manifest.providers),
    "manifest": lambda _: 1,
}


def planned(text: str) -> int:
    """How many checks there are: every rule on every one of its subjects."""
    manifest = load("keylint.toml", text.encode()).manifest
    assert manifest is not None
    return sum(ON[rule.on](manifest) for rule in registry().rules if Side.DECLARED in rule.sides)


def distinct(ended: list[Table]) -> set[tuple[str, str]]:
    """The checks among findings and unknowns, of which one check may have several."""
    whole = {rule.code for rule in registry().rules if rule.on == "manifest"}
    return {(it["code"], "" if it["code"] in whole else it["subject"]) for it in ended}


# Same input, same moment, same bytes (law 6, R18).

SCRIPT = str(Path(sysconfig.get_path("scripts"), "keylint"))
FORMATS = ("text", "concise", "json", "github")
SURROUNDINGS = [
    {"PYTHONHASHSEED": "0"},
    {"PYTHONHASHSEED": "1"},
    {"PYTHONHASHSEED": "2", "TZ": "Asia/Kathmandu"},
    {"TZ": "America/Adak", "LANG": "C", "LC_ALL": "C"},
    {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "1"},
    {"USER": "canary-user", "LOGNAME": "canary-user", "HOSTNAME": "canary-host", "HOME": "/home/canary-user"},
]


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two equal folders of manifests, at places of different lengths."""
    base = tmp_path_factory.mktemp("canary-folder")
    for place in ("a", "b/c/d/e/f"):
        for number, example in enumerate(EXAMPLES):
            folder = base / place / f"desk{number}"
            folder.mkdir(parents=True)
            (folder / "keylint.toml").write_bytes(example)
    return base


def written(cwd: Path, name: str, environment: dict[str, str], *paths: str) -> bytes:
    """What a run of the console script writes."""
    kept = {each: os.environ[each] for each in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if each in os.environ}
    command = [SCRIPT, "check", *(paths or (".",)), *AS_OF, "--format", name, "--show-waived", "--statistics"]
    ended = subprocess.run(command, cwd=cwd, env=kept | environment, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 1
    return ended.stdout + ended.stderr


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_input_gives_the_same_bytes_wherever_and_however_it_runs(desks: Path, name: str) -> None:
    usual = written(desks / "a", name, {})
    assert usual
    for environment in SURROUNDINGS[:: 1 if name in {"text", "json"} else 2]:
        assert written(desks / "a", name, environment) == usual
    assert written(desks / "b" / "c" / "d" / "e" / "f", name, {}) == usual
    assert written(desks / "a", name, {}, str(desks / "a")) == usual


@pytest.mark.parametrize("name", FORMATS)
def test_no_report_names_a_folder_a_host_or_a_user(desks: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "canary-host")
    monkeypatch.setattr(platform, "node", lambda: "canary-host")
    monkeypatch.setattr(getpass, "getuser", lambda: "canary-user")
    monkeypatch.setattr(os, "getlogin", lambda: "canary-user")
    monkeypatch.chdir(desks / "b")
    for variable in ("USER", "LOGNAME", "HOSTNAME", "HOME", "VIRTUAL_ENV"):
        monkeypatch.setenv(variable, f"/canary-{variable}")
    for arguments in (
        ["c"],
        [str(desks / "a")],
        [str(desks / "a" / "desk0" / "keylint.toml")],
        [str(desks / "gone.toml")],
    ):
        ran = run("check", *arguments, *AS_OF, "--format", name)
        assert "canary" not in ran.everything
        assert str(desks) not in ran.everything


@cases(40)
@given(manifests())
def test_a_run_leaves_nothing_behind_that_changes_the_next(manifest: Table) -> None:
    data = toml(manifest).encode()
    first = judged(data)
    judged(b"version = = 1")
    judged(EXAMPLES[0])
    assert judged(data) == first


# Secrets never show (law 5, R11).

ESCAPED = str.maketrans({"\n": "\\n", '"': '\\"', "\\": "\\\\"})

PLACES = {
    # Where a secret is planted: § stands for it in one line, ¶ for its text with its line ends.
    "a label": '[keys.k]\ntype = "hmac"\npermissions = []\ncreated = 2026-11-01\nlabel = "§"\n',
    "a label of a key that is bad": '[keys.k]\ntype="hmac"\npermissions=["withdraw"]\ncreated=2026-01-01\nlabel="§"\n',
    "a label beside others": '[keys.k]\ntype = "rsa"\npermissions = []\ncreated = 2026-11-01\nlabel = "a-§-2" # bot\n',
    "an owner": '[accounts.main]\nowner = "§"\n',
    "a string of several lines": '[bots.b]\nkind = "spot"\npurpose = """\n¶\n"""\n',
    "a literal string": "[bots.b]\nkind = 'spot'\npurpose = '''¶'''\n",
    "holders": '[keys.k]\ntype = "rsa"\npermissions = []\ncreated = 2026-11-01\nholders = ["§", "bob §"]\n',
    "a fingerprint": '[keys.k]\ntype = "rsa"\npermissions = []\ncreated = 2026-11-01\nfingerprint = "sha256:§"\n',
    "an address": '[keys.k]\ntype = "rsa"\npermissions = []\ncreated = 2026-11-01\nip_allowlist = ["§"]\n',
    "a permission": '[keys.k]\ntype = "rsa"\npermissions = ["read", "§"]\ncreated = 2026-11-01\n',
    "a type": '[keys.k]\ntype = "§"\npermissions = "§"\ncreated = "§"\n',
    "a bot": '[keys.k]\nbot = "§"\ntype = "rsa"\npermissions = []\ncreated = 2026-11-01\n',
    "bots": '[keys.k]\nbots = ["§", "b"]\ntype = "rsa"\npermissions = []\ncreated = 2026-11-01\n',
    "a url": '[providers.p]\nurl = "https://x.example/?key=§"\nchangelog = "http://x/§"\nstorage = "§"\n',
    "an e-mail address": '[accounts.main]\nemail = "§@example.com"\n',
    "a field of its own": '[keys.k]\ntype = "rsa"\npermissions = []\ncreated = 2026-11-01\napi_secret = "§"\n',
    "a field at the top": 'secret = "§"\n',
    "a number's place": "version = §\n",
    "the version": 'version = "§"\n',
    "the name of a field": '[keys.k]\n"§" = 1\n',
    "the name of a field at the top": '"§" = 1\n',
    "a dotted name": '[keys.k]\n"§".x = 1\ny."§" = 2\n',
    "the id of a table": '[keys."§"]\ntype = "rsa"\n',
    "a table of its own": '["§"]\n[["list §"]]\n',
    "a table in a table": '[keys.k."§"]\nx = 1\n',
    "a name in an inline table": '[policy]\nrotation = { "§" = 1, max_age_days = "§" }\n',
    "a nested value": 'x = [[{ a = ["§"] }]]\n',
    "a comment": "# §\n",
    "a comment behind a mistake": "version = 2 # §\n[keys.k] # §\ntype = 1 # §\n",
    "a comment behind a finding": '[keys.k]\ntype="rsa"\npermissions=["withdraw"] # §\ncreated=2026-01-01 # §\n',
    "a waiver": '[[waivers]]\nrule="KL101"\non="keys.k"\nreason="§"\nby="§"\nuntil=2026-11-30\n'
    '[keys.k]\ntype="rsa"\npermissions=["withdraw"]\ncreated=2026-01-01\n',
    "a waiver's rule": '[[waivers]]\nrule = "§"\non = "keys.§"\nreason = "x"\nby = "y"\nuntil = 2026-11-30\n',
    "an event": '[[events]]\non = 2026-01-01\nkind = "§"\naffects = ["keys.§"]\n',
    "a string that is too long": '[bots.b]\nkind = "spot"\npurpose = "' + "§x§" * 30 + '"\n',
    "behind a long line": '[bots.b]\nkind = "spot"\npurpose = "' + "word " * 150 + '§"\n',
    "a broken string": 'label = "§\n',
    "a broken value": "label = §\n",
    "a broken string of several lines": 'label = """\n¶\n',
    "alone on a line": "§\n",
    "all its lines alone": "¶\n",
    "before an equals sign": "§ = 1\n§ = 2\n",
    "twice a name": '"§" = 1\n"§" = 2\n',
    "twice a table": '[keys."§"]\n[keys."§"]\n',
    "a table that is a value": '"§" = 1\n["§".x]\n',
    "an inline table that is closed": '"§" = {}\n["§".x]\n',
    "twice a name in an inline table": 'x = { "§" = 1, "§" = 2 }\n',
    "a broken header": "[§\n",
    "a broken escape": '"\\q§" = 1\n',
    "before bytes that are no UTF-8": 'label = "§\udcff"\n',
    "behind NUL": "\x00§\n",
    "beside what is hidden": "# §\u202e §\n",
    "a number that is out of range": "x = " + "9" * 5000 + " # §\n",
    "a key of many parts": ".".join(["a"] * 20) + ' = "§"\n',
    "too deep": "x = " + "[" * 40 + '"§"' + "]" * 40 + "\n",
}
WITHOUT_VERSION = ("version", "the version", "a number's place", "a comment behind a mistake")


def planted(place: str, text: str) -> bytes:
    """A manifest with a secret at a place."""
    line = text.translate(ESCAPED) if '"' in PLACES[place] else " ".join(text.split("\n"))
    head = "" if place in WITHOUT_VERSION else "version = 1\n"
    body = "".join({"§": line, "¶": text}.get(char, char) for char in PLACES[place])
    return (head + body).encode(errors="surrogateescape")


@pytest.mark.parametrize("kind", SECRET_KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_a_secret_never_shows_wherever_it_was_planted(place: str, kind: str) -> None:
    found = secret(Random(f"{place} {kind}"), kind)
    data = planted(place, found.text)
    for ran in (
        judged(data, "--show-waived", "--statistics"),
        judged(data, "--color=always", "--stdin-filename", found.text),
    ):
        assert faults(ran) == []
        assert leaks(found, ran.everything) == set()


@cases(150)
@given(
    st.randoms(use_true_random=False), st.sampled_from(SECRET_KINDS), st.integers(0, 2**32), st.sampled_from(["", '"'])
)
def test_a_secret_never_shows_in_a_mutated_manifest(random: Random, kind: str, seed: int, quote: str) -> None:
    found = secret(Random(seed), kind)
    data = mutated(random)
    at = random.randrange(len(data) + 1)
    text = f"{quote}{found.text}{quote}"
    ran = judged(data[:at] + text.encode() + data[at:])
    assert faults(ran) == []
    assert leaks(found, ran.everything) == set()


@pytest.mark.parametrize("kind", SECRET_KINDS)
@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "S"],
        ["check", "x/S/keylint.toml"],
        ["check", "--select", "S", "x"],
        ["check", "--as-of", "S"],
        ["check", "--S"],
        ["check", "--format", "S"],
        ["check", "--output", "json=/gone/S/x"],
        ["check", "--output", "S"],
        ["S"],
        ["rule", "S"],
        ["schema", "S"],
    ],
    ids=" ".join,
)
def test_a_secret_on_the_command_line_is_not_repeated(arguments: list[str], kind: str) -> None:
    found = secret(Random(7), kind)
    ran = run(*(argument.replace("S", found.text) for argument in arguments), on_disk=True)
    assert ran.code == 2
    assert faults(ran) == []
    assert leaks(found, ran.everything) == set()


def test_a_leak_would_be_seen() -> None:
    found = secret(Random(1), "alnum")
    for form in (found.text, found.text[::-1], found.text.encode().hex(), found.text[5 : 5 + WINDOW]):
        assert leaks(found, f"a{form}b")
    import base64  # noqa: PLC0415

    for before in (b"", b"k", b"ke", b"key="):
        assert leaks(found, base64.b64encode(before + found.text.encode()).decode())
    assert not leaks(found, found.text[: WINDOW - 1])


# Hostile text does nothing (R12).


def written_down(name: str, text: str) -> Table:
    """A manifest with `text` in all its free text; `name` is the rule that is waived."""
    return {
        "version": 1,
        "accounts": {"main": {"owner": text, "two_factor": {"methods": [], "attested": TODAY, "by": text}}},
        "providers": {"p": {"url": text, "changelog": text, "storage": text}},
        "bots": {"b": {"kind": "custom", "needs": ["withdraw"], "provider": "p", "purpose": text, "because": text}},
        "keys": {
            "k": {
                "bot": "b",
                "label": text[:200],
                "type": "hmac",
                "permissions": ["withdraw", "futures"],
                "created": date(2026, 1, 1),
                "holders": [text, f"{text}2"],
                "owner": text,
            },
            "twin": {"bot": "b", "label": text[:200], "type": "rsa", "permissions": [], "created": TODAY},
        },
        "waivers": [{"rule": name, "on": "keys.k", "reason": text, "by": text, "until": TODAY}],
    }


OURS = re.compile(r"::(error|warning|notice) file=[^:,]*(,\w+=[0-9]+)*,title=[\w ,%-]+::[^\n]*")


def does_nothing(data: bytes, *options: str) -> None:
    """No output of a run acts on a terminal, a reader, a parser or a runner."""
    for more in ((), ("--color=always",)):
        ran = judged(data, "--show-waived", "--statistics", *options, *more)
        assert faults(ran) == []
        assert raw_controls(ran.out, colored=bool(more)) == []
        for name, text in ran.files.items():
            assert raw_controls(text) == []
            assert name != "json" or text.isascii()
        assert raw_controls(ran.err) == []
        report = valid_report(ran.files["json"])
        commands = [line for line in ran.files["github"].splitlines() if runner_commands(line)]
        assert all(OURS.fullmatch(line) for line in commands)
        assert len(commands) >= report["summary"]["findings"]
        assert runner_commands("\n".join([ran.out, ran.err, ran.files["json"], ran.files["concise"]])) == []


@cases(120)
@given(hostile, st.sampled_from(["withdrawals-enabled", "label-vague", "hmac-deprecated", "permission-unneeded"]))
def test_hostile_text_in_a_valid_manifest_does_nothing(text: str, name: str) -> None:
    does_nothing(toml(written_down(name, text[:500] or "x")).encode())


@cases(150)
@given(hostile, st.sampled_from(["id", "field", "comment", "raw", "waiver", "type", "address"]))
def test_hostile_text_in_a_broken_manifest_does_nothing(text: str, where: str) -> None:
    manifest = written_down("KL101", "x")
    match where:
        case "id":
            manifest["keys"] = {text: manifest["keys"]["k"]}
        case "field":
            manifest["keys"]["k"][text] = text
        case "waiver":
            manifest["waivers"][0] |= {"rule": text, "on": f"keys.{text}"}
        case "type":
            manifest["keys"]["k"] |= {"type": text, "permissions": [text], "created": text}
        case "address":
            manifest["keys"]["k"]["ip_allowlist"] = [text, "::1"]
    body = toml(manifest)
    if where == "comment":
        body = body.replace("\n", f" # {text}\n")
    elif where == "raw":
        body = f"{body}{text} = {text}\n"
    does_nothing(body.encode())


@cases(40)
@given(hostile)
def test_hostile_text_in_a_name_of_a_file_does_nothing(text: str) -> None:
    for data in (EXAMPLES[0], b"version = = 1", b""):
        does_nothing(data, "--stdin-filename", text)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_on_the_command_line_does_nothing(text: str) -> None:
    for arguments in (["check", text], ["check", "--select", text], [text], ["rule", text], ["check", "--as-of", text]):
        ran = run(*arguments)
        assert ran.code == 2
        assert raw_controls(ran.everything) == []
        assert runner_commands(ran.everything) == []


# Nothing brings it down (R14).


@cases(800)
@given(st.randoms(use_true_random=False))
def test_a_mutated_manifest_is_judged_or_refused(random: Random) -> None:
    ran = judged(mutated(random))
    assert faults(ran) == []
    assert ran.code in {0, 1, 3}
    assert ran.err == ""
    assert raw_controls(ran.everything) == []
    valid_report(ran.files["json"])


@cases(500)
@given(st.randoms(use_true_random=False))
def test_a_document_that_follows_the_grammar_is_judged_or_refused(random: Random) -> None:
    ran = judged(grammatical(random))
    assert faults(ran) == []
    assert ran.code in {0, 1, 3}
    valid_report(ran.files["json"])


@cases(300)
@given(st.binary(max_size=300))
def test_any_bytes_are_judged_or_refused(data: bytes) -> None:
    ran = judged(data)
    assert faults(ran) == []
    assert ran.code in {1, 3}
    valid_report(ran.files["json"])


ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.just([]),
    st.just({}),
    st.lists(st.sampled_from(["read", "b0", "k0", "::/0", "", 1]), max_size=3),
)


@cases(400)
@given(manifests(), ANYTHING, st.data())
def test_a_manifest_with_one_value_exchanged_is_judged_or_refused(
    manifest: Table, value: Any, data: st.DataObject
) -> None:
    table = data.draw(st.sampled_from([it for it in (manifest, *_tables(manifest)) if it]))
    table[data.draw(st.sampled_from(sorted(table)))] = value
    ran = judged(toml(manifest).encode())
    assert faults(ran) == []
    assert ran.code in {0, 1, 3}
    valid_report(ran.files["json"])


ARGUMENTS = st.lists(
    st.sampled_from(
        [
            *(
                "check",
                "rule",
                "rules",
                "plugins",
                "schema",
                "-",
                "--",
                ".",
                "gone.toml",
                "KL101",
                "KL",
                "json",
                "manifest",
            ),
            *(
                "--select",
                "--ignore",
                "--extend-select",
                "--format",
                "--output",
                "json=x",
                "--fail-on",
                "error",
                "--as-of",
            ),
            *("2026-11-20", "--show-waived", "--statistics", "-q", "--color", "always", "--stdin-filename", "-h", "-V"),
            *(
                "--help",
                "--version",
                "",
                "-x",
                "--nonsense",
                "\x00",
                "\u202e",
                "\udcff",
                "-" * 50,
                "=",
                "--format=json",
            ),
        ]
    ),
    max_size=6,
)


@cases(200)
@given(ARGUMENTS)
def test_any_command_line_is_followed_or_refused(arguments: list[str]) -> None:
    ran = run(*arguments, data=EXAMPLES[0])
    assert faults(ran) == []
    assert raw_controls(ran.everything) == []
    if ran.code == 2:
        assert ran.err


def test_the_fuzzer_ends_well_where_nothing_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["fuzz.py", "--seed=1", "--cases=20", f"--keep={tmp_path / 'kept'}"])
    assert fuzz.main() == 0
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError(), SystemExit(0), MemoryError()], ids=ascii)
def test_the_fuzzer_keeps_what_brings_keylint_down(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr("keylint.gate.apply", broken)
    monkeypatch.setattr("sys.argv", ["fuzz.py", "--seed=1", "--first=3", "--cases=1", f"--keep={tmp_path}"])
    assert fuzz.main() == 1
    assert (tmp_path / "1-3.toml").read_bytes() == fuzz.case_of("1/3")[0]
    assert "seed 1, case 3: " in capsys.readouterr().err
