"""What the documents show is what keylint prints."""

import importlib.util
import re
from pathlib import Path

import pytest
import tomli

from keylint import plugins
from keylint.manifest.load import load

RULES = plugins.load().packs[0].rules
ROOT = Path(__file__).parent.parent
spec = importlib.util.spec_from_file_location("documents", ROOT / "tests" / "documents.py")
assert spec is not None
assert spec.loader is not None
documents = importlib.util.module_from_spec(spec)
spec.loader.exec_module(documents)


@pytest.mark.parametrize("path", documents.DOCUMENTS, ids=lambda path: path.name)
def test_generated_parts_are_up_to_date(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert documents.renewed(text) == text


def test_the_readme_shows_commands_and_a_table() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(documents.CONSOLE.findall(text)) >= 4
    assert "| KL101 | withdrawals-enabled |" in text


def test_the_readmes_manifests_parse_and_the_first_one_is_whole() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert all(tomli.loads(block) for block in blocks)
    assert load("keylint.toml", blocks[0].encode()).manifest is not None


def test_the_changelog_names_every_rule_that_is_there() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    named = set()
    for first, last in re.findall(r"KL(\d{3})(?:–KL(\d{3}))?", text):
        named |= {f"KL{number:03}" for number in range(int(first), int(last or first) + 1)}
    assert {rule.code for rule in RULES} <= named


def test_every_path_that_a_document_links_to_is_there() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (ROOT / target).exists(), f"{name} links to {target}"
