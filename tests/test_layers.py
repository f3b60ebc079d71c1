"""The layers of CONTRIBUTING.md: contracts in pyproject.toml for the engine, and a look at what each rule imports."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import keylint

ROOT = Path(__file__).parent.parent
RULES = sorted((ROOT / "rules").glob("*.py"))
ALLOWED = {
    *("collections", "collections.abc", "datetime", "difflib", "itertools", "keylint.api", "re", "typing"),
    "unicodedata",
}
"""What a rule may import; none of it can open a file or a connection."""
FORBIDDEN = {"__import__", "breakpoint", "compile", "eval", "exec", "input", "now", "open", "print", "today", "utcnow"}
"""What a rule may not call: it reads no clock and touches nothing outside."""


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Hold the keylint in `folder`, else the installed one, to the contracts."""
    program, config = Path(sys.executable).parent / "lint-imports", ROOT / "pyproject.toml"
    command = [str(program), "--no-cache", "--config", str(config)]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)


def test_every_contract_is_kept(tmp_path: Path) -> None:
    checked = contracts(tmp_path)

    assert checked.returncode == 0, checked.stdout
    assert "Contracts: 5 kept, 0 broken." in checked.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("manifest/model.py", "import keylint.api"),
        ("report/text.py", "from keylint.cli import run"),
        ("report/text.py", "from keylint.plugins import load"),
        ("engine.py", "from . import gate"),
        ("engine.py", "def late():\n    from .plugins import load"),
        ("plugins.py", "from .engine import run"),
        ("secret_shapes.py", "from .api import Finding"),
        ("engine.py", "def late():\n    from .live.observe import observe"),
        ("sandbox/state.py", "from keylint.live.endpoints import ENDPOINTS"),
        ("stray.py", ""),
    ],
)
def test_the_contracts_would_see_it(tmp_path: Path, module: str, line: str) -> None:
    package = shutil.copytree(Path(keylint.__file__).parent, tmp_path / "keylint")
    with (package / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")

    checked = contracts(tmp_path)

    assert checked.returncode == 1
    assert "BROKEN" in checked.stdout, checked.stdout + checked.stderr


def imports(path: Path) -> Iterator[str]:
    """The names of the modules that a file imports, with leading dots where they are relative."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_rule_imports_the_api_and_nothing_else_of_keylint(path: Path) -> None:
    others = {".", "importlib", "types"} if path.name == "__init__.py" else set()
    assert set(imports(path)) <= ALLOWED | others


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_rule_calls_nothing_that_looks_outside(path: Path) -> None:
    assert set(calls(path)) & FORBIDDEN == set()


def test_there_are_rules_to_look_at() -> None:
    assert ROOT / "rules" / "withdrawals_enabled.py" in RULES
    assert "keylint.api" in set(imports(ROOT / "rules" / "withdrawals_enabled.py"))
