"""The suite against the built wheel, beside a tree without the engine: all but properties and environments."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomli

if TYPE_CHECKING:
    from conftest import Environment, Tools

ROOT = Path(__file__).parent.parent
ORIGIN = """
from pathlib import Path
import keylint, keylint.rules, keylint.schemas

def test_keylint_is_the_installed_one():
    for package in (keylint, keylint.rules, keylint.schemas):
        assert "site-packages" in Path(package.__file__).parts
"""


@pytest.mark.slow
def test_the_suite_passes_against_the_wheel(installed: "Environment", tools: "Tools", tmp_path: Path) -> None:
    groups = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    environment = installed.copy(tmp_path / "environment").install(*groups["test"])
    tree = tools.copy_of_the_tree(tmp_path / "tree")
    shutil.rmtree(tree / "keylint")
    (tree / "tests" / "test_origin.py").write_text(ORIGIN, encoding="utf-8")

    # What builds environments, this file too, is marked slow; the tests of packaging look at the tree itself; the
    # properties, which take minutes, are of code that no way of installing it changes.
    chosen = ("-m", "not slow and not hypothesis", "--ignore", "tests/test_packaging.py")
    ran = environment.python(environment.program("pytest"), "-q", "-n", "2", *chosen, cwd=tree)

    assert ran.returncode == 0, ran.stdout[-10_000:] + ran.stderr[-10_000:]
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None
    assert int(passed[1]) > 300
    assert "failed" not in ran.stdout
