"""What the page harness says of a page that is no test of its rule."""

from pathlib import Path

import pytest

from keylint import plugins, testing
from keylint.api import Rule

RULES = plugins.load().packs[0].rules
GOOD = """# withdrawals-enabled (KL101)

The key can withdraw funds.

## Why
Because.

## Bad
```toml
[keys.grid]
permissions = ["withdraw"]
```
```text
keylint.toml:2:16: KL101 keys.grid can withdraw (declared)
```

## Good
```toml
[keys.grid]
permissions = ["read"]
```
"""


def rule(code: str = "KL101") -> Rule:
    return next(it for it in RULES if it.code == code)


def page(tmp_path: Path, text: str) -> testing.Page:
    path = tmp_path / "withdrawals_enabled.md"
    path.write_text(text, encoding="utf-8")
    return testing.read(path)


def test_a_good_page_has_no_problems(tmp_path: Path) -> None:
    found = page(tmp_path, GOOD)
    assert testing.problems(rule(), found) == []
    assert [block.title for block in found.blocks] == ["Bad", "Good"]
    assert found.headings == ("Why", "Bad", "Good")


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("(KL101)", "(KL102)", "withdrawals_enabled.md:1: the title must be `# withdrawals-enabled (KL101)`"),
        (
            "funds.",
            "coins.",
            "withdrawals_enabled.md: the first line must be the rule's summary: The key can withdraw funds.",
        ),
        ("## Bad", "## Ugly", "withdrawals_enabled.md: has no ## Bad block"),
        ("## Good", "## Fix", "withdrawals_enabled.md: has no ## Good block"),
    ],
)
def test_what_a_page_lacks_is_said(tmp_path: Path, before: str, after: str, problem: str) -> None:
    assert problem in testing.problems(rule(), page(tmp_path, GOOD.replace(before, after)))


def test_a_bad_block_that_prints_something_else_is_shown_beside_what_it_must_print(tmp_path: Path) -> None:
    [problem] = testing.problems(rule(), page(tmp_path, GOOD.replace("2:16", "9:99")))
    assert problem == (
        "withdrawals_enabled.md:9: ## Bad\n"
        "expected:\nkeylint.toml:9:99: KL101 keys.grid can withdraw (declared)\n"
        "printed:\nkeylint.toml:2:16: KL101 keys.grid can withdraw (declared)\n"
    )


def test_a_good_block_that_prints_something_is_a_problem(tmp_path: Path) -> None:
    [problem] = testing.problems(rule(), page(tmp_path, GOOD.replace('["read"]', '["withdraw"]')))
    assert "## Good\nexpected:\n(nothing)\nprinted:\nkeylint.toml:2:16: KL101" in problem


def test_a_bad_block_that_prints_nothing_is_a_problem(tmp_path: Path) -> None:
    [problem] = testing.problems(rule(), page(tmp_path, GOOD.replace('["withdraw"]', '["read"]', 1)))
    assert problem.endswith("printed:\n(nothing)")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: the first line must be `# name (CODE)`"),
        ("withdrawals-enabled\n", ":1: the first line must be `# name (CODE)`"),
        (GOOD.replace("```text\n", "```\n"), ":9: the toml block under ## Bad has no text block after it"),
        ("# a (B)\n## Bad\n```toml\n```\n```toml\n```\n", ":3: the toml block under ## Bad has no text block after it"),
        ("# a (B)\n## Bad\n```toml\n```\n", ":3: the toml block under ## Bad has no text block after it"),
        ("# a (B)\n## Good\n```toml\n", ":3: the block is not closed"),
    ],
)
def test_a_page_that_cannot_be_read_is_an_error_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(testing.PageError) as raised:
        page(tmp_path, text)
    assert str(raised.value) == f"withdrawals_enabled.md{said}"


def test_a_fragment_that_breaks_the_schema_is_an_error_that_says_where(tmp_path: Path) -> None:
    with pytest.raises(
        testing.PageError, match=r"the fragment breaks the schema: keys\.grid\.permissions\[0\] must be"
    ):
        testing.judge(rule(), '[keys.grid]\npermissions = ["reed"]\n')


def test_a_block_may_name_its_day(tmp_path: Path) -> None:
    text = GOOD.replace("```toml\n", "```toml as-of=2027-01-31\n", 1)
    [bad, good] = page(tmp_path, text).blocks
    assert bad.as_of.date().isoformat() == "2027-01-31"
    assert good.as_of == testing.MOMENT


def test_blocks_under_other_headings_are_prose(tmp_path: Path) -> None:
    prose = GOOD.replace("Because.", "Because.\n\n```sh\nmake demo\n```\n\n```toml\nversion = 2\n```")
    assert testing.problems(rule(), page(tmp_path, prose)) == []
