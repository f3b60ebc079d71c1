"""What several test files need: keylint built from this tree and installed beside it, without a network."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
WHEELHOUSE = ROOT / ".wheelhouse"
SECONDS = 900
"""After which a child process that hangs is ended."""

# The same cases in every run: a change lands or does not by what it changes. `make fuzz` draws others, and so does
# `HYPOTHESIS_PROFILE=default`.
settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

Completed = subprocess.CompletedProcess[str]


class Tools:
    """How tests run other programs: their ends, their texts, and nothing of the surroundings that would bend them."""

    @staticmethod
    def surroundings(**more: str) -> dict[str, str]:
        """The environment of a child process: nothing that bends pip, Python, git or coverage, and no package index."""
        bending = ("PIP_", "PYTHON", "PYTEST_", "COV", "GIT_", "PRE_COMMIT", "VIRTUALENV", "VIRTUAL_ENV", "XDG_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(bending)}
        packages = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_FIND_LINKS": WHEELHOUSE.as_uri(),
            "PIP_NO_INDEX": "1",
            "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
        }
        return kept | packages | more

    @staticmethod
    def run(*arguments: str | Path, cwd: Path | None = None, stdin: str = "", **environment: str) -> Completed:
        """Run a program to its end, whatever its exit code."""
        return subprocess.run(
            list(map(str, arguments)),
            cwd=cwd,
            input=stdin,
            env=Tools.surroundings(**environment),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )

    @staticmethod
    def done(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> Completed:
        """Run a program that must succeed."""
        completed = Tools.run(*arguments, cwd=cwd, **environment)
        assert completed.returncode == 0, f"{arguments}\n{completed.stdout}\n{completed.stderr}"
        return completed

    @staticmethod
    def copy_of_the_tree(to: Path) -> Path:
        """The files of this tree that git would keep, so that building leaves nothing behind and finds nothing old."""
        lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
        ignored = shutil.ignore_patterns(".git", *(line.rstrip("/") for line in lines if not line.startswith("#")))
        shutil.copytree(ROOT, to, ignore=ignored)
        return to


class Environment(NamedTuple):
    """A virtual environment without pip; what is installed in it comes from the wheelhouse."""

    folder: Path

    @property
    def site_packages(self) -> Path:
        return Path(self._path("purelib"))

    def program(self, name: str) -> Path:
        return Path(self._path("scripts")) / name

    def _path(self, which: str) -> str:
        base = str(self.folder)
        return sysconfig.get_path(which, "venv", {"base": base, "platbase": base})

    def create(self) -> "Environment":
        venv.create(self.folder, symlinks=os.name != "nt")
        return self

    def install(self, *requirements: str | Path) -> "Environment":
        pip = (sys.executable, "-m", "pip", "--python", self.folder, "install", "--quiet", "--no-compile")
        Tools.done(*pip, *requirements)
        return self

    def copy(self, to: Path) -> "Environment":
        """Another one like it, in which a test may install what it likes."""
        shutil.copytree(self.folder, to, symlinks=True)
        return Environment(to)

    def python(self, *arguments: str | Path, cwd: Path | None = None, stdin: str = "", **environment: str) -> Completed:
        return Tools.run(self.program("python"), *arguments, cwd=cwd, stdin=stdin, **environment)

    def keylint(
        self, *arguments: str | Path, cwd: Path | None = None, stdin: str = "", **environment: str
    ) -> Completed:
        """Run the console script as the kernel would, whose first line still names the environment copied from."""
        return self.python(self.program("keylint"), *arguments, cwd=cwd, stdin=stdin, **environment)


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make a folder once in a run, whichever of the workers needs it first.

    Source: https://pytest-xdist.readthedocs.io/en/stable/how-to.html#making-session-scoped-fixtures-execute-only-once
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        place, finished = shared / name, shared / f"{name}.finished"
        with FileLock(shared / f"{name}.lock"):
            if not finished.exists():
                shutil.rmtree(place, ignore_errors=True)
                make(place)
                finished.touch()
        return place

    return folder


@pytest.fixture(scope="session")
def tools() -> Tools:
    return Tools()


@pytest.fixture(scope="session")
def wheel(once: Once) -> Path:
    """The wheel of this tree."""

    def build(place: Path) -> None:
        assert WHEELHOUSE.is_dir(), "fill the wheelhouse first: make .wheelhouse/.filled (make test does)"
        tree = Tools.copy_of_the_tree(place / "tree")
        Tools.done(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", place, tree)

    (built,) = once("wheel", build).glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(once: Once, wheel: Path) -> Environment:
    """An environment that holds the wheel and what it depends on, and nothing else. To be left as it is."""
    return Environment(once("installed", lambda place: Environment(place).create().install(wheel)))


@pytest.fixture(scope="session")
def acme_wheel(once: Once) -> Path:
    """The wheel of the rule pack in `tests/packs/acme`."""

    def build(place: Path) -> None:
        tree = shutil.copytree(ROOT / "tests" / "packs" / "acme", place / "tree")
        Tools.done(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", place, tree)

    (built,) = once("acme", build).glob("*.whl")
    return built
