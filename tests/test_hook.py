"""The commit hook as its users have it: the real pre-commit, this tree as a git repository, commits, no network."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from conftest import Completed, Once, Tools

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
BAD = (ROOT / "examples" / "first" / "bad.toml").read_text(encoding="utf-8")
GOOD = (ROOT / "examples" / "first" / "good.toml").read_text(encoding="utf-8")
GITCONFIG = """\
[user]
name = A
email = a@example.com
[init]
defaultBranch = main
[protocol "file"]
allow = always
[safe]
directory = *
"""


class Scratch(NamedTuple):
    """A user's repository, in which `pre-commit install` was run."""

    folder: Path
    tools: "Tools"
    environment: dict[str, str]

    def run(self, *arguments: str) -> "Completed":
        return self.tools.run(*arguments, cwd=self.folder, **self.environment)

    def commit(self, **files: str) -> "Completed":
        """Write files, `keylint` meaning `desk/keylint.toml`, and try to commit them."""
        for name, text in files.items():
            path = self.folder / "desk" / f"{name}.toml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.run("git", "add", "--all")
        return self.run("git", "commit", "--quiet", "--message", "A change")

    def commits(self) -> int:
        return int(self.run("git", "rev-list", "--count", "--all").stdout)


class Published(NamedTuple):
    """This tree as a git repository of one commit, and what makes git and pre-commit the same on every machine."""

    folder: Path
    tools: "Tools"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self.folder / "gitconfig"),
            "PRE_COMMIT_HOME": str(self.folder / "pre-commit"),
            "PRE_COMMIT_COLOR": "never",
        }

    def git(self, *arguments: str) -> str:
        tree = self.folder / "tree"
        return self.tools.done("git", *arguments, cwd=tree, **self.environment).stdout.strip()

    def publish(self) -> None:
        self.tools.copy_of_the_tree(self.folder / "tree")
        (self.folder / "gitconfig").write_text(GITCONFIG, encoding="utf-8")
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Everything")

    def used_in(self, folder: Path, *lines: str, **more: str) -> Scratch:
        """A new repository that uses the hook, configured with further `lines`."""
        folder.mkdir()
        revision = self.git("rev-parse", "HEAD")
        config = ["repos:", f"  - repo: {self.folder / 'tree'}", f"    rev: {revision}", "    hooks:"]
        config += ["      - id: keylint", *(f"        {line}" for line in lines)]
        (folder / ".pre-commit-config.yaml").write_text("\n".join(config) + "\n", encoding="utf-8")
        scratch = Scratch(folder, self.tools, self.environment | more)
        for command in (("git", "init", "--quiet"), (sys.executable, "-m", "pre_commit", "install")):
            self.tools.done(*command, cwd=folder, **scratch.environment)
        return scratch


@pytest.fixture(scope="session")
def published(once: "Once", tools: "Tools") -> Published:
    return Published(once("published", lambda place: Published(place, tools).publish()), tools)


@pytest.fixture
def plain(published: Published, tmp_path: Path) -> Scratch:
    # By rules that do not look at the calendar: a hook has the true day.
    return published.used_in(tmp_path / "repository", "args: [--select, KL1]")


def test_a_bad_manifest_is_not_committed_and_a_good_one_is(plain: Scratch) -> None:
    refused = plain.commit(keylint=BAD, other=BAD)

    assert refused.returncode == 1
    assert plain.commits() == 0
    shown = refused.stdout + refused.stderr
    assert "error[KL101]: keys.dca can withdraw (declared)" in shown
    assert f"--> desk/keylint.toml:{BAD[: BAD.index('permissions')].count(chr(10)) + 1}:" in shown
    assert "live state was not looked at" in shown
    assert "desk/other.toml" not in shown

    accepted = plain.commit(keylint=GOOD)

    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    assert plain.commits() == 1


def test_a_commit_without_a_manifest_is_not_judged(plain: Scratch) -> None:
    committed = plain.commit(other="version = 2\n")

    assert committed.returncode == 0, committed.stdout + committed.stderr
    assert "(no files to check)Skipped" in committed.stdout + committed.stderr


def test_a_manifest_that_cannot_be_decided_is_not_committed(plain: Scratch) -> None:
    refused = plain.commit(keylint=GOOD.replace('bot = "dca"', 'bot = "gone"'))

    assert refused.returncode == 1
    assert "- exit code: 3\n" in refused.stdout + refused.stderr
    assert plain.commits() == 0


def test_a_rule_pack_fires_in_the_hook(published: Published, acme_wheel: Path, tmp_path: Path) -> None:
    links = f"{published.tools.surroundings()['PIP_FIND_LINKS']} {acme_wheel.parent.as_uri()}"
    lines = ("additional_dependencies: [acme-key-rules==1.2.0]", "args: [--select, ACME]")
    desk = published.used_in(tmp_path / "repository", *lines, PIP_FIND_LINKS=links)

    refused = desk.commit(keylint=GOOD)

    assert refused.returncode == 1
    assert "warning[ACME001]: keys.dca has no owner" in refused.stdout + refused.stderr
    assert desk.commits() == 0

    owned = desk.commit(keylint=f'{GOOD}owner = "alice"\n')

    assert owned.returncode == 0, owned.stdout + owned.stderr
    assert desk.commits() == 1
