"""For every desk: a plan that is carried out leaves nothing to plan, and none asks for what is as declared."""

from datetime import UTC, datetime

import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from review.planning import NOW, Table, carried_out, laid_over, planned

from keylint import rehearsal
from keylint.manifest.load import load as load_manifest
from keylint.manifest.model import Manifest
from keylint.manifest.permissions import PERMISSIONS
from keylint.sandbox.credentials import made
from keylint.sandbox.state import load as load_state

TOKENS = [it.token for it in PERMISSIONS]
ADDRESSES = ["203.0.113.20", "203.0.113.0/24", "203.0.113.0/25", "198.51.100.7", "2001:db8::/64", "192.0.2.1"]
permissions = st.lists(st.sampled_from(TOKENS), unique=True, max_size=5).map(lambda it: ["read", *set(it) - {"read"}])
addresses = st.lists(st.sampled_from(ADDRESSES), unique=True, max_size=4)
days = st.dates(datetime(2026, 10, 1, tzinfo=UTC).date(), NOW.date())
declared_keys = st.fixed_dictionaries(
    {
        "account": st.sampled_from(["main", "grid"]),
        "permissions": permissions,
        "ip_allowlist": addresses,
        "created": days,
        "status": st.sampled_from(["active", "active", "staged", "disabled"]),
        "disabled": days,
        "label": st.sampled_from(["one", "two"]),
    }
)
live_keys = st.fixed_dictionaries(
    {
        "deleted": st.sampled_from([False, False, False, True]),
        "permissions": permissions,
        "ip_list": st.lists(st.sampled_from(ADDRESSES), unique=True, min_size=1, max_size=4),
        "created": days,
        "label": st.sampled_from(["one", "two", "three"]),
        "flags": st.sampled_from([{}, {"enableMoon": True}]),
    }
)
PRINTS = made(load_state("version = 1\n" + "".join(f"[keys.{it}]\ncreated = 2026-11-01\n" for it in "abcd"), "live"))
MASTER: Table = {
    "version": 1,
    "accounts": {"main": {}, "grid": {"master": "main", "email": "grid@example.com"}},
    "keys": {"inventory": {"role": "inventory", "account": "main", "permissions": ["read"], "created": NOW.date()}},
}


@st.composite
def desks(draw: st.DrawFn) -> tuple[Manifest, Table]:
    """A manifest, and a sandbox in which anything may be otherwise."""
    ids = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4))
    tables: Table = {}
    for id_ in ids:
        table = draw(declared_keys)
        if table["status"] != "disabled":
            del table["disabled"]
        # With a fingerprint it can be told which key of a list it is.
        tables[id_] = {**table, "type": "ed25519", "fingerprint": PRINTS[id_].fingerprint}
    values = laid_over(MASTER, {"keys": {id_: {**table, "type": "ed25519"} for id_, table in tables.items()}})
    values["keys"]["inventory"]["type"] = "ed25519"
    manifest = load_manifest("keylint.toml", tomli_w.dumps(values).encode()).manifest
    assert manifest is not None
    state = rehearsal.declared(manifest)
    for id_ in ids:
        bent = {name: value for name, value in draw(live_keys).items() if draw(st.booleans())}
        state["keys"][id_].update(bent)
        if "ip_list" not in bent and draw(st.booleans()):
            state["keys"][id_].pop("ip_list", None)
    for number in range(draw(st.integers(0, 2))):
        state["keys"][f"stranger-{number}"] = {**draw(live_keys), "account": "grid", "deleted": False}
    return manifest, state


@given(desks())
def test_a_plan_that_is_carried_out_leaves_nothing_to_plan(desk: tuple[Manifest, Table]) -> None:
    manifest, state = desk
    before = planned(manifest, state)
    # All keys answered: what is not known here would hide from this test what the plan forgets.
    assert before.unknown == ()

    after = planned(manifest, carried_out(before, state, manifest))
    assert after.entries == ()
    assert after.unknown == ()


@given(desks())
def test_a_plan_changes_nothing_that_is_as_declared(desk: tuple[Manifest, Table]) -> None:
    manifest, state = desk
    for entry in planned(manifest, state).entries:
        if entry.subject.startswith("keys."):
            key, live = manifest.keys[entry.subject[5:]], state["keys"][entry.subject[5:]]
            for change in entry.changes:
                if change.field == "permissions":
                    (box,) = change.items
                    ticked = box in live["permissions"] or box in live.get("flags", {})
                    assert ticked is (change.sign == "-")
                    meant = box in key.permissions and (key.status != "disabled" or box == "read")
                    assert meant is (change.sign == "+")
