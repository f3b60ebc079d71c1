"""Every page of `rules/` and of `tests/rules/` is a test of its rule."""

from importlib import import_module
from pathlib import Path

import pytest

from keylint import plugins, testing
from keylint.api import Rule, Side

RULES = plugins.load().packs[0].rules
ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "rules").glob("*.md"))
CORNERS = sorted((ROOT / "tests" / "rules").glob("*.md"))


def rule_of(page: Path) -> Rule:
    module = import_module(f"keylint.rules.{page.stem.replace('-', '_')}")
    rule: Rule = module.RULE
    return rule


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_holds_for_its_rule(path: Path) -> None:
    rule = rule_of(path)
    assert testing.page_path(rule).name == path.name
    assert "\n".join(testing.problems(rule, testing.read(path), RULES)) == ""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_every_section(path: Path) -> None:
    headings = [heading.partition(":")[0] for heading in testing.read(path).headings]
    assert list(dict.fromkeys(headings)) == ["Why", "Bad", "Good", "Fix", "Sources"]


@pytest.mark.parametrize("path", CORNERS, ids=lambda path: path.stem)
def test_corners_hold(path: Path) -> None:
    rule, page = rule_of(path), testing.read(path)
    assert page.title == f"{rule.name} ({rule.code})"
    assert page.blocks
    assert "\n".join(testing.mismatches(rule, page, RULES)) == ""


def test_every_rule_has_its_page_and_every_page_its_rule() -> None:
    assert [testing.page_path(rule).stem for rule in RULES] == [rule.name.replace("-", "_") for rule in RULES]
    assert {path.stem for path in PAGES} == {rule.name.replace("-", "_") for rule in RULES}


def test_rules_stand_in_the_order_of_their_codes() -> None:
    pack = import_module("keylint.rules")
    for codes in ([rule.code for rule in pack.RULES], list(pack.LIVE)):
        assert codes == sorted(set(codes))


def test_the_rules_that_are_loaded_late_judge_live_state_alone_and_are_named_as_they_are() -> None:
    pack = import_module("keylint.rules")
    late = pack.live_rules()

    assert {rule.code: rule.name for rule in late} == dict(pack.LIVE)
    assert {rule.sides for rule in late} == {(Side.LIVE,)}
    assert all(Side.DECLARED in rule.sides for rule in pack.RULES)
    assert {rule.code for rule in (*pack.RULES, *late)} == {rule.code for rule in RULES}
