"""The program as a person uses it: arguments in; what is printed, what is written, and the exit code, out."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from jsonschema import Draft7Validator
from strategies import AS_OF, ROOT, Ran, is_loaded, raw_controls, registry, valid_report
from strategies import keylint as run

from keylint import __version__, api, plugins
from keylint.cli import COMMANDS, stream

GOOD = (ROOT / "examples" / "first" / "good.toml").read_text(encoding="utf-8")
CAN_WITHDRAW = GOOD.replace('["read", "spot"]', '["read", "spot", "withdraw"]')
NO_TOML = "version = = 1\n"
ONLY = ("--select", "KL101", *AS_OF)
"""One rule alone, so that what is printed here does not depend on which others there are."""

FINDING = "KL101 keys.dca can withdraw (declared)"
LIVE = "live state was not looked at"


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the program runs."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write(path: Path, text: str = GOOD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def said(text: str) -> str:
    """What was printed, without regard to where lines were broken."""
    return " ".join(text.split())


def looked_at(*paths: str, arguments: tuple[str, ...] = ()) -> list[str]:
    """The manifests that were judged."""
    ran = run("check", *paths, *ONLY, "--format", "json", *arguments)
    return list(valid_report(ran.out)["looked_at"]["manifests"])


def rule(check: Callable[..., Any], code: str = "KL998", severity: api.Severity = api.Severity.WARNING) -> api.KeyRule:
    return api.KeyRule(code, f"made-up-{code[-3:]}", "A rule of this test", severity, check)


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the rules that are loaded."""

    def only(*chosen: api.Rule) -> None:
        names = {word: rule.code for rule in chosen for word in (rule.code, rule.name)}
        found = plugins.Registry((plugins.Pack("made-up", "1", chosen),), chosen, names)
        for module in ("cli.rule", "cli.rules", "cli.plugins", "plugins"):
            monkeypatch.setattr(f"keylint.{module}.load", lambda **_: found)

    return only


# What the exit code says.


def test_a_clean_manifest_ends_with_0_and_says_what_was_not_looked_at(desk: Path) -> None:
    write(desk / "keylint.toml")
    ran = run("check", *ONLY)
    assert (ran.code, ran.err) == (0, "")
    assert said(ran.out).startswith("keylint.toml: ")
    assert said(ran.out).endswith(LIVE)


def test_findings_end_with_1(desk: Path) -> None:
    write(desk / "keylint.toml", CAN_WITHDRAW)
    ran = run("check", *ONLY, "--format", "concise")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines()[0] == f"keylint.toml:16:32: {FINDING}"


def test_what_could_not_be_decided_ends_with_3_and_is_said_to_be_incomplete(
    desk: Path, rules: Callable[..., None]
) -> None:
    def undecided(_key: api.Key, _ctx: api.Context) -> NoReturn:
        raise api.Undecided("unknown-reference", "nobody knows")

    rules(rule(undecided))
    write(desk / "keylint.toml")
    ran = run("check", *AS_OF)
    assert (ran.code, ran.err) == (3, "")
    assert "keylint.toml: keys.dca: nobody knows" in said(ran.out)
    assert "incomplete: keylint.toml" in ran.out


def test_findings_beside_what_is_undecided_end_with_1_and_are_said_to_be_incomplete(
    desk: Path, rules: Callable[..., None]
) -> None:
    def undecided(_key: api.Key, _ctx: api.Context) -> NoReturn:
        raise api.Undecided("unknown-reference", "nobody knows")

    rules(rule(undecided), rule(lambda key, _ctx: api.Finding(key.at("type"), "is bad", "mend it"), "KL999"))
    write(desk / "keylint.toml")
    ran = run("check", *AS_OF)
    assert ran.code == 1
    assert "incomplete: keylint.toml" in ran.out


def test_a_rule_that_crashes_is_an_unknown_and_never_a_pass(desk: Path, rules: Callable[..., None]) -> None:
    rules(rule(lambda key, _ctx: key.label.secret))
    write(desk / "keylint.toml")
    ran = run("check", *AS_OF, "--format", "json")
    assert ran.code == 3
    [unknown] = valid_report(ran.out)["unknown"]
    assert unknown["reason"] == "rule-crashed"
    assert "home-spot-dca" not in ran.out


@pytest.mark.parametrize(
    ("fail_on", "severity", "code"),
    [
        ("note", "note", 1),
        ("warning", "note", 0),
        ("warning", "warning", 1),
        ("error", "warning", 0),
        ("error", "error", 1),
        (None, "warning", 1),
        (None, "note", 0),
    ],
)
def test_fail_on_says_from_which_severity_a_run_fails(
    desk: Path, rules: Callable[..., None], fail_on: str | None, severity: str, code: int
) -> None:
    rules(rule(lambda key, _ctx: api.Finding(key.at("type"), "is bad", "mend it"), severity=api.Severity(severity)))
    write(desk / "keylint.toml")
    ran = run("check", *AS_OF, *(() if fail_on is None else ("--fail-on", fail_on)))
    assert ran.code == code
    assert "keys.dca is bad" in ran.out


def test_a_broken_plugin_stops_the_run(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> NoReturn:
        raise plugins.BrokenPlugin("acme 1.0 cannot be imported")

    monkeypatch.setattr(plugins, "load", broken)
    write(desk / "keylint.toml")
    assert run("check") == Ran(2, "", "keylint: acme 1.0 cannot be imported\n")


def test_an_error_of_keylints_own_is_said_without_a_traceback_and_is_no_pass(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keylint.gate.apply", lambda *_: {"": ""}["a secret"])
    write(desk / "keylint.toml")
    ran = run("check")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("keylint: internal error: KeyError at test_cli.py:")
    assert "secret" not in ran.err


def test_an_interrupt_is_said_and_is_no_pass(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("keylint.gate.apply", interrupted)
    write(desk / "keylint.toml")
    assert run("check") == Ran(2, "", "\nkeylint: interrupted; nothing more was judged\n")  # ^C stands before it


# Which manifests are judged.


def test_without_a_path_the_nearest_manifest_above_is_judged(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / ".git").mkdir()
    write(desk / "keylint.toml")
    write(desk / "near" / "keylint.toml")
    (desk / "near" / "deep" / "deeper").mkdir(parents=True)
    monkeypatch.chdir(desk / "near" / "deep" / "deeper")
    assert looked_at() == ["../../keylint.toml"]


def test_the_search_upwards_stops_at_the_root_of_the_repository(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(desk / "keylint.toml")
    (desk / "repository" / ".git").mkdir(parents=True)
    (desk / "repository" / "sub").mkdir()
    monkeypatch.chdir(desk / "repository" / "sub")
    ran = run("check")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "keylint: no keylint.toml here or above, up to the repository's root; name one: `keylint check PATH`\n"
    )


def test_a_worktree_whose_git_is_a_file_is_a_repository_too(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(desk / "tree" / ".git", "gitdir: elsewhere\n")
    write(desk / "tree" / "keylint.toml")
    (desk / "tree" / "sub").mkdir()
    monkeypatch.chdir(desk / "tree" / "sub")
    assert looked_at() == ["../keylint.toml"]


def test_outside_of_a_repository_only_this_folder_is_looked_at(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(desk / "keylint.toml")
    (desk / "sub").mkdir()
    assert looked_at() == ["keylint.toml"]
    monkeypatch.chdir(desk / "sub")
    ran = run("check")
    assert ran.code == 2
    assert "no keylint.toml here, and this is no git repository" in ran.err


def test_a_folder_means_every_manifest_below_it_in_the_order_of_their_paths(desk: Path) -> None:
    for name in ("b", "a", "a/c"):
        write(desk / name / "keylint.toml")
    write(desk / "a" / "other.toml", NO_TOML)
    write(desk / "a" / "Keylint.toml.bak", NO_TOML)
    assert looked_at(".") == ["a/keylint.toml", "a/c/keylint.toml", "b/keylint.toml"]
    assert looked_at("a") == ["a/keylint.toml", "a/c/keylint.toml"]


def test_dot_git_is_not_searched_and_links_to_folders_are_not_followed(desk: Path) -> None:
    write(desk / "keylint.toml")
    write(desk / ".git" / "keylint.toml", NO_TOML)
    write(desk.parent / "elsewhere" / "keylint.toml", NO_TOML)
    (desk / "link").symlink_to(desk.parent / "elsewhere")
    (desk / "loop").symlink_to(desk)
    assert looked_at(".") == ["keylint.toml"]


def test_a_folder_without_a_manifest_is_said_and_is_no_pass(desk: Path) -> None:
    (desk / "empty").mkdir()
    assert run("check", "empty") == Ran(2, "", "keylint: no keylint.toml below empty\n")


def test_a_folder_that_cannot_be_listed_is_said_and_is_no_pass(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(desk / "keylint.toml")
    (desk / "closed").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if os.path.basename(path) == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    ran = run("check", ".")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "keylint: the folder closed cannot be read: Permission denied\n"


IGNORES = {
    # what it holds: the .gitignore files by folder; which of a/, a/b/ and c/ are left out
    "a folder": ({"": "a/\n"}, ["a", "a/b"]),
    "a folder, from its top": ({"": "/a/b\n"}, ["a/b"]),
    "every manifest but one": ({"": "keylint.toml\n!/c/keylint.toml\n"}, ["a", "a/b"]),
    "a nested file takes it back": ({"": "keylint.toml\n", "a": "!keylint.toml\n"}, ["c"]),
    "a nested file alone": ({"a": "b/\n"}, ["a/b"]),
    "a nested file speaks of its own folder": ({"c": "/a\n"}, []),
    "a pattern with stars": ({"": "**/b/*.toml\n"}, ["a/b"]),
    "comments and empty lines": ({"": "# a/\n\n   \n"}, []),
    "bytes that are no UTF-8": ({"": "\udcff\nc/\n"}, ["c"]),
}


@pytest.mark.parametrize("name", IGNORES)
def test_what_git_ignores_is_left_out_and_that_is_said(desk: Path, name: str) -> None:
    files, left_out = IGNORES[name]
    (desk / ".git").mkdir()
    folders = ["a", "a/b", "c"]
    for folder in folders:
        write(desk / folder / "keylint.toml")
    for folder, text in files.items():
        (desk / folder / ".gitignore").write_bytes(text.encode(errors="surrogateescape"))
    ran = run("check", ".", *ONLY, "--format", "json")
    judged = [f"{folder}/keylint.toml" for folder in folders if folder not in left_out]
    assert valid_report(ran.out)["looked_at"]["manifests"] == judged
    assert ran.err == "".join(
        f"keylint: {folder}/keylint.toml is ignored by git and was left out; name it to judge it\n"
        for folder in folders
        if folder in left_out
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="asks git itself")
@pytest.mark.parametrize("name", IGNORES)
def test_nothing_is_left_out_that_git_does_not_ignore(desk: Path, name: str) -> None:
    files, left_out = IGNORES[name]
    git = ("git", "-c", "core.excludesFile=/dev/null")
    subprocess.run([*git, "init", "--quiet"], check=True)
    for folder in ("a/b", "c"):
        (desk / folder).mkdir(parents=True)
    for folder, text in files.items():
        (desk / folder / ".gitignore").write_bytes(text.encode(errors="surrogateescape"))
    for folder in left_out:
        assert subprocess.run([*git, "check-ignore", "-q", f"{folder}/keylint.toml"], check=False).returncode == 0


def test_a_gitignore_above_the_given_folder_counts_within_the_repository(desk: Path) -> None:
    write(desk / ".gitignore", "keylint.toml\n")  # outside of the repository: it is not asked
    (desk / "repository" / ".git").mkdir(parents=True)
    write(desk / "repository" / ".gitignore", "old/\n")
    write(desk / "repository" / "desks" / "old" / "keylint.toml")
    write(desk / "repository" / "desks" / "new" / "keylint.toml")
    assert looked_at("repository/desks") == ["repository/desks/new/keylint.toml"]


def test_where_git_ignores_every_manifest_there_is_none_and_that_is_no_pass(desk: Path) -> None:
    (desk / ".git").mkdir()
    write(desk / ".gitignore", "keylint.toml\n")
    write(desk / "keylint.toml")
    ran = run("check", ".")
    assert (ran.code, ran.out) == (2, "")
    assert "no keylint.toml that git does not ignore below ." in ran.err


def test_a_manifest_that_is_named_is_judged_even_if_git_ignores_it(desk: Path) -> None:
    (desk / ".git").mkdir()
    write(desk / ".gitignore", "keylint.toml\n")
    write(desk / "keylint.toml")
    assert looked_at("keylint.toml") == ["keylint.toml"]
    assert looked_at() == ["keylint.toml"]


def test_a_manifest_may_have_any_name(desk: Path) -> None:
    write(desk / "desk-a.toml")
    assert looked_at("desk-a.toml") == ["desk-a.toml"]


def test_of_several_files_one_that_cannot_be_read_does_not_hide_the_others(desk: Path) -> None:
    write(desk / "bad.toml", CAN_WITHDRAW)
    ran = run("check", "bad.toml", "gone.toml", *ONLY, "--format", "concise")
    assert ran.code == 2
    assert ran.out.splitlines()[0] == f"bad.toml:16:32: {FINDING}"
    assert ran.err == (
        "keylint: gone.toml: there is no such file; `keylint check FOLDER` judges every manifest below a folder\n"
    )


def test_where_no_file_can_be_read_nothing_is_reported(desk: Path) -> None:
    ran = run("check", "gone.toml", "--format", "json", "--output", "json=report.json")
    assert (ran.code, ran.out, dict(ran.files)) == (2, "", {})


def test_a_file_that_is_named_twice_is_judged_once(desk: Path) -> None:
    write(desk / "keylint.toml")
    assert looked_at("keylint.toml", "./keylint.toml", str(desk / "keylint.toml"), ".", "../desk") == ["keylint.toml"]


def test_a_name_is_shown_relative_to_the_current_folder(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(desk / "a" / "keylint.toml")
    (desk / "b").mkdir()
    assert looked_at(str(desk / "a" / "keylint.toml")) == ["a/keylint.toml"]
    monkeypatch.chdir(desk / "b")
    assert looked_at(str(desk / "a")) == ["../a/keylint.toml"]


def test_a_dash_means_standard_input(desk: Path) -> None:
    ran = run("check", "-", *ONLY, "--format", "concise", data=CAN_WITHDRAW.encode())
    assert ran.code == 1
    assert ran.out.splitlines()[0] == f"<stdin>:16:32: {FINDING}"


def test_standard_input_is_called_what_stdin_filename_says(desk: Path) -> None:
    arguments = ("--stdin-filename", "desks/a.toml", "--format", "concise")
    ran = run("check", "-", *ONLY, *arguments, data=CAN_WITHDRAW.encode())
    assert ran.out.splitlines()[0] == f"desks/a.toml:16:32: {FINDING}"


def test_two_manifests_of_one_name_are_told_apart(desk: Path) -> None:
    write(desk / "a.toml", CAN_WITHDRAW)
    arguments = ("check", "-", "a.toml", "--stdin-filename", "a.toml", *ONLY)
    ran = run(*arguments, "--format", "json", data=f"\n{CAN_WITHDRAW}".encode())
    report = valid_report(ran.out)
    assert report["looked_at"]["manifests"] == ["a.toml", "a.toml (2)"]
    assert [(it["file"], it["start"]["line"]) for it in report["findings"]] == [("a.toml", 17), ("a.toml (2)", 16)]
    text = run(*arguments, data=f"\n{CAN_WITHDRAW}".encode()).out
    assert text.count("keys.dca can withdraw") == 2


def test_standard_input_is_read_once_and_beside_files(desk: Path) -> None:
    write(desk / "keylint.toml")
    ran = run("check", "-", "keylint.toml", "-", *ONLY, "--format", "json", data=GOOD.encode())
    assert valid_report(ran.out)["looked_at"]["manifests"] == ["<stdin>", "keylint.toml"]


# Which rules judge.


@pytest.fixture
def three_rules(rules: Callable[..., None]) -> None:
    """TST101 first-rule, TST102 second-rule and TST201 third-rule, each of which finds something in every key."""

    def found(key: api.Key, _ctx: api.Context) -> api.Finding:
        return api.Finding(key.at("type"), "is bad", "mend it")

    rules(
        *(
            api.KeyRule(code, name, "A rule of this test", api.Severity.ERROR, found)
            for code, name in [("TST101", "first-rule"), ("TST102", "second-rule"), ("TST201", "third-rule")]
        )
    )


@pytest.mark.usefixtures("three_rules")
@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ([], "101 102 201"),
        (["--select", "TST101"], "101"),
        (["--select", "first-rule"], "101"),
        (["--select", "TST101,third-rule"], "101 201"),
        (["--select", " TST101 , TST102 ,"], "101 102"),
        (["--select", "TST101", "--select", "TST201"], "101 201"),
        (["--select", "TST1"], "101 102"),
        (["--select", "TST"], "101 102 201"),
        (["--select", "ALL"], "101 102 201"),
        (["--select", ""], "101 102 201"),
        (["--select", "TST1", "--ignore", "TST101"], "102"),
        (["--select", "TST101", "--ignore", "TST1"], "101"),
        (["--select", "TST101", "--ignore", "TST101"], ""),
        (["--ignore", "TST1"], "201"),
        (["--ignore", "ALL"], ""),
        (["--ignore", "ALL", "--select", "third-rule"], "201"),
        (["--select", "TST2", "--extend-select", "first-rule"], "101 201"),
        (["--extend-select", "TST101"], "101 102 201"),
        (["--ignore", "TST1", "--extend-select", "TST102"], "102 201"),
    ],
)
def test_rules_are_chosen_by_code_prefix_or_name_and_the_longer_one_wins(
    desk: Path, options: list[str], codes: str
) -> None:
    write(desk / "keylint.toml")
    report = valid_report(run("check", *AS_OF, "--format", "json", *options).out)
    assert [finding["code"] for finding in report["findings"]] == [f"TST{code}" for code in codes.split()]


@pytest.mark.usefixtures("three_rules")
@pytest.mark.parametrize("option", ["--select", "--ignore", "--extend-select"])
@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("TST109", "did you mean TST10"),
        ("tst101", "did you mean TST101?"),
        ("frist-rule", "did you mean first-rule?"),
        ("TST101,secnd-rule", "did you mean second-rule?"),
        ("qqqqq", "`keylint rules` lists them all"),
        ("*", "`keylint rules` lists them all"),
    ],
)
def test_a_word_that_no_rule_answers_to_stops_the_run_and_is_said_with_the_nearest(
    desk: Path, option: str, word: str, hint: str
) -> None:
    write(desk / "keylint.toml")
    ran = run("check", option, word)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"keylint: no rule answers to {word.rsplit(',', maxsplit=1)[-1]!r}; ")
    assert hint in ran.err


@pytest.mark.skipif(not is_loaded("KL001", "KL002"), reason="these two rules are not there yet")
@pytest.mark.parametrize("word", ["KL001", "syntax-error", "KL002", "schema-violation"])
def test_what_finds_a_manifest_unreadable_cannot_be_ignored(desk: Path, word: str) -> None:
    write(desk / "keylint.toml")
    ran = run("check", "--ignore", word)
    assert ran.code == 2
    assert f"{word} cannot be ignored" in ran.err


@pytest.mark.skipif(not is_loaded("KL001", "KL002"), reason="these two rules are not there yet")
@pytest.mark.parametrize("options", [["--ignore", "KL"], ["--ignore", "ALL"], ["--select", "KL101"]])
def test_what_finds_a_manifest_unreadable_is_always_judged(desk: Path, options: list[str]) -> None:
    write(desk / "keylint.toml", NO_TOML)
    assert run("check", *options).code == 1
    write(desk / "keylint.toml", "version = 2\n")
    assert run("check", *options).code == 1


# When it is.


@pytest.mark.parametrize(
    ("moment", "instant"),
    [
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T09:30:00Z", "2026-11-20T09:30:00Z"),
        ("2026-11-20T09:30", "2026-11-20T09:30:00Z"),
        ("2026-11-20T23:30:00-05:00", "2026-11-21T04:30:00Z"),
        ("2026-11-20 01:00+02:00", "2026-11-19T23:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_as_of_takes_a_day_or_an_instant_in_any_zone(desk: Path, moment: str, instant: str) -> None:
    write(desk / "keylint.toml")
    assert valid_report(run("check", "--as-of", moment, "--format", "json").out)["as_of"] == instant


@pytest.mark.parametrize(
    "moment",
    [
        *(
            "yesterday",
            "2026-02-30",
            "2026-13-01",
            "20-11-2026",
            "2026-11-20T25:00",
            "",
            "0",
            "1e9",
            "2026-11-20T09:30+99:99",
        ),
        *("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "10000-01-01", "-0001-01-01", "2026-11-20\x1b[31m"),
    ],
)
def test_as_of_refuses_what_is_no_moment(desk: Path, moment: str) -> None:
    write(desk / "keylint.toml")
    ran = run("check", f"--as-of={moment}")
    assert (ran.code, ran.out) == (2, "")
    assert "is neither a day such as 2026-11-20 nor an instant such as 2026-11-20T09:30:00Z" in ran.err
    assert raw_controls(ran.err) == []


def test_without_as_of_it_is_now(desk: Path) -> None:
    write(desk / "keylint.toml")
    today = valid_report(run("check", "--format", "json").out)["as_of"]
    assert today > "2026"
    assert today.endswith("Z")


# What is printed.


@pytest.mark.parametrize("name", ["text", "concise", "json", "github"])
def test_every_format_says_what_was_found_and_ends_with_a_line_end(desk: Path, name: str) -> None:
    write(desk / "keylint.toml", CAN_WITHDRAW)
    ran = run("check", *ONLY, "--format", name)
    assert ran.code == 1
    assert "keys.dca can withdraw" in ran.out
    assert ran.out.endswith("\n")
    assert not ran.out.endswith("\n\n")


def test_json_is_what_its_schema_says(desk: Path) -> None:
    write(desk / "keylint.toml", CAN_WITHDRAW)
    report = valid_report(run("check", *ONLY, "--format", "json").out)
    nothing: dict[str, object] = {"live": False, "asked": None, "evidence": [], "keys_answered": None, "remarks": []}
    assert report["looked_at"] == {"manifests": ["keylint.toml"], **nothing}
    [finding] = [finding for finding in report["findings"] if finding["code"] == "KL101"]
    assert finding["start"] == {"line": 16, "column": 32}
    assert finding["path"] == "keys.dca.permissions[2]"
    assert finding["observed_at"] is None


def test_quiet_prints_findings_and_unknowns_and_no_summary(desk: Path) -> None:
    write(desk / "keylint.toml")
    assert run("check", *ONLY, "-q") == Ran(0, "", "")
    write(desk / "keylint.toml", CAN_WITHDRAW)
    for name in ("text", "concise", "github"):
        ran = run("check", *ONLY, "--quiet", "--format", name)
        assert ran.code == 1
        assert "can withdraw" in ran.out
        assert LIVE not in said(ran.out)


@pytest.mark.usefixtures("three_rules")
@pytest.mark.parametrize("name", ["text", "concise", "github"])
def test_statistics_count_the_findings_of_each_rule_most_first(desk: Path, name: str) -> None:
    write(desk / "keylint.toml", f'{GOOD}\n[keys.two]\ntype = "rsa"\npermissions = []\ncreated = 2026-11-01\n')
    out = run("check", *AS_OF, "--statistics", "--format", name, "--ignore", "TST2").out
    assert "    2  TST101  first-rule\n    2  TST102  second-rule\n" in out


WAIVED = f"""{CAN_WITHDRAW}
[[waivers]]
rule = "withdrawals-enabled"
on = "keys.dca"
reason = "the payout bot"
by = "risk"
until = 2026-12-31
"""


@pytest.mark.parametrize("name", ["text", "concise"])
def test_a_waived_finding_is_counted_and_shown_where_asked_for(desk: Path, name: str) -> None:
    write(desk / "keylint.toml", WAIVED)
    quiet = run("check", *ONLY, "--format", name)
    assert quiet.code == 0
    assert "keys.dca can withdraw" not in quiet.out
    assert "1 finding waived" in said(quiet.out)
    shown = run("check", *ONLY, "--format", name, "--show-waived")
    assert shown.code == 0
    assert "keys.dca can withdraw" in shown.out
    assert "2026-12-31" in shown.out


def test_a_waiver_holds_on_its_last_day_and_not_on_the_next(desk: Path) -> None:
    write(desk / "keylint.toml", WAIVED)
    only = ("check", "--select", "KL101", "--format", "json", "--as-of")
    assert run(*only, "2026-12-31T23:59:59Z").code == 0
    ran = run(*only, "2027-01-01")
    assert ran.code == 1
    [finding] = [finding for finding in valid_report(ran.out)["findings"] if finding["code"] == "KL101"]
    assert finding["message"].endswith("; its waiver ended on 2026-12-31")


@pytest.mark.parametrize(
    ("options", "environment", "terminal", "colored"),
    [
        ([], {}, False, False),
        ([], {}, True, True),
        ([], {"TERM": "xterm"}, True, True),
        ([], {"TERM": "dumb"}, True, False),
        ([], {"NO_COLOR": "1"}, True, False),
        ([], {"NO_COLOR": ""}, True, True),
        ([], {"FORCE_COLOR": "1"}, False, True),
        ([], {"FORCE_COLOR": ""}, False, False),
        ([], {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        (["--color", "always"], {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colours_are_for_terminals_unless_somebody_says_otherwise(
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    environment: dict[str, str],
    terminal: bool,
    colored: bool,
) -> None:
    write(desk / "keylint.toml", CAN_WITHDRAW)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = run("check", *ONLY, *options, terminal=terminal).out
    assert ("\x1b[" in out) is colored
    assert raw_controls(out, colored=colored) == []


def test_formats_for_programs_and_files_have_no_colours(desk: Path) -> None:
    write(desk / "keylint.toml", CAN_WITHDRAW)
    for name in ("json", "github"):
        assert "\x1b" not in run("check", *ONLY, "--color", "always", "--format", name).out
    ran = run("check", *ONLY, "--color", "always", "--output", "text=report.txt")
    assert "\x1b" not in ran.files["report.txt"]


# What is written to files.


def to_file(path: object, *options: str, code: int = 1) -> Ran:
    ran = run("check", *ONLY, "--output", f"json={path}", *options, on_disk=True)
    assert ran.code == code
    return ran


@pytest.fixture
def bad_desk(desk: Path) -> Path:
    write(desk / "keylint.toml", CAN_WITHDRAW)
    return desk


def test_a_report_goes_to_a_file_as_well(bad_desk: Path) -> None:
    ran = to_file("report.json", "--output", "github=notes.txt", "--output=text=a=b.txt")
    assert valid_report((bad_desk / "report.json").read_text(encoding="utf-8"))["summary"]["findings"] == 1
    assert (bad_desk / "notes.txt").read_text(encoding="utf-8").startswith("::error file=keylint.toml,line=16,")
    assert (bad_desk / "a=b.txt").read_text(encoding="utf-8") == ran.out


def test_a_report_file_is_an_ordinary_one_that_replaces_the_last(bad_desk: Path) -> None:
    write(bad_desk / "last.json", "old")
    (bad_desk / "last.json").chmod(0o604)
    umask = os.umask(0o027)
    try:
        to_file("report.json")
        to_file("last.json")
    finally:
        os.umask(umask)
    assert (bad_desk / "report.json").stat().st_mode & 0o777 == 0o640
    assert (bad_desk / "last.json").stat().st_mode & 0o777 == 0o604
    assert sorted(os.listdir()) == ["keylint.toml", "last.json", "report.json"]


def test_a_file_of_the_manifests_name_is_written_all_the_same(bad_desk: Path) -> None:
    (bad_desk / "out").mkdir()
    to_file(bad_desk / "out" / "keylint.toml")
    valid_report((bad_desk / "out" / "keylint.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("gone/report.json", "No such file or directory"),
        ("keylint.toml/report.json", "Not a directory"),
        (".", "directory"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_said(bad_desk: Path, path: str, why: str) -> None:
    ran = to_file(path, code=2)
    assert ran.err.startswith(f"keylint: cannot write {path}: ")
    assert why in ran.err
    assert "name a file in a folder that is there and writable" in ran.err
    assert "keys.dca can withdraw" in ran.out
    assert os.listdir() == ["keylint.toml"]


class _FullDisk:
    """`os` on a disk that is full when the report is written, or when it takes the place of the last one."""

    def __init__(self, step: str) -> None:
        self.step = step

    def __getattr__(self, name: str) -> Any:
        return _fail if name == self.step else getattr(os, name)

    def fdopen(self, descriptor: int, *arguments: Any) -> Any:
        file = os.fdopen(descriptor, *arguments)
        if self.step == "write":
            file.close()
            file = open("/dev/full", "wb")  # noqa: SIM115 - it takes the place of one that a `with` closes
        return file


def _fail(*_arguments: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")
@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_full_disk_leaves_the_last_report_whole_and_no_draft(
    bad_desk: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write(bad_desk / "report.json", "the last report")
    monkeypatch.setattr(stream, "os", _FullDisk(step))
    ran = to_file("report.json", code=2)
    assert ran.err.startswith("keylint: cannot write report.json: No space left on device; ")
    assert (bad_desk / "report.json").read_text(encoding="utf-8") == "the last report"
    assert sorted(os.listdir()) == ["keylint.toml", "report.json"]


def test_a_link_stays_a_link_and_its_target_is_written(bad_desk: Path) -> None:
    (bad_desk / "kept").mkdir()
    (bad_desk / "report.json").symlink_to("kept/report.json")
    to_file("report.json")
    assert (bad_desk / "report.json").is_symlink()
    valid_report((bad_desk / "kept" / "report.json").read_text(encoding="utf-8"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_ordinary_file_is_written_to_and_not_replaced(bad_desk: Path) -> None:
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        to_file("pipe")
        report = os.read(reader, 1 << 16)
    finally:
        os.close(reader)
    valid_report(report.decode())
    assert (bad_desk / "pipe").is_fifo()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_that_nobody_reads_is_said_and_waits_for_nobody(bad_desk: Path) -> None:
    os.mkfifo("pipe")
    assert to_file("pipe", code=2).err.startswith("keylint: cannot write pipe: ")


# The other commands.


def test_rules_lists_every_rule_that_is_loaded() -> None:
    loaded = registry().rules
    lines = run("rules").out.splitlines()
    assert [line.split()[:3] for line in lines] == [[each.code, each.name, each.severity.value] for each in loaded]
    assert all(line.endswith(each.summary) for line, each in zip(lines, loaded, strict=True))


def test_rules_as_markdown_is_one_table() -> None:
    head, ruler, *rows = run("rules", "--format", "markdown").out.splitlines()
    assert {line.count(" | ") for line in (head, ruler, *rows)} == {4}
    assert [row.split(" | ")[0] for row in rows] == [f"| {each.code}" for each in registry().rules]


def test_rules_as_json_says_who_brought_each() -> None:
    listed = json.loads(run("rules", "--format", "json").out)
    assert [each["code"] for each in listed] == [each.code for each in registry().rules]
    assert listed[0].keys() == {
        *("code", "name", "summary", "severity", "judges", "sides", "waivable", "pack", "pack_version")
    }
    assert {(each["pack"], each["pack_version"]) for each in listed if each["code"].startswith("KL")} == {
        ("keylint", __version__)
    }


@pytest.mark.parametrize("word", ["KL101", "kl101", "withdrawals-enabled", "Withdrawals-Enabled"])
def test_rule_shows_the_page_of_a_rule_by_its_code_or_name(word: str) -> None:
    ran = run("rule", word)
    assert ran == Ran(0, (ROOT / "rules" / "withdrawals_enabled.md").read_text(encoding="utf-8"), "")


def test_rule_lays_a_page_out_on_a_terminal() -> None:
    ran = run("rule", "KL101", terminal=True)
    assert ran.code == 0
    assert "withdrawals-enabled (KL101)" in ran.out
    assert "# withdrawals-enabled" not in ran.out


def test_rule_says_so_where_a_pack_has_no_page(rules: Callable[..., None]) -> None:
    rules(rule(lambda *_: None))
    ran = run("rule", "KL998")
    assert ran.code == 0
    assert ran.out.startswith("# made-up-998 (KL998)\n")
    assert "has no page" in ran.out


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("withdrawals-enable", "did you mean withdrawals-enabled?"),
        ("qqqqq", "`keylint rules` lists them all"),
        ("KL", "'KL' is the beginning of several rules; `keylint rules` lists them all"),
        ("", "`keylint rules` lists them all"),
        ("\x1b[31m\u202e", "no rule answers to '\\x1b[31m\\u202e'"),
    ],
)
def test_rule_says_what_to_do_about_a_word_that_is_no_rule(word: str, hint: str) -> None:
    ran = run("rule", word)
    assert (ran.code, ran.out) == (2, "")
    assert hint in ran.err


def test_plugins_lists_who_brought_which_rules() -> None:
    ran = run("plugins")
    assert ran.code == 0
    own = [each.code for each in registry().rules if each.code.startswith("KL")]
    assert ran.out.splitlines()[0] == f"keylint {__version__}: {len(own)} rules: {', '.join(own)}"


@pytest.mark.parametrize("command", ["rules", "rule", "plugins"])
def test_a_broken_plugin_stops_every_command_that_needs_the_rules(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> NoReturn:
        raise plugins.BrokenPlugin("acme 1.0 cannot be imported")

    monkeypatch.setattr(f"keylint.cli.{command}.load", broken)
    ran = run(command, *(["KL101"] if command == "rule" else []))
    assert ran == Ran(2, "", "keylint: acme 1.0 cannot be imported\n")


@pytest.mark.parametrize("name", ["manifest", "report"])
def test_schema_prints_a_json_schema_as_it_is_shipped(name: str) -> None:
    ran = run("schema", name)
    assert ran.code == 0
    assert ran.out == (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    Draft7Validator.check_schema(json.loads(ran.out))


def test_the_version_is_said() -> None:
    assert run("--version") == run("-V") == Ran(0, f"keylint {__version__}\n", "")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command_and_every_command_has_help(option: str) -> None:
    out = run(option).out
    for command, summary in COMMANDS.items():
        assert re.search(rf"^  {command} +{re.escape(summary)}$", out, re.MULTILINE)
        ran = run(command, option)
        assert ran.code == 0
        assert ran.out.startswith(f"Usage: keylint {command}")


def test_without_a_command_the_help_is_shown_as_it_is_meant_to_be_read() -> None:
    ran = run()
    assert ran.code == 2
    assert re.search(r"^  check +Judge manifests", ran.err, re.MULTILINE)
    assert "\\x0a" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "message", "help_"),
    [
        (["chekc"], "No such command 'chekc'", "keylint"),
        (["check", "--slect"], "No such option '--slect'", "keylint check"),
        (["check", "--format", "xml"], "'xml' is not one of 'text', 'concise', 'json', 'github'", "keylint check"),
        (["check", "--fail-on", "never"], "'never' is not one of 'note', 'warning', 'error'", "keylint check"),
        (["check", "--output", "json"], "'json' is not FORMAT=PATH with one of text, concise, json", "keylint check"),
        (["check", "--output", "json="], "'json=' is not FORMAT=PATH", "keylint check"),
        (["check", "--output", "xml=a"], "'xml=a' is not FORMAT=PATH", "keylint check"),
        (["check", "--select"], "'--select' requires an argument", "keylint"),
        (["check", "--color", "maybe"], "'maybe' is not one of", "keylint check"),
        (["rule"], "Missing argument 'CODE|NAME'", "keylint rule"),
        (["rules", "x"], "unexpected extra argument", "keylint rules"),
        (["schema"], "Choose from: manifest, report, evidence, policy, baseline, plan", "keylint schema"),
        (["schema", "reports"], "'reports' is not one of 'manifest', 'report'", "keylint schema"),
        (["\x1b]0;x\x07\u202e"], "No such command", "keylint"),
    ],
)
def test_a_wrong_command_line_is_said_in_one_line_and_the_help_is_named(
    arguments: list[str], message: str, help_: str
) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    first, second = ran.err.splitlines()
    assert first.startswith("keylint: ")
    assert message in first
    assert "\\x0a" not in first
    assert second == f"Try `{help_} --help`."
    assert raw_controls(ran.err) == []


# The console script.


def program(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    script = Path(sysconfig.get_path("scripts"), "keylint")
    return subprocess.run([str(script), *arguments], capture_output=True, text=True, timeout=30, check=False, **options)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "good.toml", *ONLY], 0),
        (["check", "bad.toml", *ONLY], 1),
        (["check", "gone.toml"], 2),
        (["--nonsense"], 2),
        (["rule", "KL101"], 0),
    ],
)
def test_the_console_script_ends_as_the_command_line_does(desk: Path, arguments: list[str], code: int) -> None:
    write(desk / "good.toml")
    write(desk / "bad.toml", CAN_WITHDRAW)
    ended, ran = program(*arguments), run(*arguments)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, ran.out, ran.err)


def test_the_console_script_reads_standard_input(desk: Path) -> None:
    ended = program("check", "-", *ONLY, "--format", "concise", input=CAN_WITHDRAW)
    assert ended.returncode == 1
    assert ended.stdout.startswith(f"<stdin>:16:32: {FINDING}\n")


def test_the_console_script_does_not_import_what_lies_in_the_current_folder(desk: Path) -> None:
    write(desk / "keylint.toml")
    for name in ("click", "tomli", "pluggy", "json", "keylint", "sitecustomize", "conftest"):
        write(desk / f"{name}.py", "open('canary', 'w')\n")
    assert program("check", *ONLY).returncode == 0
    assert not (desk / "canary").exists()


def _terminal_output(arguments: list[str], columns: int, environment: dict[str, str]) -> str:
    """What a person sees in a terminal of so many columns."""
    import fcntl  # noqa: PLC0415 - not on every system
    import pty  # noqa: PLC0415
    import struct  # noqa: PLC0415
    import termios  # noqa: PLC0415

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    script = Path(sysconfig.get_path("scripts"), "keylint")
    with subprocess.Popen([str(script), *arguments], stdout=theirs, stderr=theirs, env=os.environ | environment) as it:
        os.close(theirs)
        seen = b"".join(_until_it_ends(ours))
        os.close(ours)
    assert it.returncode == 1
    return seen.decode().replace("\r\n", "\n")


def _until_it_ends(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            part = os.read(descriptor, 1 << 16)
        except OSError:  # how a terminal says that nobody writes to it any more
            return
        if not part:
            return
        yield part


@pytest.mark.skipif(sys.platform == "win32", reason="asks for a terminal of POSIX")
@pytest.mark.parametrize(
    ("columns", "term", "widest", "colored"),
    [
        (120, "xterm", 120, True),
        (80, "xterm", 80, True),
        (0, "xterm", 80, True),
        (10, "dumb", 40, False),
        (400, "xterm", 120, True),
    ],
)
def test_on_a_terminal_lines_are_as_wide_as_it_is_within_reason(
    desk: Path, columns: int, term: str, widest: int, colored: bool
) -> None:
    write(desk / "keylint.toml", f"{CAN_WITHDRAW.rstrip()} # {'why ' * 60}\n")
    seen = _terminal_output(["check", *ONLY], columns, {"TERM": term, "COLUMNS": "7"})
    assert ("\x1b[" in seen) is colored
    plain = "".join(part.partition("m")[2] if at else part for at, part in enumerate(seen.split("\x1b[")))
    assert "keys.dca can withdraw" in said(plain)
    assert widest // 2 < max(map(len, plain.splitlines())) <= widest


def test_a_gitignore_cannot_hide_a_manifest_that_git_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b", "c"):
        write(tmp_path / folder / "keylint.toml")
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "a", "b"], cwd=tmp_path, check=True)
    write(tmp_path / ".gitignore", "b/\nc/\n")
    ran = run("check", ".", "--format", "json")
    assert json.loads(ran.out)["looked_at"]["manifests"] == ["a/keylint.toml", "b/keylint.toml"]
    assert "c/keylint.toml is ignored by git" in ran.err
    index = tmp_path / ".git" / "index"
    index.write_bytes(index.read_bytes()[:7] + b"\4" + index.read_bytes()[8:])  # a form that is not read here
    ran = run("check", ".", "--format", "json")
    assert len(json.loads(ran.out)["looked_at"]["manifests"]) == 3
