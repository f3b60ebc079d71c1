"""R1 to R3: nothing in a scanned tree is imported or run, nothing is executed, no connection is opened."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = Path(sys.executable).parent / "keylint"
AS_OF = ("--as-of", "2026-11-20")
EXAMPLES = sorted(str(path) for path in (ROOT / "examples").rglob("*.toml"))
TOKEN = "KEYLINTCANARY"  # noqa: S105 - it stands in manifests and must not stand in code that is run
HOSTILE = f"""\
version = 1

[accounts.main]
owner = "__import__('os').system('touch {TOKEN}')"

[providers.fastbot]
url = "https://{TOKEN.lower()}.example/"
changelog = "https://{TOKEN.lower()}.example/`touch {TOKEN}`"
storage = "$(touch {TOKEN})"

[bots.grid]
kind = "custom"
needs = ["read"]
because = "{{{{ ''.__class__.__mro__ }}}} %s {{0}} {TOKEN}"
purpose = "open('{TOKEN}', 'w')"

[keys.grid]
bot = "grid"
label = "; touch {TOKEN}"
type = "ed25519"
permissions = ["read"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-01
owner = "!!python/object/apply:os.system ['touch {TOKEN}']"

[[waivers]]
rule = "KL101"
on = "keys.grid"
reason = "file:///{TOKEN}"
by = "${{jndi:ldap://{TOKEN}}}"
until = 2026-12-01
"""

PROBE = """
import sys

TOKEN, SEEN, FORBIDDEN = "KEYLINTCANARY", [], (
    "ctypes.", "ftplib.", "http.", "imaplib.", "nntplib.", "os.exec", "os.fork", "os.kill", "os.posix_spawn",
    "os.spawn", "os.startfile", "os.system", "pickle.", "poplib.", "pty.", "signal.", "smtplib.", "socket.", "sqlite3.",
    "subprocess.", "telnetlib.", "urllib.", "webbrowser.",
)

def holds(value, depth=0):
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str):
        return TOKEN in value.upper()
    parts = value if isinstance(value, (tuple, frozenset)) else getattr(value, "co_consts", ())
    return depth < 9 and any(holds(part, depth + 1) for part in parts)

def hook(event, arguments):
    if event.startswith(FORBIDDEN):
        SEEN.append(f"{event} {arguments!r:.200}")
    elif event in ("compile", "exec", "import") and holds(tuple(arguments)):
        SEEN.append(f"{event} of a manifest's text")
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
        SEEN.append(f"open {arguments[0]!r} for writing")

import os
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
sys.addaudithook(hook)

exec(sys.argv.pop(1))

code, seen = CODE, list(SEEN)
import json
files = sorted(filter(None, (getattr(module, "__file__", None) for module in list(sys.modules.values()))))
sys.__stderr__.write("\\n" + json.dumps({"code": code, "seen": seen, "files": files, "names": sorted(sys.modules)}))
"""
RUN = "from keylint.cli import run; CODE = run(sys.argv[1:])"


class Watched(NamedTuple):
    """What a run of the command line did, as Python's audit events tell it."""

    code: int
    seen: list[str]
    files: list[str]
    names: list[str]


def watched(*arguments: str, cwd: Path | str = ROOT, program: str = RUN, stdin: str = "") -> Watched:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}
    ran = subprocess.run(
        [sys.executable, "-I", "-B", "-c", PROBE, program, *arguments],
        cwd=cwd,
        env=kept,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    told: dict[str, Any] = json.loads(ran.stderr.splitlines()[-1])
    return Watched(**told)


@pytest.mark.parametrize("format_", ["text", "concise", "json", "github"])
def test_a_check_of_the_examples_runs_nothing_opens_no_socket_and_writes_nothing(format_: str) -> None:
    assert EXAMPLES

    done = watched("check", *EXAMPLES, "--format", format_, "--statistics", "--show-waived", *AS_OF)

    assert done.seen == []
    assert done.code == 1
    assert "keylint.rules" in done.names


@pytest.mark.parametrize("format_", ["text", "concise", "json", "github"])
def test_a_manifest_is_never_run(format_: str, tmp_path: Path) -> None:
    (tmp_path / "keylint.toml").write_text(HOSTILE, encoding="utf-8")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "keylint.toml").write_text(HOSTILE.replace("version = 1", "version = 2"), encoding="utf-8")

    done = watched("check", ".", "--format", format_, "--color", "always", *AS_OF, cwd=tmp_path)

    assert done.seen == []
    assert done.code in {1, 3}
    assert "jsonschema" in done.names
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["keylint.toml"] * 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "-", *AS_OF),
        ("check", "no-such-file.toml"),
        ("check", "--no-such-option"),
        ("check", "--select", "KL999"),
        ("check", ".", *AS_OF),
        ("rule", "KL101"),
        ("rules",),
        ("rules", "--format", "json"),
        ("plugins",),
        ("schema", "manifest"),
        ("--help",),
        ("--version",),
    ],
    ids=" ".join,
)
def test_no_command_runs_anything_or_opens_a_socket(arguments: tuple[str, ...]) -> None:
    assert watched(*arguments, cwd=ROOT / "examples", stdin=HOSTILE).seen == []


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    report = f"json={tmp_path / 'report.json'}"

    done = watched("check", str(ROOT / "examples" / "first" / "good.toml"), "--output", report, *AS_OF)

    # A draft beside it, once by its path and once by its descriptor, which becomes the report.
    draft, by_descriptor = done.seen
    assert draft.startswith(f"open '{tmp_path}{os.sep}.")
    assert by_descriptor.removeprefix("open ").partition(" ")[0].isdigit()
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize(
    ("program", "event"),
    [
        ("import socket; socket.socket()", "socket.__new__"),
        ("import socket; socket.getaddrinfo('localhost', 0)", "socket.getaddrinfo"),
        ("import subprocess; subprocess.run([sys.executable, '-c', ''])", "subprocess.Popen"),
        ("import os; os.system('true')", "os.system"),
        ("import os; os.posix_spawn(sys.executable, [sys.executable, '-c', ''], {})", "os.posix_spawn"),
        ("import pickle; pickle.loads(pickle.dumps(print))", "pickle.find_class"),
        ("import ctypes; ctypes.CDLL(None)", "ctypes.dlopen"),
        ("eval('KEYLINT' 'CANARY', {'KEYLINTCANARY': 0})", "of a manifest's text"),
        ("open('made', 'w').close()", "open 'made' for writing"),
    ],
)
def test_the_probe_would_see_it(program: str, event: str, tmp_path: Path) -> None:
    seen = watched(program=f"{program}; CODE = 0".replace("'KEYLINT' 'CANARY'", "'KEYLINT' + 'CANARY'"), cwd=tmp_path)
    assert any(event in it for it in seen.seen)


# What lies in the scanned folder.


def bait(folder: Path, canaries: Path) -> list[str]:
    """Everything in `folder` that somebody could hope to be imported or run; each leaves a file behind if it is."""
    names = {name.partition(".")[0] for name in watched("check", *EXAMPLES, *AS_OF).names} - {"__main__", "__mp_main__"}
    names |= {"conftest", "requests", "setup", "sitecustomize", "tomllib", "usercustomize", "keylint_rules", "rules"}
    names |= {"acme", "jsonschema", "pathspec", "rich", "signal", "schemas", "_virtualenv", "colorama"}
    for name in sorted(names):
        code = f"open({str(canaries / name)!r}, 'w').close()\n"
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
        if name in {"keylint", "rules", "schemas", "click", "rich"}:
            (folder / name).mkdir()
            (folder / name / "__init__.py").write_text(code, encoding="utf-8")
    for metadata in ("acme-1.0.dist-info", "acme.egg-info"):
        (folder / metadata).mkdir()
        (folder / metadata / "entry_points.txt").write_text("[keylint]\nacme = acme\n", encoding="utf-8")
        (folder / metadata / "METADATA").write_text("Name: acme\nVersion: 1.0\n", encoding="utf-8")
    touch = canaries / "touched"
    others = {
        "acme.pth": "import acme\n",
        "pyproject.toml": '[tool.keylint]\nplugins = ["acme"]\nselect = []\n',
        "setup.cfg": "[keylint]\nplugins = acme\n",
        "pytest.ini": "[pytest]\naddopts = -p acme\n",
        ".env": "PYTHONPATH=.\n",
        "pyvenv.cfg": "home = .\ninclude-system-site-packages = true\n",
        ".git/config": f"[core]\nfsmonitor = touch {touch}\n[diff]\nexternal = touch {touch}\n",
        ".gitignore": "!*\n",
        ".gitattributes": "* filter=acme diff=acme\n",
        ".pre-commit-hooks.yaml": "- id: acme\n",
    }
    for name, text in others.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return sorted(names)


def test_nothing_in_the_scanned_folder_is_imported_or_run(tmp_path: Path) -> None:
    scanned, canaries, alone = (tmp_path / name for name in ("scanned", "canaries", "alone"))
    for folder in (scanned, canaries, alone):
        folder.mkdir()
    for folder in (scanned, alone):
        (folder / ".git").mkdir()
        for example in ("bad", "good"):
            (folder / example).mkdir()
            shutil.copy(ROOT / "examples" / "first" / f"{example}.toml", folder / example / "keylint.toml")
        (folder / "broken").mkdir()
        (folder / "broken" / "keylint.toml").write_text(HOSTILE.replace("version = 1", "version = 2"), "utf-8")
    assert {"click", "keylint", "pluggy", "tomli", "json", "signal"} <= set(bait(scanned, canaries))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}

    for arguments in (
        ("check", ".", *AS_OF),
        ("check", *AS_OF),
        ("check", "bad/keylint.toml", "--format", "json", *AS_OF),
        ("check", "good", "--color", "always", *AS_OF),
        ("rule", "KL101"),
        ("rules", "--format", "json"),
        ("plugins",),
        ("schema", "report"),
        ("--help",),
    ):
        ran, other = (
            subprocess.run(
                [sys.executable, str(SCRIPT), *arguments],
                cwd=folder,
                env=kept,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            for folder in (scanned, alone)
        )
        assert [path.name for path in canaries.iterdir()] == []
        assert (ran.returncode, ran.stdout, ran.stderr) == (other.returncode, other.stdout, other.stderr)


def test_the_canaries_would_sing(tmp_path: Path) -> None:
    (tmp_path / "canaries").mkdir()
    names = bait(tmp_path, tmp_path / "canaries")

    run_each = "import sys\nfor path in sys.argv[1:]: exec(open(path).read())"
    subprocess.run([sys.executable, "-I", "-c", run_each, *(tmp_path / f"{name}.py" for name in names)], check=True)

    assert sorted(path.name for path in (tmp_path / "canaries").iterdir()) == names


def test_no_module_comes_from_the_scanned_folder(tmp_path: Path) -> None:
    (tmp_path / "canaries").mkdir()
    bait(tmp_path, tmp_path / "canaries")
    (tmp_path / "keylint.toml").write_text(HOSTILE, encoding="utf-8")

    done = watched("check", ".", *AS_OF, cwd=tmp_path)

    assert done.files
    assert [file for file in done.files if file.startswith(str(tmp_path))] == []
