"""The examples fire every rule, and the clean ones none."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from keylint import engine, gate, plugins
from keylint.engine import Report
from keylint.manifest.load import load

RULES = plugins.load().packs[0].rules
ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").rglob("*.toml"))
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = {word: rule.code for rule in RULES for word in (rule.code, rule.name)}


def judged(path: Path) -> Report:
    source = load(path.name, path.read_bytes())
    return gate.apply([engine.run(source, RULES, NOW, NAMES)], RULES)


def test_every_rule_fires_somewhere_in_the_examples() -> None:
    fired = {finding.code for path in EXAMPLES for finding in judged(path).findings}
    assert sorted({rule.code for rule in RULES} - fired) == []


@pytest.mark.parametrize("path", [ROOT / "examples/clean/keylint.toml", ROOT / "examples/first/good.toml"], ids=str)
def test_a_clean_example_is_clean(path: Path) -> None:
    report = judged(path)
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
    assert report.unknown == ()
    assert {finding.severity for finding in report.findings} == {"error", "warning", "note"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_rule_is_undecided_by_an_example_that_is_well_formed(path: Path) -> None:
    report = judged(path)
    assert {unknown.reason for unknown in report.unknown} <= {"manifest-broken", "unknown-reference"}
