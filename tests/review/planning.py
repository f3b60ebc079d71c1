"""What the tests of plans share: a manifest and a sandbox's state, the plan of both, and the plan carried out."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import tomli
import tomli_w

from keylint import rehearsal
from keylint.evidence.known import known
from keylint.manifest.model import Key, Manifest
from keylint.report import Style
from keylint.review.plan import plan
from keylint.review.plan_text import render, what
from keylint.review.planned import ADD, Change, Entry, Plan
from keylint.sandbox.credentials import made
from keylint.sandbox.state import load
from keylint.testing import MOMENT, completed

NOW = MOMENT
Table = dict[str, Any]


def manifest_of(text: str) -> Manifest:
    """The manifest of a fragment."""
    manifest = completed(text, NOW).manifest
    assert manifest is not None
    return manifest


def laid_over(below: Table, above: Table) -> Table:
    """`above` laid over `below`, table by table."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = laid_over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def state_of(manifest: Manifest, live: str = "", without: tuple[str, ...] = ()) -> Table:
    """The sandbox's state in which all is as declared, but for what `live` says and for the keys in `without`."""
    state = rehearsal.declared(manifest)
    for key in without:
        del state["keys"][key]
    return laid_over(state, tomli.loads(live))


def planned(manifest: Manifest, state: Table, moment: datetime = NOW) -> Plan:
    """The plan of a manifest against a sandbox in this state."""
    evidence = rehearsal.perform(manifest, load(tomli_w.dumps(state), "live"), moment)
    return plan(manifest, known(manifest, [evidence], moment), moment, "keylint.toml")


def plan_of(text: str, live: str = "", without: tuple[str, ...] = (), moment: datetime = NOW) -> Plan:
    """The plan of a fragment against a sandbox that differs by `live`, and lacks the keys in `without`."""
    manifest = manifest_of(text)
    return planned(manifest, state_of(manifest, live, without), moment)


def story(found: Plan) -> list[str]:
    """A plan in as few words as it takes: a line for each change, for each rotation, for what is not known."""
    return [
        *(f"{it.sign} {entry.subject} {what(it)} ({it.cause})" for entry in found.entries for it in entry.changes),
        *(f"{it.old}: {it.step}" + (f" by {it.by}" if it.by else "") for it in found.rotations),
        *(f"? {it.subject} {it.about} [{it.reason}]" for it in found.unknown),
    ]


def shown(found: Plan, width: int = 80) -> str:
    """A plan as a terminal shows it."""
    return render(found, Style(width=width))


# -- Carried out -------------------------------------------------------------------------------------------------------


def carried_out(found: Plan, state: Table, manifest: Manifest) -> Table:
    """The state of the sandbox after somebody did at Binance what the plan says, and nothing else."""
    keys: Table = {id_: dict(table) for id_, table in state["keys"].items()}
    prints = {each.fingerprint: each.id for each in made(load(tomli_w.dumps(state), "live")).values()}
    for entry in found.entries:
        id_ = prints[entry.fingerprint] if entry.fingerprint else entry.subject.removeprefix("keys.")
        for change in entry.changes:
            _do(change, entry, keys, id_, manifest)
    return {**state, "keys": keys}


def _do(change: Change, entry: Entry, keys: Table, id_: str, manifest: Manifest) -> None:
    if change.field != "key":
        _alter(change, keys[id_], manifest.keys[id_])
    elif change.sign == ADD:
        keys[id_] = rehearsal.declared(manifest)["keys"][id_]
    elif entry.fingerprint:
        del keys[id_]
    else:
        keys[id_]["deleted"] = True


def _alter(change: Change, live: Table, declared: Key) -> None:
    items, adding = list(change.items), change.sign == ADD
    match change.field:
        case "permissions":
            live["flags"] = {name: value for name, value in live.get("flags", {}).items() if name not in items}
            live["permissions"] = [it for it in live.get("permissions", ["read"]) if it not in items]
            live["permissions"] += items if adding else []
        case "ip_restriction" if adding:
            live["ip_list"] = items or ["203.0.113.1"]
        case "ip_restriction":
            del live["ip_list"]
        case "ip_allowlist":
            live["ip_list"] = [it for it in live["ip_list"] if it not in items] + (items if adding else [])
        case "label" | "created":
            live[change.field] = getattr(declared, change.field)
        case _:
            raise AssertionError(change.field)


def everything(found: Plan) -> Iterator[str]:
    """Every text of a plan."""
    for entry in found.entries:
        yield from (entry.subject, entry.label, entry.account)
        for change in entry.changes:
            yield from (change.live, change.declared, change.step, *change.items)
    yield from (rotation.help for rotation in found.rotations)
    yield from (unknown.message for unknown in found.unknown)
