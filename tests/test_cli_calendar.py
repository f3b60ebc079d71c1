"""`keylint calendar`, run as a person would: what it writes and where, and what it says when it cannot."""

from pathlib import Path

import pytest
from strategies import AS_OF, faults
from strategies import keylint as run

MANIFEST = """\
version = 1
[accounts.main]
two_factor = { methods = ["passkey"], attested = 2026-05-01, by = "me" }
withdrawal_allowlist = { enabled = true, attested = 2026-11-01, by = "me" }
[bots.dca]
kind = "spot"
[keys.dca]
bot = "dca"
type = "ed25519"
permissions = ["read", "spot"]
created = 2026-11-01
"""


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest, in which the program runs."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("keylint.toml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


def test_a_person_sees_what_is_due() -> None:
    ran = run("calendar", *AS_OF)
    assert (ran.code, ran.err) == (0, "")
    assert (
        ran.out
        == """\
keylint.toml as of 2026-11-20: 4 due dates, 1 overdue

2026-10-28  23 days late  attest the second factor of accounts.main
                          attested 2026-05-01 by me; the policy allows 180 days
2026-12-02    in 12 days  review keys.dca
                          created 2026-11-01, and not reviewed since; the policy
                          allows 31 days
2027-01-30    in 71 days  rotate keys.dca
                          created 2026-11-01; the policy allows 90 days
2027-04-30   in 161 days  attest the withdrawal allowlist of accounts.main
                          attested 2026-11-01 by me; the policy allows 180 days
"""
    )


def test_a_file_that_ends_in_ics_is_a_calendar() -> None:
    ran = run("calendar", *AS_OF, "-o", "due.ics", "--name", "desk, ours")
    assert (ran.code, ran.out, ran.err) == (0, "", "4 due dates written to due.ics\n")
    data = Path("due.ics").read_bytes()
    assert data.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert data.count(b"BEGIN:VEVENT\r\n") == 4
    assert b"X-WR-CALNAME:desk\\, ours\r\n" in data
    assert data == run("calendar", *AS_OF, "--format", "ics", "--name", "desk, ours").out.encode()
    assert run("calendar", *AS_OF, "-o", "due.txt").code == 0
    assert Path("due.txt").read_text(encoding="utf-8") == run("calendar", *AS_OF).out


def test_the_same_moment_writes_the_same_bytes() -> None:
    first = run("calendar", "--format", "ics", "--as-of", "2026-11-20T09:30:00+02:00").out
    assert first == run("calendar", "--format", "ics", "--as-of", "2026-11-20T07:30:00Z").out
    assert "DTSTAMP:20261120T073000Z" in first


def test_what_is_there_stays_unless_force_says_so() -> None:
    Path("due.ics").write_text("mine", encoding="utf-8")
    ran = run("calendar", *AS_OF, "-o", "due.ics")
    assert (ran.code, ran.out) == (2, "")
    assert "due.ics is there already" in ran.err
    assert Path("due.ics").read_text(encoding="utf-8") == "mine"
    assert run("calendar", *AS_OF, "-o", "due.ics", "--force").code == 0
    assert Path("due.ics").read_text(encoding="utf-8").startswith("BEGIN:VCALENDAR")
    assert [it.name for it in sorted(Path().iterdir())] == ["due.ics", "keylint.toml"]


def test_what_has_no_day_is_said_beside_the_calendar() -> None:
    Path("keylint.toml").write_text(MANIFEST + "[providers.fastbot]\n", encoding="utf-8")
    ran = run("calendar", *AS_OF, "--format", "ics")
    assert (ran.code, ran.err) == (0, "keylint: not in the calendar: providers.fastbot was never vetted\n")


def test_a_reference_that_leads_nowhere_is_undecided() -> None:
    Path("keylint.toml").write_text(f'{MANIFEST}replaced_by = "new"\n', encoding="utf-8")
    for form in ("text", "ics"):
        ran = run("calendar", *AS_OF, "--format", form)
        assert ran.code == 3
        assert "keys.dca names keys that are not in the manifest: new" in " ".join(ran.everything.split())


def test_an_empty_calendar_is_refused() -> None:
    Path("keylint.toml").write_text("version = 1\n", encoding="utf-8")
    ran = run("calendar", *AS_OF, "-o", "due.ics")
    assert ran.code == 2
    assert "nothing has a due date" in ran.err
    assert not Path("due.ics").exists()
    assert run("calendar", *AS_OF).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.toml",), "nowhere.toml"),
        (("-o", "nowhere/due.ics"), "cannot write nowhere/due.ics"),
        (("-o", "."), "is a folder"),
        (("--as-of", "soon"), "is neither a day"),
        (("broken.toml",), "broken.toml:1:"),
        (("wrong.toml",), "`keylint check` says where"),
        (("two",), "2 manifests below two; name one: keylint calendar PATH"),
        (("empty",), "no keylint.toml below empty"),
    ],
)
def test_bad_input_is_said_and_nothing_is_written(arguments: tuple[str, ...], said: str) -> None:
    Path("broken.toml").write_text("version = = 1\n", encoding="utf-8")
    Path("wrong.toml").write_text(f"{MANIFEST}[kyes.x]\n", encoding="utf-8")
    Path("empty").mkdir()
    for name in ("a", "b"):
        (Path("two") / name).mkdir(parents=True)
        (Path("two") / name / "keylint.toml").write_text(MANIFEST, encoding="utf-8")
    before = sorted(map(str, Path().rglob("*")))
    ran = run("calendar", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert faults(ran) == []
    assert sorted(map(str, Path().rglob("*"))) == before


def test_standard_input_is_a_manifest_too() -> None:
    ran = run("calendar", "-", *AS_OF, data=MANIFEST.encode())
    assert ran.code == 0
    assert ran.out.startswith("<stdin> as of 2026-11-20: 4 due dates")


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" in run("calendar", *AS_OF, terminal=True).out
    assert "\x1b[" not in run("calendar", *AS_OF).out
    assert "\x1b[" in run("calendar", *AS_OF, "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("calendar", *AS_OF).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("calendar", *AS_OF, terminal=True).out
    run("calendar", *AS_OF, "-o", "due.txt", "--color", "always")
    assert "\x1b[" not in Path("due.txt").read_text(encoding="utf-8")
