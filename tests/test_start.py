"""What a clean `keylint check` imports on its way, because a commit hook pays for it each time."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

TOO_DEAR = (
    "asyncio",
    "cryptography",
    "dataclasses",
    "difflib",
    "hashlib",
    "importlib.metadata",
    "ipaddress",
    "json",
    "jsonschema",
    "keylint.baseline",
    "keylint.cli.fixing",
    "keylint.evidence",
    "keylint.live",
    "keylint.live_side",
    "keylint.manifest.organisation",
    "keylint.manifest.strictness",
    "keylint.review",
    "keylint.rules.permission_undeclared",
    "keylint.sandbox",
    "logging",
    "pathspec",
    "requests",
    "rich",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "tomli_w",
    "unicodedata",
    "urllib3",
)

PROBE = """
import sys
before = set(sys.modules)
from keylint.cli import run
code = run(sys.argv[1:])
modules = sorted(set(sys.modules) - before)
import json
print(json.dumps([code, modules]), file=sys.stderr)
"""


def imported(*arguments: str) -> tuple[int, list[str]]:
    # -I keeps the test's own environment and folder out of it; what Python itself had imported does not count.
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROBE, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, modules


def test_a_clean_check_imports_nothing_dear() -> None:
    code, modules = imported("check", "examples/first/good.toml", "--as-of", "2026-11-20")
    assert code == 0
    assert sorted(set(modules) & set(TOO_DEAR)) == []


def test_a_check_with_findings_imports_nothing_dear_either() -> None:
    code, modules = imported("check", "examples/first/bad.toml", "--as-of", "2026-11-20")
    assert code == 1
    assert sorted(set(modules) & set(TOO_DEAR)) == []


def test_the_probe_would_see_it() -> None:
    _, modules = imported("check", "examples/museum/broken-schema.toml", "--as-of", "2026-11-20")
    assert "jsonschema" in modules


def test_the_console_script_ends_with_the_verdict() -> None:
    script = Path(sys.executable).parent / "keylint"
    for name, code in (("first/good.toml", 0), ("first/bad.toml", 1), ("first/none.toml", 2)):
        command = [str(script), "check", f"examples/{name}", "--as-of", "2026-11-20"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
