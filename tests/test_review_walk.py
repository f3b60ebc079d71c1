"""The walk through a desk's history in docs/review.md: what it shows is the story it tells, with git as with files."""

import os
import re
import shlex
import subprocess
from itertools import pairwise
from pathlib import Path

import click
import pytest
from strategies import AS_OF, ROOT, Ran
from strategies import keylint as run

from keylint.cli import cli

PAGE = ROOT / "docs" / "review.md"
TEXT = PAGE.read_text(encoding="utf-8")
HISTORY = ROOT / "examples" / "history"
VERSIONS = sorted(path.name for path in HISTORY.glob("[0-9]-*.toml"))
STEPS = list(pairwise(VERSIONS))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def shown(*words: str) -> str:
    """What the page says that the one command with these words in it prints, on one line."""
    [found] = [
        part
        for block in blocks("console")
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)
        if all(word in part.partition("\n")[0] for word in words)
    ]
    return " ".join(found.partition("\n")[2].split())


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def shell(script: str, folder: Path, home: Path) -> None:
    """Run a block of the page for a shell, with `home` for its /tmp. Raises CalledProcessError."""
    who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(
        ["sh", "-e", "-u", "-c", script.replace("/tmp/", f"{shlex.quote(str(home))}/")],  # noqa: S108 - what is replaced
        cwd=folder,
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who},
        capture_output=True,
        check=True,
    )


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository that the page's blocks build."""
    copy, build, _ = blocks("sh")
    shell(copy, ROOT, tmp_path)
    shell(build, tmp_path / "history", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.chdir(tmp_path / "desk")
    return tmp_path


def told(ran: Ran) -> str:
    """What a diff says behind the names of the two sides, in which no manifest is called by its name."""
    assert ran.err == ""
    first, _, rest = ran.out.partition("\n\n")
    assert " →" in first
    return re.sub(r"--> \S+\.toml:", "--> keylint.toml:", rest)


# What the page says.


@pytest.mark.parametrize(
    ("step", "story"),
    [
        ("1-new-bot.toml", ["+ keys.grid-2026q4 widening + key read, spot", "1 widening, 0 narrowing", "0 new"]),
        ("2-rotation.toml", ["can do no more", "cleared findings note[KL402]", "0 widening, 0 narrowing, 2 neutral"]),
        ("3-widened-permission.toml", ["widening + permissions futures", "new findings error[KL102]", "1 widening, 0"]),
        (
            "4-moved-provider.toml",
            [
                "widening + provider steadybot",
                "narrowing - provider fastbot",
                "does it still hold a key?",
                "2 narrowing",
            ],
        ),
        ("5-loosened-policy.toml", ["widening ~ rotation.max_age_days 90 → 150", "1 widening, 0 narrowing, 0 neutral"]),
        ("6-removed-key.toml", ["- keys.dca-2026q3 neutral - key read, spot", "0 widening, 0 narrowing, 1 neutral"]),
    ],
)
def test_each_change_tells_the_story_that_its_author_would_tell(step: str, story: list[str]) -> None:
    printed = shown(f"diff {VERSIONS[VERSIONS.index(step) - 1]} {step}")
    assert [part for part in story if part not in printed] == []


def test_the_plan_tells_what_to_click_and_the_house_what_counts() -> None:
    plan = shown("plan 6-removed-key.toml")
    for step in (
        'create a new one under an id of its own, and tick "Enable Reading", "Enable Spot & Margin Trading"',
        'step: tick "Enable Futures" in API Management',
        'a key that is not in the manifest, "fastbot-dca-q3"',
        "create → move the bot → [test] → disable → wait → delete",
        "Plan: 1 to create, 1 to change, 1 to delete; 3 drifted; 0 unknown",
    ):
        assert step in plan
    assert "KL954 policy.rotation sets max_age_days to 150" in shown("check", "--policy")
    assert "clean, 1 finding in the baseline" in shown("check", "--baseline")


def test_the_day_that_is_quoted_is_the_first_of_the_calendar() -> None:
    quoted = re.search(r"first `(\S+ +in 3 days  [^`]+)`", TEXT)
    assert quoted is not None
    ran = run("calendar", str(HISTORY / VERSIONS[-1]), *AS_OF)
    assert ran.out.splitlines()[2] == quoted[1]


def test_every_command_that_is_shown_is_one_that_keylint_takes() -> None:
    lines = [line.removeprefix("$ ") for block in blocks("(?:console|sh)") for line in block.splitlines()]
    lines += re.findall(r"`(keylint [a-z]+ [^`]*)`", TEXT)
    taken = 0
    for line in lines:
        program, *words = shlex.split(line, comments=True) if line.startswith("keylint ") else [""]
        if program and words[0] != "baseline":
            command = cli.get_command(click.Context(cli), words[0])
            assert command is not None
            command.make_context(words[0], words[1:])  # parses, and runs nothing
            taken += 1
    assert taken > 15


def test_every_path_that_the_page_links_to_is_there() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", TEXT)
    assert targets
    assert [target for target in targets if not (PAGE.parent / target).exists()] == []


# The same in git.


def test_every_commit_tells_what_the_two_files_tell(desk: Path) -> None:
    assert len(STEPS) == 6
    shell("git branch --quiet history", desk / "desk", desk)
    for number, (before, after) in enumerate(STEPS):
        shell(f"git checkout --quiet --detach history~{5 - number}", desk / "desk", desk)
        in_git = run("diff", "HEAD~1", *AS_OF)
        in_files = run("diff", str(HISTORY / before), str(HISTORY / after), *AS_OF)
        assert in_git.code == in_files.code == 0
        assert told(in_git) == told(in_files), after
        assert re.sub(r"--> \S+\.toml:", "--> keylint.toml:", shown(f"diff {before} {after}")).endswith(
            " ".join(told(in_git).split())
        ), after


def test_the_revisions_that_the_page_names_mean_what_it_says(desk: Path) -> None:
    last, third, all_six, hook = (shlex.split(line, comments=True)[1:] for line in blocks("sh")[2].splitlines())

    def files(before: str, after: str) -> str:
        return told(run("diff", str(HISTORY / before), str(HISTORY / after), *AS_OF))

    assert told(run(*last, *AS_OF)) == files(*STEPS[5])
    assert told(run(*third, *AS_OF)) == files(*STEPS[2])
    assert told(run(*all_six, *AS_OF)) == files(VERSIONS[0], VERSIONS[-1])
    assert run(*hook, *AS_OF).code == 0
    manifest = desk / "desk" / "keylint.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(
        text.replace('["192.0.2.80"]\ncreated', '["192.0.2.80", "192.0.2.81"]\ncreated'), encoding="utf-8"
    )
    assert run(*hook, *AS_OF).code == 1


def test_a_clone_that_is_too_shallow_is_told_and_ends_with_2(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell('git clone --quiet --depth 1 "file://$PWD/desk" shallow', desk, desk)
    monkeypatch.chdir(desk / "shallow")
    ran = run("diff", "HEAD~1", *AS_OF)
    assert (ran.code, ran.out) == (2, "")
    assert "shallow" in ran.err
