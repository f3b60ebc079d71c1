"""The environment of a run → why no trading key may be used in it, if it is one that strangers can bend."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from .secret_files import Unfit, bounded

OVERRIDE: Final = "--allow-untrusted"
_LARGEST_EVENT: Final = 32 * 1024 * 1024
"""GitHub sends payloads of 25 MB at most."""

_DANGER = (
    "a stranger's changes could have the trading keys of this job used or read. Ask from the bot's own host with "
    f"`keylint observe` and judge its file here, or say {OVERRIDE} if this job runs nothing that strangers wrote"
)
_PULL_REQUESTS: Final = frozenset({"pull_request", "pull_request_review", "pull_request_review_comment"})


class _Unclear(Exception):  # noqa: N818 - becomes a refusal
    """An event does not say where its changes come from."""


def _read(path: str) -> bytes:
    return bounded(path, _LARGEST_EVENT)


def why_not(environ: Mapping[str, str], *, untrusted_ok: bool, read: Callable[[str], bytes] = _read) -> str | None:
    """Why keylint will not ask Binance here; None where it will.

    It will not with SSLKEYLOGFILE set, whatever is said on the command line; and, unless `untrusted_ok`, not in a pull
    request from a fork and not under pull_request_target. An event that cannot be read counts as such.
    """
    if environ.get("SSLKEYLOGFILE"):
        return (
            "SSLKEYLOGFILE is set: whoever can read that file can read the connections to Binance, API keys included. "
            "Unset it; no option overrides this"
        )
    if untrusted_ok:
        return None
    where = _on_github(environ, read) or _on_gitlab(environ)
    return None if where is None else f"live state is not asked for {where}: {_DANGER}"


def _on_github(environ: Mapping[str, str], read: Callable[[str], bytes]) -> str | None:
    """Where on GitHub this is, if strangers' changes may be at work there."""
    event = environ.get("GITHUB_EVENT_NAME", "")
    if not event:
        return "in a GitHub workflow that does not say what started it" if environ.get("GITHUB_ACTIONS") else None
    if event == "pull_request_target":
        return "under pull_request_target, which hands secrets to workflows about strangers' changes"
    if event not in {*_PULL_REQUESTS, "workflow_run", "issue_comment"}:
        return None  # what starts these is in the repository already
    try:
        return _in_event(event, _payload(environ, read))
    except _Unclear as unclear:
        return f"in a GitHub {event} event that does not say where its changes come from ({unclear})"


def _in_event(event: str, payload: object) -> str | None:
    """What kind of event this is, if strangers' changes may be at work in it. Raises _Unclear."""
    if event == "issue_comment":
        about = "pull_request" in _fields(_at(payload, "issue"))
        return "after a comment on a pull request, whose event does not say whether it is a fork's" if about else None
    if event == "workflow_run":
        forked = _name(_at(payload, "workflow_run"), "head_repository") != _name(payload, "repository")
        return "in a workflow that another one of a fork started" if forked else None
    pull = _at(payload, "pull_request")
    forked = _name(_at(pull, "head"), "repo") != _name(_at(pull, "base"), "repo")
    return "in a pull request from a fork" if forked else None


def _on_gitlab(environ: Mapping[str, str]) -> str | None:
    """Where on GitLab this is, if strangers' changes may be at work there."""
    source = environ.get("CI_PIPELINE_SOURCE", "")
    if source == "external_pull_request_event":
        ours = environ.get("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY")
        theirs = environ.get("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY")
    elif source == "merge_request_event" or environ.get("CI_MERGE_REQUEST_IID") or environ.get("CI_MERGE_REQUEST_ID"):
        ours = environ.get("CI_MERGE_REQUEST_PROJECT_PATH")
        theirs = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH")
    else:
        return None
    if not ours or not theirs:
        return "in a merge request that does not say where its changes come from"
    return "in a merge request from a fork" if ours != theirs else None


def _payload(environ: Mapping[str, str], read: Callable[[str], bytes]) -> object:
    """What GitHub says of the event. Raises _Unclear."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    if not path:
        msg = "GITHUB_EVENT_PATH is not set"
        raise _Unclear(msg)
    try:
        return json.loads(read(path).decode("utf-8"))
    except Unfit as unfit:
        problem = f"its file {unfit}"
    except OSError:
        problem = "its file cannot be read"
    except (ValueError, RecursionError, MemoryError):
        problem = "its file is no JSON"
    raise _Unclear(problem)


def _fields(value: object) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    msg = "its file is not in the form that GitHub documents"
    raise _Unclear(msg)


def _at(value: object, name: str) -> object:
    return _fields(value).get(name)


def _name(value: object, repository: str) -> str:
    """The full name of a repository in an event; of one that is gone there is none. Raises _Unclear."""
    name = _at(_at(value, repository), "full_name")
    if isinstance(name, str) and name:
        return name
    msg = f"it names no {repository}"
    raise _Unclear(msg)
