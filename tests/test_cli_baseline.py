"""Accepting findings on the command line: `keylint baseline`, `check --baseline` and `check --policy`."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from strategies import AS_OF, ROOT, Ran, faults, valid_report
from strategies import keylint as run

from keylint.cli import COMMANDS

BAD = (ROOT / "examples" / "first" / "bad.toml").read_text(encoding="utf-8")
MENDED = BAD.replace(', "withdraw"', "")
KL101 = "KL101/keys.dca/permissions=withdraw"
FILE = "keylint.baseline.json"
SANDBOX = ("--sandbox", "state.toml", "--as-of", "2026-11-20T12:00:00Z")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest that has five findings, in which the program runs."""
    monkeypatch.setitem(COMMANDS, "baseline", "-")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keylint.toml").write_text(BAD, encoding="utf-8")
    return tmp_path


def create(*options: str) -> Ran:
    return run("baseline", "create", *AS_OF, *options)


def prune(*options: str) -> Ran:
    return run("baseline", "prune", *AS_OF, *options)


def check(*options: str) -> Ran:
    return run("check", *AS_OF, "--baseline", FILE, "--format", "concise", *options)


def held(path: Path) -> dict[str, dict[str, Any]]:
    """The entries of a baseline, which is held to its schema."""
    document = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads(import_module("keylint.schemas").text("baseline"))
    assert list(Draft7Validator(schema).iter_errors(document)) == []
    return {entry["fingerprint"]: entry for entry in document["entries"]}


def change(path: Path, edit: Callable[[list[dict[str, Any]]], object]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    edit(document["entries"])
    path.write_text(json.dumps(document), encoding="utf-8")


# From the first day to the last entry.


def test_a_desk_adopts_keylint_mends_and_prunes(desk: Path) -> None:
    assert create() == Ran(0, f"{FILE}: 5 entries for 5 findings of keylint.toml\n", "")
    clean = check()
    assert (clean.code, clean.err) == (0, "")
    assert clean.out.endswith(" checks: clean, 5 findings in the baseline; live state was not looked at\n")

    (desk / "keylint.toml").write_text(f"# moved down\n\n{MENDED}", encoding="utf-8")
    mended = check()
    assert mended.code == 1
    assert mended.out.splitlines()[0] == (
        f"keylint.toml: KL953 the baseline holds {KL101} since 2026-11-20, which is gone"
    )
    assert prune() == Ran(0, f"- {KL101} (since 2026-11-20)\n{FILE}: 1 of 5 entries is gone, 4 left\n", "")
    assert check().code == 0
    assert prune() == Ran(0, f"{FILE}: 4 entries, none gone\n", "")

    (desk / "keylint.toml").write_text(BAD, encoding="utf-8")
    back = check()
    assert back.code == 1
    assert "KL101 keys.dca can withdraw" in back.out.splitlines()[0]
    assert prune() == Ran(0, f"{FILE}: 4 entries, none gone\n", "")
    assert KL101 not in held(desk / FILE)


def test_what_is_accepted_is_shown_in_every_format(desk: Path) -> None:
    create()
    shown = check("--show-waived", "--output", "json=r.json", "--output", "text=r.txt", "--output", "github=r.github")
    assert shown.out.count(" [in the baseline since 2026-11-20]\n") == 5
    report = valid_report(shown.files["r.json"])
    assert [it["finding"]["fingerprint"] for it in report["baseline"]] == [
        it["entry"]["fingerprint"] for it in report["baseline"]
    ]
    assert {it["entry"]["fingerprint"] for it in report["baseline"]} == set(held(desk / FILE))
    assert report["summary"]["baseline"] == 5
    assert shown.files["r.txt"].count("\nbaseline: in it since 2026-11-20\n") == 5
    assert "5 findings in the baseline" in shown.files["r.github"]
    assert "[in the baseline" not in check().out


def test_the_file_is_the_same_for_the_same_findings(desk: Path) -> None:
    create()
    before = (desk / FILE).read_bytes()
    create("--force")
    assert (desk / FILE).read_bytes() == before


def test_nothing_is_overwritten_unless_told(desk: Path) -> None:
    (desk / FILE).write_text("mine", encoding="utf-8")
    ran = create()
    assert (ran.code, ran.out) == (2, "")
    assert (
        f"{FILE}: is there already; `keylint baseline prune` takes out what is gone, --force writes it anew" in ran.err
    )
    assert (desk / FILE).read_text(encoding="utf-8") == "mine"
    assert create("--force").code == 0
    assert len(held(desk / FILE)) == 5


def test_a_baseline_that_is_written_anew_says_what_it_takes_in_and_keeps_its_days(desk: Path) -> None:
    (desk / "keylint.toml").write_text(MENDED, encoding="utf-8")
    run("baseline", "create", "--as-of", "2026-11-01")
    assert set(held(desk / FILE)) & {KL101, "KL401/keys.dca/created"} == {"KL401/keys.dca/created"}
    (desk / "keylint.toml").write_text(BAD.replace('custody = "env-file"', 'custody = "hsm"'), encoding="utf-8")
    ran = create("--force")
    assert ran.out.splitlines() == [
        f"+ {KL101}",
        "- KL601/keys.dca/custody (since 2026-11-01)",
        f"{FILE}: 4 entries for 4 findings of keylint.toml",
    ]
    assert {name: entry["since"] for name, entry in held(desk / FILE).items()} == {
        KL101: "2026-11-20",
        "KL102/keys.dca/permissions=futures": "2026-11-01",
        "KL301/keys.dca/ip_allowlist": "2026-11-01",
        "KL401/keys.dca/created": "2026-11-01",
    }


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("folder", "folder: is not an ordinary file; name another with --baseline"),
        ("keylint.toml", "keylint.toml: is the manifest; name another with --baseline"),
        ("none/b.json", "cannot write none/b.json: No such file or directory"),
    ],
)
def test_where_no_baseline_can_lie_none_is_written(desk: Path, place: str, said: str) -> None:
    (desk / "folder").mkdir()
    ran = create("--force", "--baseline", place)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert (desk / "keylint.toml").read_text(encoding="utf-8") == BAD


def test_what_a_waiver_accepts_is_left_to_it_and_what_nobody_accepts_is_said(desk: Path) -> None:
    waiver = '[[waivers]]\nrule = "KL101"\non = "keys.dca"\nreason = "agreed"\nby = "risk"\nuntil = 2026-12-31\n'
    dangling = waiver.replace("keys.dca", "keys.gone")
    (desk / "keylint.toml").write_text(f"{BAD}\n{waiver}\n{dangling}", encoding="utf-8")
    ran = create()
    assert ran.out == f"{FILE}: 4 entries for 4 findings of keylint.toml\n"
    assert "2 findings that nobody may accept are not in it: KL003 (1), KL109 (1)\n" in ran.err
    assert ran.code == 0
    report = check("--show-waived")
    assert report.code == 1
    assert ", 1 waived, 4 in the baseline, " in report.out.splitlines()[-1]


def test_a_single_finding_that_nobody_accepts(desk: Path) -> None:
    (desk / "keylint.toml").write_text(BAD.replace('bot = "dca"', 'bot = "gone"'), encoding="utf-8")
    ran = create()
    assert ran.code == 3  # what hangs on the bot could not be decided
    assert "1 finding that nobody may accept is not in it: KL003 (1)" in ran.err
    assert "could not be decided, and what they would find is not in the baseline: `keylint check` says why" in ran.err


# Where it lies.


def test_the_baseline_lies_beside_its_manifest_unless_somebody_says_otherwise(desk: Path) -> None:
    (desk / "a").mkdir()
    (desk / "keylint.toml").rename(desk / "a" / "desk.toml")
    assert run("baseline", "create", "a/desk.toml", *AS_OF).out.startswith("a/desk.baseline.json: 5 entries")
    assert run("baseline", "prune", "a/desk.toml", *AS_OF).out == "a/desk.baseline.json: 5 entries, none gone\n"
    assert run("baseline", "create", "a/desk.toml", *AS_OF, "--baseline", "b.json").out.startswith("b.json: 5 entries")
    assert sorted(os.listdir(desk)) == ["a", "b.json"]


def test_standard_input_lies_nowhere(desk: Path) -> None:
    ran = run("baseline", "create", "-", *AS_OF, data=BAD.encode())
    assert (ran.code, ran.err) == (
        2,
        "keylint: standard input lies nowhere: say with --baseline where its baseline does\n",
    )
    ran = run("baseline", "create", "-", *AS_OF, "--baseline", "b.json", data=BAD.encode())
    assert ran.out == "b.json: 5 entries for 5 findings of <stdin>\n"


@pytest.mark.parametrize("command", [create, prune])
def test_one_manifest_at_a_time(desk: Path, command: Callable[..., Ran]) -> None:
    for name in ("a", "b"):
        (desk / name).mkdir()
        (desk / name / "keylint.toml").write_text(BAD, encoding="utf-8")
    ran = command(".")
    assert (ran.code, ran.out) == (2, "")
    assert "3 manifests below .; name one: keylint baseline " in ran.err
    (desk / FILE).write_text('{"version": 1, "entries": []}', encoding="utf-8")
    assert "a baseline holds the findings of one manifest, and 3 are judged: name one" in check(".").err


@pytest.mark.parametrize("command", [create, prune])
def test_what_is_no_manifest_has_no_baseline(desk: Path, command: Callable[..., Ran]) -> None:
    ran = command("gone.toml")
    assert ran.code == 2
    assert "gone.toml: there is no such file; " in ran.err
    (desk / "keylint.toml").write_text("version = 2\n", encoding="utf-8")
    ran = command()
    assert (ran.code, ran.out) == (2, "")
    assert "keylint.toml: version must be 1; `keylint check` says where" in ran.err
    assert not (desk / FILE).exists()
    (desk / "keylint.toml").unlink()
    assert "no keylint.toml here" in command().err


def test_a_broken_manifest_is_told_with_its_baseline_too(desk: Path) -> None:
    create()
    (desk / "keylint.toml").write_text("version = 2\n", encoding="utf-8")
    ran = check()
    assert ran.code == 1
    assert "KL002" in ran.out


# What is no baseline, or another's.


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, f"{FILE}: there is no such file; `keylint baseline create` writes one"),
        (b"{", f"{FILE}: is not JSON (line 1, column 2); `keylint baseline create` writes one anew"),
        (b"\xff", f"{FILE}: is not UTF-8; `keylint baseline create` writes one anew"),
        (
            b'{"version": 7}',
            f"{FILE}: is a baseline of another version than 1: judge it with the keylint that wrote it",
        ),
    ],
)
@pytest.mark.parametrize("command", [check, prune])
def test_what_is_no_baseline_stops_the_run(
    desk: Path, data: bytes | None, said: str, command: Callable[..., Ran]
) -> None:
    if data is not None:
        (desk / FILE).write_bytes(data)
    ran = command()
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert faults(ran) == []


def test_a_folder_a_device_and_a_file_that_cannot_be_read_are_no_baseline(desk: Path) -> None:
    (desk / FILE).mkdir()
    assert check().err == f"keylint: {FILE}: is a folder; name a file in it\n"
    ran = run("check", *AS_OF, "--baseline", os.devnull)
    assert ran.code == 2
    assert "is not an ordinary file; write it into one first" in ran.err
    assert run("check", *AS_OF, "--baseline", "").code == 2
    assert run("check", *AS_OF, "--baseline", "a\0b").code == 2


def test_a_file_that_cannot_be_read(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create()
    discover = import_module("keylint.manifest.discover")

    def unreadable(path: str) -> bytes:
        if path == FILE:
            raise discover.Unreadable("Permission denied")
        return Path(path).read_bytes()

    monkeypatch.setattr(discover, "read", unreadable)
    assert check().err == f"keylint: {FILE}: Permission denied\n"


@pytest.mark.parametrize("command", [check, prune])
def test_the_baseline_of_another_manifest_stops_the_run(desk: Path, command: Callable[..., Ran]) -> None:
    create()
    (desk / "keylint.toml").write_text(
        BAD.replace("[keys.dca]", "[keys.other]").replace("[bots.dca]", "[bots.other]"), encoding="utf-8"
    )
    before = (desk / FILE).read_bytes()
    ran = command()
    assert (ran.code, ran.out) == (2, "")
    assert f"{FILE}: nothing that it speaks of is in keylint.toml, so it is the baseline of another manifest" in ran.err
    assert (desk / FILE).read_bytes() == before


# What was judged.


def test_what_was_left_out_is_not_gone(desk: Path) -> None:
    create()
    (desk / "keylint.toml").write_text(MENDED, encoding="utf-8")
    assert check("--ignore", "KL101").code == 0
    assert "KL953" in check("--select", "KL953,KL101").out
    assert "KL953" not in check("--select", "KL953").out


def test_what_came_from_binance_goes_when_binance_says_so(desk: Path) -> None:
    good = (ROOT / "examples" / "first" / "good.toml").read_text(encoding="utf-8")
    state = (ROOT / "examples" / "first" / "good.sandbox.toml").read_text(encoding="utf-8")
    (desk / "keylint.toml").write_text(good, encoding="utf-8")
    (desk / "state.toml").write_text(state, encoding="utf-8")
    ran = run("baseline", "create", *SANDBOX)
    assert ran.out == f"{FILE}: 1 entry for 1 finding of keylint.toml\n"
    assert held(desk / FILE)[KL101]["sides"] == ["live"]
    options = ("--baseline", FILE, "--format", "concise")
    assert "clean, 1 finding in the baseline; the sandbox" in run("check", *SANDBOX, *options).out

    # Offline nothing is known of it.
    assert check().code == 0
    assert prune().out == f"{FILE}: 1 entry, none gone; 1 of them could not be judged in this run, and stay\n"

    (desk / "state.toml").write_text(state.replace(', "withdraw"', ""), encoding="utf-8")
    assert "KL953" in run("check", *SANDBOX, *options).out
    assert run("observe", "-o", "seen.json", *SANDBOX).code == 0
    seen = ("--evidence", "seen.json", "--as-of", "2026-11-20T13:00:00Z")
    assert run("baseline", "prune", *seen).out.endswith(f"{FILE}: 1 of 1 entry is gone, 0 left\n")
    assert held(desk / FILE) == {}


def test_options_that_say_how_to_ask_do_nothing_where_nobody_is_asked(desk: Path) -> None:
    ran = create("--activity")
    assert (ran.code, ran.out) == (2, "")
    assert "--activity" in ran.err


def test_an_entry_whose_rule_is_not_loaded_stays(desk: Path) -> None:
    create()
    change(
        desk / FILE,
        lambda entries: entries.append({**entries[0], "code": "ACME001", "fingerprint": "ACME001/keys.dca/x"}),
    )
    assert check().code == 0
    assert "5 of them" not in prune().out
    assert "ACME001/keys.dca/x" in held(desk / FILE)


def test_a_plugin_that_does_not_load_stops_it(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = import_module("keylint.plugins")

    def broken(**_: object) -> object:
        raise plugins.BrokenPlugin("acme 1 brings no rules")

    monkeypatch.setattr(plugins, "load", broken)
    assert create() == Ran(2, "", "keylint: acme 1 brings no rules\n")


# An organisation's policy.

POLICY = """\
version = 1
unwaivable = ["KL101", "KL3"]

[policy]
rotation = { max_age_days = 60 }
waiver = { max_days = 30 }

[severity]
KL601 = "error"
"""


def under(*options: str) -> Ran:
    return run("check", *AS_OF, "--policy", "org.toml", "--format", "concise", *options)


def test_a_manifest_is_held_to_the_organisation_s_policy(desk: Path) -> None:
    (desk / "org.toml").write_text(POLICY, encoding="utf-8")
    waiver = '[[waivers]]\nrule = "KL101"\non = "keys.dca"\nreason = "agreed"\nby = "risk"\nuntil = 2026-12-31\n'
    policy = "\n[policy]\nrotation = { max_age_days = 365, limit_days = 400 }\n"
    (desk / "keylint.toml").write_text(f"{BAD}{policy}\n{waiver}", encoding="utf-8")
    ran = under("--output", "json=r.json")
    assert ran.code == 1
    told = {it["code"]: it for it in valid_report(ran.files["r.json"])["findings"]}
    assert list(told) == ["KL301", "KL102", "KL101", "KL401", "KL601", "KL954", "KL951", "KL952"]
    assert "the policy allows 60" in told["KL401"]["message"]
    assert "the policy allows 30" in told["KL952"]["message"]
    assert told["KL601"]["severity"] == "error"
    assert told["KL951"]["message"] == "waivers[0] waives nothing: KL101 cannot be waived"
    assert told["KL954"]["message"] == (
        "policy.rotation sets max_age_days to 365; the organisation's policy has 60 at most, and that counts"
    )
    assert told["KL954"]["path"] == "policy.rotation.max_age_days"
    assert (told["KL954"]["start"], told["KL954"]["severity"]) == ({"line": 22, "column": 29}, "error")


def test_no_baseline_takes_in_what_the_organisation_lets_nobody_accept(desk: Path) -> None:
    (desk / "org.toml").write_text(POLICY, encoding="utf-8")
    create()
    ran = under("--baseline", FILE)
    assert [line.split()[1] for line in ran.out.splitlines()[:-1]] == ["KL953", "KL953", "KL301", "KL101"]
    assert "and KL101 cannot be accepted" in ran.out
    assert prune("--policy", "org.toml").out.endswith(f"{FILE}: 2 of 5 entries are gone, 3 left\n")
    again = create("--policy", "org.toml", "--force")
    assert again.out == f"{FILE}: 3 entries for 3 findings of keylint.toml\n"
    assert again.err == "keylint: 2 findings that nobody may accept are not in it: KL101 (1), KL301 (1)\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, ["org.toml: there is no such file; `keylint schema policy` says what stands in a policy file"]),
        ("version = 3\n", ["org.toml:1:11: version must be 1"]),
        (
            'version = 1\nrequired_plugins = ["acme-key-rules>=1.2"]\n',
            [
                (
                    "org.toml:2:21: required_plugins[0] asks for the plugin acme-key-rules>=1.2, which is not "
                    "installed beside keylint: pip install 'acme-key-rules>=1.2'"
                )
            ],
        ),
        (
            'version = 1\nunwaivable = ["KL9999"]\n[severity]\nKL101 = "note"\n',
            [
                "org.toml:2:15: unwaivable[0] names no rule that is loaded, KL9999; did you mean KL909?",
                (
                    'org.toml:4:9: severity.KL101 lowers KL101, which is "error" by itself; '
                    "a policy raises severities and lowers none"
                ),
            ],
        ),
    ],
)
@pytest.mark.parametrize("command", [under, create])
def test_what_is_no_policy_stops_the_run(
    desk: Path, text: str | None, said: list[str], command: Callable[..., Ran]
) -> None:
    if text is not None:
        (desk / "org.toml").write_text(text, encoding="utf-8")
    ran = command("--policy", "org.toml")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [f"keylint: {line}" for line in said]


def test_a_policy_may_name_rules_of_the_live_side_in_an_offline_run(desk: Path) -> None:
    (desk / "org.toml").write_text(
        'version = 1\nunwaivable = ["KL905", "key-not-found"]\n[severity]\nKL906 = "error"\n', encoding="utf-8"
    )
    assert under().code == 1


def test_several_manifests_are_held_to_one_policy(desk: Path) -> None:
    (desk / "org.toml").write_text("version = 1\npolicy.rotation.warn_days = 20\n", encoding="utf-8")
    for name in ("a", "b"):
        (desk / f"{name}.toml").write_text("version = 1\npolicy.rotation.warn_days = 10\n", encoding="utf-8")
    ran = under("a.toml", "b.toml", "--select", "KL954")
    assert [line.split(":")[0] for line in ran.out.splitlines()[:-1]] == ["a.toml", "b.toml"]


@pytest.mark.parametrize(
    ("options", "modules"),
    [
        (("--policy", "accepted.policy.toml"), {"keylint.manifest.organisation", "keylint.manifest.strictness"}),
        (("--baseline", "accepted.baseline.json"), {"keylint.baseline"}),
    ],
)
def test_a_good_policy_and_a_baseline_import_nothing_dear(options: tuple[str, ...], modules: set[str]) -> None:
    probe = (
        "import sys; before = set(sys.modules); from keylint.cli import run; code = run(sys.argv[1:]); "
        "print(code, *sorted(set(sys.modules) - before), file=sys.stderr)"
    )
    command = [sys.executable, "-I", "-c", probe, "check", "accepted.toml", *AS_OF, *options]
    done = subprocess.run(command, cwd=ROOT / "examples" / "museum", capture_output=True, text=True, check=True)
    code, *imported = done.stderr.split()
    assert code == "1"
    assert modules <= set(imported)
    assert not {"jsonschema", "requests", "ssl", "socket", "keylint.live", "keylint.sandbox"} & set(imported)
