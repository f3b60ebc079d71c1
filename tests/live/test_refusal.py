"""keylint.live.refusal."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from keylint.live.refusal import why_not

OURS, THEIRS = {"full_name": "desk/bots"}, {"full_name": "stranger/bots"}
FORK = {"pull_request": {"head": {"repo": THEIRS}, "base": {"repo": OURS}}}
OWN = {"pull_request": {"head": {"repo": OURS}, "base": {"repo": OURS}}}
UNKNOWN = "that does not say where its changes come from"


def on_github(event: str, payload: object = None, **more: str) -> str | None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": "/event.json"} | more
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()

    def read(path: str) -> bytes:
        assert path == "/event.json"
        return data

    return why_not(environ, untrusted_ok=False, read=read)


def test_a_machine_of_ones_own() -> None:
    assert why_not({}, untrusted_ok=False) is None
    assert why_not({"CI": "true", "GITHUB_EVENT_NAME": "", "CI_MERGE_REQUEST_IID": ""}, untrusted_ok=False) is None


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch", "merge_group", "release"])
def test_what_starts_from_the_repository_itself(event: str) -> None:
    assert on_github(event, b"not looked at") is None


@pytest.mark.parametrize("event", ["pull_request", "pull_request_review", "pull_request_review_comment"])
def test_pull_requests(event: str) -> None:
    assert on_github(event, OWN) is None
    assert on_github(event, FORK) == (
        "live state is not asked for in a pull request from a fork: a stranger's changes could have the trading keys "
        "of this job used or read. Ask from the bot's own host with `keylint observe` and judge its file here, or say "
        "--allow-untrusted if this job runs nothing that strangers wrote"
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        None,
        [],
        "text",
        {},
        {"pull_request": None},
        {"pull_request": {"head": {"repo": None}, "base": {"repo": OURS}}},
        {"pull_request": {"head": {"repo": {}}, "base": {"repo": {}}}},
        {"pull_request": {"head": {"repo": {"full_name": ""}}, "base": {"repo": {"full_name": ""}}}},
        {"pull_request": {"head": {"repo": {"full_name": 1}}, "base": {"repo": {"full_name": 1}}}},
        {"pull_request": {"head": [], "base": []}},
    ],
)
def test_events_that_cannot_be_read(payload: object) -> None:
    told = on_github("pull_request", payload)
    assert told is not None
    assert UNKNOWN in told


def test_events_that_are_not_there(tmp_path: Path) -> None:
    environ = {"GITHUB_EVENT_NAME": "pull_request"}
    os.mkfifo(tmp_path / "fifo")
    paths = ["", str(tmp_path / "none"), str(tmp_path), str(tmp_path / "fifo"), "a\0b"]
    for told in (why_not(environ | {"GITHUB_EVENT_PATH": it}, untrusted_ok=False) for it in paths):
        assert told is not None
        assert UNKNOWN in told
        assert str(tmp_path) not in told

    def fail(_path: str) -> bytes:
        raise OSError

    assert why_not(environ | {"GITHUB_EVENT_PATH": "x"}, untrusted_ok=False, read=fail) is not None


def test_an_event_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(json.dumps(OWN))
    environ = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    assert why_not(environ, untrusted_ok=False) is None
    (tmp_path / "event.json").write_text(json.dumps(FORK))
    assert why_not(environ, untrusted_ok=False) is not None


def test_pull_request_target_is_refused_whoever_it_is_from() -> None:
    told = on_github("pull_request_target", OWN)
    assert told is not None
    assert "under pull_request_target, which hands secrets to workflows about strangers' changes" in told


def test_workflow_runs() -> None:
    assert on_github("workflow_run", {"workflow_run": {"head_repository": OURS}, "repository": OURS}) is None
    told = on_github("workflow_run", {"workflow_run": {"head_repository": THEIRS}, "repository": OURS})
    assert told is not None
    assert "in a workflow that another one of a fork started" in told
    assert UNKNOWN in (on_github("workflow_run", {"workflow_run": {}, "repository": OURS}) or "")


def test_comments() -> None:
    assert on_github("issue_comment", {"issue": {"number": 1}}) is None
    assert "after a comment on a pull request" in (on_github("issue_comment", {"issue": {"pull_request": {}}}) or "")


def test_a_workflow_that_hides_what_started_it() -> None:
    told = why_not({"GITHUB_ACTIONS": "true"}, untrusted_ok=False)
    assert told is not None
    assert "does not say what started it" in told


GITLAB: dict[str, tuple[Mapping[str, str], str | None]] = {
    "push": ({"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push"}, None),
    "own": (
        {
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_MERGE_REQUEST_PROJECT_PATH": "desk/bots",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "desk/bots",
        },
        None,
    ),
    "fork": (
        {
            "CI_MERGE_REQUEST_IID": "1",
            "CI_MERGE_REQUEST_PROJECT_PATH": "desk/bots",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "stranger/bots",
        },
        "in a merge request from a fork",
    ),
    "gone": ({"CI_MERGE_REQUEST_ID": "1", "CI_MERGE_REQUEST_PROJECT_PATH": "desk/bots"}, UNKNOWN),
    "bare": ({"CI_PIPELINE_SOURCE": "merge_request_event"}, UNKNOWN),
    "mirrored": (
        {
            "CI_PIPELINE_SOURCE": "external_pull_request_event",
            "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY": "stranger/bots",
            "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": "desk/bots",
        },
        "in a merge request from a fork",
    ),
}


@pytest.mark.parametrize(("environ", "why"), GITLAB.values(), ids=GITLAB)
def test_gitlab(environ: Mapping[str, str], why: str | None) -> None:
    told = why_not(environ, untrusted_ok=False)
    assert told is None if why is None else told is not None and why in told
    assert why_not(environ, untrusted_ok=True) is None


def test_what_can_be_overridden_and_what_cannot() -> None:
    environ = {"GITHUB_EVENT_NAME": "pull_request_target"}
    assert why_not(environ, untrusted_ok=False) is not None
    assert why_not(environ, untrusted_ok=True) is None
    for untrusted_ok in (False, True):
        told = why_not({"SSLKEYLOGFILE": "/x/keys.log"}, untrusted_ok=untrusted_ok)
        assert told is not None
        assert told.startswith("SSLKEYLOGFILE is set")
        assert told.endswith("no option overrides this")
        assert "/x" not in told
    assert why_not({"SSLKEYLOGFILE": ""}, untrusted_ok=False) is None
