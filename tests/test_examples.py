"""The examples fire every rule, and the clean ones none."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from keylint import __version__, engine, gate, plugins
from keylint.api import Side
from keylint.baseline import load as load_baseline
from keylint.engine import Report
from keylint.manifest.load import load
from keylint.manifest.organisation import load as load_policy
from keylint.rehearsal import perform
from keylint.sandbox import state as sandbox

RULES = plugins.load().packs[0].rules
ROOT = Path(__file__).parent.parent
STATES = sorted((ROOT / "examples").rglob("*.sandbox.toml"))
POLICIES = sorted((ROOT / "examples").rglob("*.policy.toml"))
EXAMPLES = sorted(set((ROOT / "examples").rglob("*.toml")) - {*STATES, *POLICIES})
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = {word: rule.code for rule in RULES for word in (rule.code, rule.name)}


def judged(path: Path) -> Report:
    """What is declared in an example, and what Binance, a policy and a baseline say of it where there is one for it."""
    source = load(path.name, path.read_bytes())
    state = path.with_suffix(".sandbox.toml")
    evidence = None
    if state.exists() and source.manifest is not None:
        evidence = [perform(source.manifest, sandbox.load(state.read_text(encoding="utf-8"), state.name), NOW)]
    policy, held = path.with_suffix(".policy.toml"), path.with_suffix(".baseline.json")
    organisation = None
    if policy.exists():
        organisation = load_policy(policy.name, policy.read_bytes(), RULES, [("keylint", __version__)])
    baseline = load_baseline(held.name, held.read_bytes()) if held.exists() else None
    judgement = engine.run(source, RULES, NOW, NAMES, evidence, organisation)
    return gate.apply([judgement], RULES, organisation, baseline)


def test_every_rule_fires_somewhere_in_the_examples() -> None:
    fired = {finding.code for path in EXAMPLES for finding in judged(path).findings}
    assert sorted({rule.code for rule in RULES} - fired) == []


@pytest.mark.parametrize("path", [ROOT / "examples/clean/keylint.toml", ROOT / "examples/first/good.toml"], ids=str)
def test_a_clean_example_is_clean(path: Path) -> None:
    source = load(path.name, path.read_bytes())
    report = gate.apply([engine.run(source, RULES, NOW, NAMES)], RULES)
    assert report.findings == ()
    assert report.unknown == ()
    assert report.summary.passed > 0


def test_the_desk_is_as_the_readme_says() -> None:
    report = judged(ROOT / "examples/desk/keylint.toml")
    manifest = report.sources[0].manifest
    assert manifest is not None
    subaccounts = [account for account in manifest.accounts.values() if account.master]
    assert (len(manifest.accounts) - len(subaccounts), len(subaccounts)) == (2, 1)
    assert (len(manifest.providers), len(manifest.bots), len(manifest.keys)) == (2, 8, 10)
    assert len(report.waived) == len(manifest.waivers) == 1
    assert any(key.replaced_by and key.status == "active" for key in manifest.keys.values())
    assert {unknown.subject for unknown in report.unknown} == {"keys.fund-inventory", "accounts.fund"}
    assert {finding.severity for finding in report.findings} == {"error", "warning", "note"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_rule_is_undecided_by_an_example_that_is_well_formed(path: Path) -> None:
    report = judged(path)
    declared = {unknown.reason for unknown in report.unknown if unknown.side is Side.DECLARED}
    assert declared <= {"manifest-broken", "unknown-reference"}


@pytest.mark.parametrize("path", STATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_state_is_one_and_plays_a_part_in_a_manifest(path: Path) -> None:
    state = sandbox.load(path.read_text(encoding="utf-8"), path.name)
    beside = [load(it.name, it.read_bytes()).manifest for it in path.parent.glob("*.toml") if it not in STATES]
    assert any(manifest and set(state.keys) & set(manifest.keys) for manifest in beside)


def test_the_desk_is_declared_with_the_fingerprints_that_the_sandbox_makes() -> None:
    found = {finding.code for finding in judged(ROOT / "examples/desk/keylint.toml").findings}
    assert {"KL905", "KL911", "KL901", "KL906"} <= found
    assert "KL908" not in found
