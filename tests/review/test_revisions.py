"""What git keeps, asked of real repositories; and that nothing in a repository is run or fetched to learn it."""

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from keylint.manifest.load import MAX_BYTES
from keylint.review import revisions
from keylint.review.revisions import NoSuchFile, Repository, Unusable

NAME = "keylint.toml"
WHO = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, tools: object) -> Git:
    """Runs git in the repository, and gives what it prints."""
    folder = tmp_path / "desk"
    folder.mkdir()

    def run(*arguments: str, cwd: Path = folder) -> str:
        return str(tools.done("git", "-c", "protocol.file.allow=always", *arguments, cwd=cwd, **WHO).stdout.strip())  # type: ignore[attr-defined]

    run("init", "--quiet", "--initial-branch=main")
    return run


@pytest.fixture
def desk(git: Git, tmp_path: Path) -> Path:
    """A repository with two revisions of a manifest."""
    folder = tmp_path / "desk"
    for number in (1, 2):
        (folder / NAME).write_text(f"version = {number}\n", encoding="utf-8")
        git("add", NAME)
        git("commit", "--quiet", "-m", str(number))
    return folder


def kept(path: Path, revision: str = "HEAD") -> bytes:
    repository = Repository(str(path), ENVIRON)
    return repository.file(repository.commit(revision))


def refusal(path: Path, revision: str = "HEAD", environ: dict[str, str] = ENVIRON) -> str:
    def ask() -> bytes:
        repository = Repository(str(path), environ)
        return repository.file(repository.commit(revision))

    with pytest.raises(Unusable) as refused:
        ask()
    return str(refused.value)


def test_a_revision_holds_what_was_committed(desk: Path, git: Git) -> None:
    (desk / NAME).write_text("version = 3\n", encoding="utf-8")
    git("tag", "-a", "v1", "-m", "one", "HEAD~1")
    for revision, number in (("HEAD", 2), ("main", 2), ("HEAD~1", 1), ("v1", 1), (git("rev-parse", "HEAD"), 2)):
        assert kept(desk / NAME, revision) == f"version = {number}\n".encode()
    assert Repository(str(desk / NAME), ENVIRON).commit("v1") == git("rev-parse", "HEAD~1")


def test_bytes_are_what_they_are(desk: Path, git: Git) -> None:
    data = bytes(range(256)) * 3 + b"\r\n"
    (desk / ".gitattributes").write_text("* text eol=crlf ident filter=f diff=d\n", encoding="utf-8")
    git("config", "core.autocrlf", "false")
    (desk / "raw.toml").write_bytes(data.replace(b"\r\n", b"\n"))
    git("add", "raw.toml", ".gitattributes")
    git("commit", "--quiet", "-m", "raw")
    assert kept(desk / "raw.toml") == data.replace(b"\r\n", b"\n")


def test_a_subfolder_a_worktree_and_a_folder_that_is_gone(desk: Path, git: Git, tmp_path: Path) -> None:
    (desk / "a" / "b").mkdir(parents=True)
    (desk / "a" / "b" / NAME).write_text("version = 7\n", encoding="utf-8")
    git("add", "a")
    git("commit", "--quiet", "-m", "deep")
    assert kept(desk / "a" / "b" / NAME) == b"version = 7\n"
    assert Repository(str(desk / "a" / "b" / NAME), ENVIRON).above() == "../../"
    assert Repository(str(desk / NAME), ENVIRON).above() == ""
    git("worktree", "add", "--quiet", str(tmp_path / "tree"), "HEAD~1")
    assert kept(tmp_path / "tree" / NAME, "main") == b"version = 2\n"
    (desk / "a" / "b" / NAME).unlink()
    (desk / "a" / "b").rmdir()
    assert kept(desk / "a" / "b" / NAME) == b"version = 7\n"


@pytest.mark.parametrize("name", ["*.toml", ":(glob)x.toml", "-n.toml", "a b\n.toml", "ключ.toml", "--help"])
def test_a_name_is_a_name(desk: Path, git: Git, name: str) -> None:
    (desk / name).write_text("version = 8\n", encoding="utf-8")
    git("--literal-pathspecs", "add", "--", name)
    git("commit", "--quiet", "-m", "odd")
    assert kept(desk / name) == b"version = 8\n"
    with pytest.raises(NoSuchFile):
        kept(desk / name, "HEAD~1")
    assert Repository(str(desk / name), ENVIRON).tracks()


def test_what_git_tracks(desk: Path, git: Git) -> None:
    (desk / "new.toml").write_text("version = 1\n", encoding="utf-8")
    assert Repository(str(desk / NAME), ENVIRON).tracks()
    assert not Repository(str(desk / "new.toml"), ENVIRON).tracks()
    git("add", "new.toml")
    assert Repository(str(desk / "new.toml"), ENVIRON).tracks()


@pytest.mark.parametrize(
    "revision", ["nope", "--all", "-h", "--git-dir", "HEAD~9", "main:keylint.toml", "HEAD^{tree}", " "]
)
def test_a_revision_that_is_not_there(desk: Path, revision: str) -> None:
    assert refusal(desk / NAME, revision).startswith(
        "there is no such file, and git knows no such revision; `git fetch`"
    )


@pytest.mark.parametrize("revision", ["", "a\0b"])
def test_no_revision_at_all(desk: Path, revision: str) -> None:
    assert refusal(desk / NAME, revision) == "no revision can have this name"


def test_a_range_is_two_revisions(desk: Path) -> None:
    assert "name its two ends" in refusal(desk / NAME, "main..HEAD")


def test_a_shallow_clone_lacks_what_came_before(desk: Path, git: Git, tmp_path: Path) -> None:
    git("clone", "--quiet", "--depth=1", desk.as_uri(), str(tmp_path / "shallow"))
    assert kept(tmp_path / "shallow" / NAME) == b"version = 2\n"
    said = refusal(tmp_path / "shallow" / NAME, "HEAD~1")
    assert said.startswith("it is not in this clone, which is shallow; `git fetch --deepen=100` brings more of it")


def test_a_partial_clone_is_not_made_whole(desk: Path, git: Git, tmp_path: Path) -> None:
    git("config", "uploadpack.allowFilter", "true")
    git("clone", "--quiet", "--filter=blob:none", "--no-checkout", desk.as_uri(), str(tmp_path / "partial"))
    git("config", "remote.origin.uploadpack", f"touch {tmp_path / 'canary'};", cwd=tmp_path / "partial")
    assert refusal(tmp_path / "partial" / NAME).startswith("git lacks the contents of keylint.toml")
    assert not (tmp_path / "canary").exists()


def test_what_is_no_file(desk: Path, git: Git) -> None:
    (desk / "link.toml").symlink_to(NAME)
    (desk / "folder.toml").mkdir()
    (desk / "folder.toml" / "x").touch()
    git("init", "--quiet", "module.toml")
    git("commit", "--quiet", "--allow-empty", "-m", "inner", cwd=desk / "module.toml")
    git("-c", "advice.addEmbeddedRepo=false", "add", ".")
    git("commit", "--quiet", "-m", "kinds")
    assert refusal(desk / "link.toml") == "link.toml is a symbolic link: name the file that it leads to"
    assert refusal(desk / "folder.toml") == "folder.toml is a folder: name the file in it"
    assert refusal(desk / "module.toml") == "module.toml is no file but a repository of its own"


def test_a_file_that_is_too_large_is_not_read(desk: Path, git: Git) -> None:
    (desk / "big.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    git("add", "big.toml")
    git("commit", "--quiet", "-m", "big")
    assert refusal(desk / "big.toml") == "big.toml is larger than 16 MiB; no manifest is"


def test_no_repository(tmp_path: Path) -> None:
    environ = {**ENVIRON, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    assert refusal(tmp_path / NAME, "HEAD", environ).startswith("there is no such file, and no git repository")


def test_a_bare_repository_and_a_git_folder(desk: Path, git: Git, tmp_path: Path) -> None:
    git("clone", "--quiet", "--bare", str(desk), str(tmp_path / "bare"))
    for folder in (tmp_path / "bare", desk / ".git"):
        assert refusal(folder / NAME).startswith("git has no working tree here")


def test_no_git(desk: Path) -> None:
    for path in ("", "relative", "/nonexistent", "."):
        assert refusal(desk / NAME, environ={"PATH": path}).startswith("git is not on the PATH")


def program(folder: Path, script: str) -> dict[str, str]:
    """An environment whose git is `script`."""
    folder.mkdir(exist_ok=True)
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / "git").chmod(stat.S_IRWXU)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def test_a_git_in_the_repository_is_not_run(desk: Path, tmp_path: Path) -> None:
    environ = program(desk / "bin", f"touch {tmp_path / 'canary'}")
    assert Repository(str(desk / NAME), environ).commit("HEAD")
    assert not (tmp_path / "canary").exists()
    # That one would have been run is shown by one that lies elsewhere.
    refusal(desk / NAME, environ=program(tmp_path / "bin", f"touch {tmp_path / 'canary'}; exit 1"))
    assert (tmp_path / "canary").exists()


def test_git_is_ended_when_it_takes_too_long(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "SECONDS", 0.3)
    environ = program(tmp_path / "bin", "sleep 60 & sleep 60")
    started = time.monotonic()
    assert refusal(desk / NAME, environ=environ) == "git did not answer within 0 seconds; nothing was compared"
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("where", ["", " >&2"])
def test_git_is_ended_when_it_says_too_much(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(revisions, "SECONDS", 2.0)
    said = refusal(desk / NAME, environ=program(tmp_path / "bin", f"while :; do echo {'x' * 1000}{where}; done"))
    assert said.endswith("nothing was compared")


def test_git_that_cannot_be_started(desk: Path, tmp_path: Path) -> None:
    environ = program(tmp_path / "bin", "")
    (tmp_path / "bin" / "git").write_bytes(b"\x00\x01no program")
    assert refusal(desk / NAME, environ=environ).startswith("git cannot be started: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("fatal: detected dubious ownership in repository at '/x'", "git refuses this repository, because it belongs"),
        ("fatal: unknown repository extension found", "git cannot read this repository; `git status` says why"),
    ],
)
def test_git_refuses_a_repository(desk: Path, tmp_path: Path, words: str, said: str) -> None:
    environ = program(tmp_path / "bin", f'echo "{words}" >&2; exit 128')
    assert refusal(desk / NAME, environ=environ).startswith(said)


ANSWERS = """\
case "$*" in
*is-inside*) echo true; echo false;;
*rev-parse*) echo {commit};;
*ls-tree*) {ls_tree};;
*cat-file*-s*) {size};;
*) {blob};;
esac
"""
ENTRY = "printf '100644 blob 1234\\tkeylint.toml\\0'"


@pytest.mark.parametrize(
    ("commit", "ls_tree", "size", "blob", "said"),
    [
        ("abc", "exit 1", "exit 1", "exit 1", "there is no such file, and git knows no such revision"),
        ("a" * 40, "exit 1", "exit 1", "exit 1", "git lacks the contents of keylint.toml"),
        ("a" * 40, ENTRY, "echo many", "exit 1", "git lacks the contents of keylint.toml"),
        ("a" * 64, ENTRY, "echo 5", "printf 1234", "git lacks the contents of keylint.toml"),
        ("a" * 64, ENTRY, "echo 5", "printf 123456", "git printed more than it should"),
    ],
)
def test_an_answer_that_git_does_not_give(
    desk: Path, tmp_path: Path, commit: str, ls_tree: str, size: str, blob: str, said: str
) -> None:
    script = ANSWERS.format(commit=commit, ls_tree=ls_tree, size=size, blob=blob)
    assert refusal(desk / NAME, environ=program(tmp_path / "bin", script)).startswith(said)


def test_the_environment_does_not_bend_git(desk: Path, git: Git, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git("init", "--quiet", cwd=other)
    canary = f"touch {tmp_path / 'canary'}"
    bent = {
        **ENVIRON,
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": "/nonexistent",
        "GIT_OBJECT_DIRECTORY": "/nonexistent",
        "GIT_EXTERNAL_DIFF": canary,
        "GIT_PAGER": canary,
        "PAGER": canary,
        "GIT_SSH_COMMAND": canary,
        "GIT_EXEC_PATH": str(other),
        "GIT_TRACE": str(tmp_path / "canary"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.worktree",
        "GIT_CONFIG_VALUE_0": str(other),
        "GIT_NAMESPACE": "x",
        "GIT_REPLACE_REF_BASE": "refs/heads/",
    }
    repository = Repository(str(desk / NAME), bent)
    assert repository.file(repository.commit("HEAD")) == b"version = 2\n"
    assert repository.tracks()
    assert not (tmp_path / "canary").exists()


def test_the_settings_of_a_repository_run_nothing(desk: Path, git: Git, tmp_path: Path) -> None:
    canary = f"touch {tmp_path / 'canary'}; cat"
    settings = {
        "core.fsmonitor": canary,
        "core.hooksPath": str(desk),
        "core.pager": canary,
        "core.sshCommand": canary,
        "core.alternateRefsCommand": canary,
        "diff.external": canary,
        "diff.d.textconv": canary,
        "filter.f.smudge": canary,
        "filter.f.clean": canary,
        "alias.rev-parse": f"!{canary}",
        "alias.cat-file": f"!{canary}",
        "pager.ls-tree": canary,
        "pager.rev-parse": canary,
        "uploadpack.packObjectsHook": canary,
    }
    for name, value in settings.items():
        git("config", name, value)
    (desk / ".gitattributes").write_text("* diff=d filter=f\n", encoding="utf-8")
    assert kept(desk / NAME) == b"version = 2\n"
    assert Repository(str(desk / NAME), ENVIRON).tracks()
    assert not (tmp_path / "canary").exists()


def test_a_replaced_object_is_not_shown(desk: Path, git: Git) -> None:
    git("replace", git("rev-parse", "HEAD:keylint.toml"), git("rev-parse", "HEAD~1:keylint.toml"))
    assert kept(desk / NAME) == b"version = 2\n"


def test_nothing_is_written(desk: Path) -> None:
    def state() -> dict[str, float]:
        return {str(path): path.stat().st_mtime_ns for path in desk.rglob("*")}

    before = state()
    kept(desk / NAME)
    Repository(str(desk / NAME), ENVIRON).tracks()
    assert state() == before
