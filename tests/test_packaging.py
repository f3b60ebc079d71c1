"""What pip and setuptools make of this tree: one name in the wheel, whole, in every way of installing it."""

import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomli

import keylint

if TYPE_CHECKING:
    from conftest import Environment, Tools

ROOT = Path(__file__).parent.parent
METADATA = f"keylint-{keylint.__version__}.dist-info/"
CANARIES = ("click", "requests", "pluggy", "tomli", "rules", "sitecustomize", "usercustomize")

EVERY_PART = """
from importlib import import_module
import os.path
import keylint.rules, keylint.schemas
for rule in keylint.rules.RULES:
    page = import_module(rule.check.__module__).__file__.removesuffix("py") + "md"
    assert os.path.isfile(page), page
for name in ("manifest", "report"):
    assert keylint.schemas.text(name).startswith("{"), name
print(len(keylint.rules.RULES), os.path.dirname(keylint.rules.__file__), sep="\\n")
"""


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def packages_in_the_tree() -> dict[str, Path]:
    """Every package that must be in the wheel, with its folder."""
    folders = [path.parent for path in (ROOT / "keylint").rglob("*.py")]
    engine = {".".join(folder.relative_to(ROOT).parts): folder for folder in folders}
    return engine | {"keylint.rules": ROOT / "rules", "keylint.schemas": ROOT / "schemas"}


def files_in_the_tree() -> set[str]:
    """What the wheel must hold, by the names that it has there."""
    kept = (".py", ".md", ".json", ".typed")
    return {
        f"{package.replace('.', '/')}/{path.name}"
        for package, folder in packages_in_the_tree().items()
        for path in folder.iterdir()
        if path.suffix in kept
    }


def test_the_package_list_is_the_tree() -> None:
    listed = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]

    assert sorted(listed["packages"]) == sorted(packages_in_the_tree())
    assert listed["package-dir"] == {"keylint.rules": "rules", "keylint.schemas": "schemas"}


def test_every_package_is_a_regular_one() -> None:
    """Without an `__init__.py` in the mapped folders an editable install does not find them."""
    assert [name for name, folder in packages_in_the_tree().items() if not (folder / "__init__.py").is_file()] == []


@pytest.mark.slow
def test_the_wheel_holds_one_name(names: list[str]) -> None:
    assert {name.partition("/")[0] for name in names} == {"keylint", METADATA.rstrip("/")}


@pytest.mark.slow
def test_the_wheel_holds_the_tree_and_nothing_else(names: list[str]) -> None:
    held = {name for name in names if not name.startswith(METADATA)}

    assert held == files_in_the_tree()
    assert "keylint/py.typed" in held
    assert {"keylint/schemas/manifest.schema.json", "keylint/schemas/report.schema.json"} <= held


@pytest.mark.slow
def test_every_rule_is_in_the_wheel_with_its_page(names: list[str]) -> None:
    rules = {name for name in names if name.startswith("keylint/rules/")} - {"keylint/rules/__init__.py"}
    modules = {name.removesuffix(".py") for name in rules if name.endswith(".py")}

    assert "keylint/rules/withdrawals_enabled" in modules
    assert {name.removesuffix(".md") for name in rules if name.endswith(".md")} == modules


@pytest.mark.slow
def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"{METADATA}METADATA").decode()
        entry_points = archive.read(f"{METADATA}entry_points.txt").decode()

    assert entry_points.split() == ["[console_scripts]", "keylint", "=", "keylint.start:main"]
    assert wheel.name == f"keylint-{keylint.__version__}-py3-none-any.whl"
    assert "Requires-Python: >=3.11\n" in metadata
    assert "License-Expression: Apache-2.0\n" in metadata


@pytest.mark.slow
def test_the_wheel_from_the_source_distribution_is_the_same(tmp_path: Path, tools: "Tools", names: list[str]) -> None:
    tree = tools.copy_of_the_tree(tmp_path / "tree")

    # Without --wheel or --sdist: the source distribution, and then the wheel from what is in it.
    tools.done(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist", tree)

    (again,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(again) as archive:
        assert sorted(archive.namelist()) == sorted(names)


@pytest.mark.slow
def test_the_wheel_works_when_installed(installed: "Environment", tmp_path: Path) -> None:
    ran = installed.python("-I", "-c", EVERY_PART, cwd=tmp_path)

    assert ran.stderr == ""
    assert ran.stdout.splitlines()[1] == str(installed.site_packages / "keylint" / "rules")
    assert installed.keylint("--version").stdout == f"keylint {keylint.__version__}\n"


@pytest.mark.slow
def test_an_editable_install_works(installed: "Environment", tools: "Tools", tmp_path: Path) -> None:
    tree = tools.copy_of_the_tree(tmp_path / "tree")
    environment = installed.copy(tmp_path / "environment").install("--no-deps", "--editable", tree)

    ran = environment.python("-I", "-c", EVERY_PART, cwd=tmp_path)

    assert ran.stderr == ""
    assert ran.stdout.splitlines()[1] == str(tree / "rules")
    assert environment.keylint("rule", "KL101").stdout == (tree / "rules" / "withdrawals_enabled.md").read_text("utf-8")
    assert environment.keylint("schema", "report").stdout.startswith("{")
    assert not (environment.site_packages / "keylint").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rules", "schemas", "tests", "examples", "benchmarks"])
def test_no_other_name_can_be_imported(installed: "Environment", tmp_path: Path, name: str) -> None:
    assert f"No module named '{name}'" in installed.python("-I", "-c", f"import {name}", cwd=tmp_path).stderr


@pytest.mark.slow
def test_the_console_script_is_the_one_way_in(installed: "Environment", tmp_path: Path) -> None:
    """`python -m keylint` would put the scanned folder first on the path."""
    for name in CANARIES:
        canary = f"open({str(tmp_path / f'{name}.canary')!r}, 'w').close()\n"
        (tmp_path / f"{name}.py").write_text(canary, encoding="utf-8")

    ran = installed.python("-m", "keylint", "check", cwd=tmp_path)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert "No module named keylint.__main__" in ran.stderr
    assert list(tmp_path.glob("*.canary")) == []
