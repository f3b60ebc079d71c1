"""R1 to R3, R8, R9, R18: nothing in a scanned tree is run, nobody is asked unless told, no secret is handed on.

What stands here is asked of the whole program; the tests of its parts ask more of each.
"""

import functools
import gc
import json
import os
import shutil
import ssl
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from live.raw_server import RawServer, answer, saying

from keylint import engine
from keylint.api import (
    BOTH_SIDES,
    Account,
    Context,
    Key,
    KeyRule,
    LiveAccount,
    LiveAccountRule,
    LiveKey,
    LiveKeyRule,
    Severity,
)
from keylint.cli.live_options import Looking
from keylint.cli.looking import look
from keylint.evidence.file import dump
from keylint.evidence.file import load as load_evidence
from keylint.live.credentials import Credentials, find
from keylint.manifest.load import load
from keylint.sandbox.credentials import made
from keylint.sandbox.server import Sandbox
from keylint.sandbox.state import load as load_state

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
        ("diff", "first/bad.toml", "first/good.toml", *AS_OF),
        ("inventory", "first/good.toml", *AS_OF),
        ("calendar", "first/good.toml", *AS_OF),
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


# R2 and R3 where there is live state: evidence opens no socket, and whoever asks runs nothing.

HOSTS = ROOT / "examples" / "hosts"
NOON = ("--as-of", "2026-11-20T12:00:00Z")
NETWORK = {"http.client", "keylint.live", "keylint.sandbox", "requests", "socket", "ssl", "urllib3"}
"""What nobody who only judges may import; `keylint.live` stands for all below it."""


def network(names: list[str]) -> set[str]:
    """Which of NETWORK, or of what lies below them, is among the imported modules."""
    return {known for known in NETWORK if any(name == known or name.startswith(f"{known}.") for name in names)}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A copy of the desk on two hosts, with what each of them has seen."""
    folder = tmp_path / "hosts"
    shutil.copytree(HOSTS, folder)
    for host in ("a", "b"):
        observed = watched(
            "observe", "--sandbox", f"host-{host}.sandbox.toml", "-o", f"host-{host}.json", *NOON, cwd=folder
        )
        assert observed.code == 3
    return folder


@pytest.mark.parametrize("format_", ["text", "concise", "json", "github"])
def test_judging_evidence_opens_no_socket_and_imports_nothing_that_could(format_: str, desk: Path) -> None:
    arguments = ("check", "--evidence", "host-a.json", "--evidence", "host-b.json", "--format", format_, *NOON)

    done = watched(*arguments, cwd=desk)

    assert done.seen == []
    assert done.code == 1
    assert network(done.names) == set()
    assert "keylint.evidence.file" in done.names


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "keylint.toml", *AS_OF),
        ("check", "--select", "KL901", *AS_OF),
        ("check", "--evidence", "nowhere.json"),
        ("check", "--evidence", "keylint.toml"),
        ("check", "--live", *AS_OF),
        ("observe", *AS_OF),
        ("observe", "--help"),
        ("check", "--help"),
        ("rule", "KL901"),
        ("rules",),
        ("plugins",),
        ("schema", "evidence"),
    ],
    ids=" ".join,
)
def test_who_does_not_ask_imports_nothing_that_could(arguments: tuple[str, ...]) -> None:
    done = watched(*arguments, cwd=HOSTS)
    assert done.seen == []
    assert network(done.names) == set()


@pytest.mark.parametrize("arguments", [("check", "--live"), ("observe",), ("fingerprint", "dca")], ids=" ".join)
def test_without_credentials_nobody_is_looked_up_or_connected_to(arguments: tuple[str, ...]) -> None:
    seen = watched(*arguments, cwd=HOSTS).seen
    # urllib3 finds out at its import whether this machine has IPv6: it binds a port of ::1, and connects to nobody.
    assert [it for it in seen if not it.startswith(("socket.__new__", "socket.bind")) and "write" not in it] == []
    assert all("'::1'" in it for it in seen if it.startswith("socket.bind"))


@pytest.mark.parametrize("command", ["check", "observe"])
def test_who_asks_connects_to_the_sandbox_alone_and_runs_nothing(command: str, desk: Path) -> None:
    done = watched(command, "--sandbox", "host-a.sandbox.toml", *NOON, cwd=desk)

    kinds = {it.partition(" ")[0] for it in done.seen}
    assert kinds <= {"socket.__new__", "socket.bind", "socket.connect", "http.client.send", "socket.getaddrinfo",
                     "http.client.connect", "socket.getnameinfo", "signal.pthread_kill"}  # fmt: skip
    reached = [it for it in done.seen if it.startswith(("socket.connect", "socket.getaddrinfo"))]
    assert reached
    assert all("127.0.0.1" in it for it in reached)
    assert all("'127.0.0.1'" in it or "'::1'" in it for it in done.seen if it.startswith("socket.bind"))


# R8: what the environment says of proxies, passwords and authorities changes nothing.

BINANCE = """
import socket, sys
PORT, connect = int(sys.argv.pop(1)), socket.socket.connect

def nearby(self, address):
    return connect(self, ("127.0.0.1", PORT))

def public(host, port, *rest, **more):
    print("looked up", host, file=sys.stderr)
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))]

socket.socket.connect = nearby
socket.getaddrinfo = public
"""
"""Every connection leads to a port of this machine, whoever it was meant for: no test reaches Binance."""

CHECKING = "import sys; from keylint.cli import run; sys.exit(run(sys.argv[1:]))"
ASKING = f"{BINANCE}\n{CHECKING}"
TRUSTING = f"{BINANCE}\nimport requests\nrequests.get('https://api.binance.com/x', timeout=9)"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
SURROUNDED: dict[str, Callable[[str, Path], dict[str, str]]] = {
    **{name: lambda url, _folder, name=name: {name: url} for name in PROXIES},  # type: ignore[misc]
    **{name: lambda _url, folder, name=name: {name: str(folder / "authority.pem")} for name in AUTHORITIES},  # type: ignore[misc]
    "SSL_CERT_DIR": lambda _url, folder: {"SSL_CERT_DIR": str(folder)},
    "NETRC": lambda _url, folder: {"NETRC": str(folder / ".netrc"), "HOME": str(folder)},
    "all": lambda url, folder: (
        dict.fromkeys(PROXIES, url)
        | dict.fromkeys(AUTHORITIES, str(folder / "authority.pem"))
        | {"NETRC": str(folder / ".netrc"), "HOME": str(folder), "NO_PROXY": "", "SSL_CERT_DIR": str(folder)}
    ),
}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder with the credentials of the desk's keys."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    state = load_state((HOSTS / "host-a.sandbox.toml").read_text(encoding="utf-8"), "state.toml")
    for one in made(state).values():
        for name, text in zip(one.file_names, (one.api_key, one.private), strict=True):
            (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def bent(tmp_path: Path) -> Iterator[tuple[Path, RawServer]]:
    """A folder of what a hostile environment names, and a proxy that answers whatever it is asked."""
    (tmp_path / ".netrc").write_text("default login canary password canary", encoding="utf-8")
    (tmp_path / "authority.pem").write_bytes(_certified()[0])
    with RawServer(saying(answer({"evil": 1}))) as proxy:
        yield tmp_path, proxy


@functools.cache
def _certified() -> tuple[bytes, bytes]:
    """A certificate for api.binance.com that nobody vouches for but itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "api.binance.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("api.binance.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


def _started(program: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    leaning = ("COV", "PYTHON", "KEYLINT_", "GITHUB_", "CI", "SSLKEYLOGFILE", *AUTHORITIES, *PROXIES)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(leaning)}
    command = [sys.executable, "-I", "-B", "-c", program, *arguments]
    return subprocess.run(
        command, cwd=HOSTS, env=kept | more, capture_output=True, encoding="utf-8", timeout=100, check=False
    )


@pytest.mark.parametrize("name", SURROUNDED)
def test_the_environment_bends_no_request(name: str, bent: tuple[Path, RawServer], secrets: Path) -> None:
    folder, proxy = bent
    state = load_state((HOSTS / "host-a.sandbox.toml").read_text(encoding="utf-8"), "state.toml")
    with Sandbox(state) as server:
        options = ("--endpoint", server.url, "--secrets-dir", str(secrets), "--keys-only", "--format", "concise")
        ran = _started(CHECKING, "check", "--select", "KL101,KL906", *options, **SURROUNDED[name](proxy.url, folder))
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "KL101 keys.dca can withdraw (live)" in ran.stdout
    assert "KL906 keys.carry is not known to Binance" in ran.stdout
    assert "the sandbox told of 3 of 5 keys" in ran.stdout
    assert server.requests == {"/api/v3/time": 1, "/sapi/v1/account/apiRestrictions": 5}
    assert proxy.connections == 0


def test_no_password_of_the_environment_is_sent(bent: tuple[Path, RawServer], secrets: Path) -> None:
    folder, proxy = bent
    with RawServer(saying(answer({"serverTime": 1}))) as server:
        options = ("--endpoint", server.url, "--secrets-dir", str(secrets), "--keys-only")
        _started(CHECKING, "check", *options, **SURROUNDED["all"](proxy.url, folder))
    assert server.requests
    assert [head for head in server.requests if b"authorization" in head.lower() or b"canary" in head] == []


@pytest.mark.parametrize("name", SURROUNDED)
def test_the_environment_bends_no_connection_to_binance(name: str, bent: tuple[Path, RawServer], secrets: Path) -> None:
    folder, proxy = bent
    certificate, private = _certified()
    (folder / "server.pem").write_bytes(certificate + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    environment = SURROUNDED[name](proxy.url, folder)
    with RawServer(saying(answer({"serverTime": 1})), tls=context) as server:
        options = ("--live", "--secrets-dir", str(secrets), "--select", "KL101", "--format", "concise", "--keys-only")
        ran = _started(ASKING, str(server.port), "check", *options, "--timeout", "9", **environment)
    assert ran.returncode == 3, ran.stderr
    assert server.connections > 0
    assert server.requests == []  # its certificate was not taken, and so nothing was said to it
    assert proxy.connections == 0
    assert "certificate" in ran.stdout
    assert {line for line in ran.stderr.splitlines() if line} <= {"looked up api.binance.com"}


def test_others_would_trust_that_certificate(bent: tuple[Path, RawServer]) -> None:
    folder, _ = bent
    certificate, private = _certified()
    (folder / "server.pem").write_bytes(certificate + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with RawServer(saying(answer({})), tls=context) as server:
        ran = _started(TRUSTING, str(server.port), REQUESTS_CA_BUNDLE=str(folder / "authority.pem"))
    assert ran.returncode == 0, ran.stderr
    assert len(server.requests) == 1


# R9: nothing that a rule is handed leads to a secret.

HIDING = ("keylint.live", "requests", "urllib3", "socket", "_socket", "ssl", "_ssl", "cryptography", "_io", "pathlib",
          "subprocess", "threading", "_thread", "os", "frame", "traceback")  # fmt: skip
"""The modules of types, or the names of built-in ones, of which nothing may be reached."""

_SHARED = (type, types.ModuleType, types.CodeType, types.BuiltinFunctionType, types.GetSetDescriptorType)


def reachable(*roots: object) -> Iterator[object]:
    """Every object to which `roots` lead: through fields, items, closures; not through classes and modules."""
    left, met = list(roots), {id(root) for root in roots}
    kept = []  # so that no id is given twice
    while left:
        one = left.pop()
        kept.append(one)
        yield one
        if isinstance(one, types.FunctionType):
            following: list[object] = [one.__closure__, one.__defaults__, one.__kwdefaults__, one.__dict__]
        else:
            following = gc.get_referents(one)
            if isinstance(one, BaseException):
                following += [one.__traceback__, one.__context__, one.__cause__]
        for each in following:
            if id(each) not in met and not isinstance(each, _SHARED):
                met.add(id(each))
                left.append(each)


def secrets_in(values: Iterator[object], canaries: list[str]) -> list[str]:
    """What among `values` holds a canary, or is of a type that could lead to one."""
    found = []
    for value in values:
        kind = type(value)
        if kind.__module__.startswith(HIDING) or kind.__name__ in HIDING:
            found.append(f"a {kind.__module__}.{kind.__qualname__}")
        text = value.decode("latin-1") if isinstance(value, bytes | bytearray) else value
        if isinstance(text, str) and any(canary in text for canary in canaries):
            found.append(f"a text that holds a canary: {text:.20}…")
    return found


@pytest.fixture
def handed(tmp_path: Path, secrets: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[object], list[str]]:
    """What rules of all kinds are handed in a run that asked with credentials from a folder; and what to look for."""
    roots: list[object] = []

    def key(subject: Key | LiveKey, context: Context) -> None:
        roots.extend((subject, context))

    def live_key(subject: Key, live: LiveKey, context: Context) -> None:
        roots.extend((subject, live, context))

    def account(subject: Account, live: LiveAccount, context: Context) -> None:
        roots.extend((subject, live, context))

    rules = (
        KeyRule("KL997", "of-both-sides", "A rule of this test", Severity.NOTE, key, sides=BOTH_SIDES),
        LiveKeyRule("KL998", "of-a-key", "A rule of this test", Severity.NOTE, live_key),
        LiveAccountRule("KL999", "of-an-account", "A rule of this test", Severity.NOTE, account),
    )
    monkeypatch.setenv("KEYLINT_CANARY", canary := "canary-of-the-environment")
    state = load_state((HOSTS / "host-a.sandbox.toml").read_text(encoding="utf-8"), "state.toml")
    source = load("keylint.toml", (HOSTS / "keylint.toml").read_bytes())
    assert source.manifest is not None
    with Sandbox(state) as server:
        seen = look(source.manifest, Looking(endpoint=server.url, secrets_dir=str(secrets), activity=True))
        judged = [seen, load_evidence("seen.json", dump(seen, "1").encode())]
        names = {word: rule.code for rule in rules for word in (rule.code, rule.name)}
        for evidence in judged:
            engine.run(source, rules, datetime.now(UTC), names, [evidence])
        canaries = [canary, str(tmp_path)]
    for one in made(state).values():
        canaries += [one.api_key, one.api_key[:16], *one.private.splitlines()[1:2]]
    return roots, canaries


def test_nothing_that_a_rule_is_handed_leads_to_a_secret(handed: tuple[list[object], list[str]]) -> None:
    roots, canaries = handed
    kinds = {type(root) for root in roots}
    assert {Key, LiveKey, Account, LiveAccount, Context} <= kinds
    assert secrets_in(reachable(*roots), canaries) == []


def test_the_walk_would_find_one(handed: tuple[list[object], list[str]], secrets: Path) -> None:
    roots, canaries = handed
    credentials = find(["dca"], {}, str(secrets))["dca"]
    assert isinstance(credentials, Credentials)
    hidden: list[tuple[object, str]] = [
        (credentials, "a keylint.live."),
        (lambda: credentials, "a keylint.live."),
        ({"deep": [(frozenset({secrets}),)]}, "a pathlib."),
        (ValueError(b"x" + credentials.api_key.reveal().encode()), "a text that holds a canary"),
        (functools.partial(print, os.environ), "a os._Environ"),
    ]
    for value, expected in hidden:
        assert any(it.startswith(expected) for it in secrets_in(reachable(roots[0], value), canaries)), expected


@pytest.mark.parametrize("kind", [LiveKey, LiveAccount, Context])
def test_a_rule_cannot_change_what_the_next_one_is_handed(kind: type, handed: tuple[list[object], list[str]]) -> None:
    root = next(it for it in handed[0] if type(it) is kind)
    for name in (*getattr(kind, "_fields", ()), "declared", "manifest", "anything"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(root, name, None)


# R18: the same bytes whatever the surroundings.


def test_asking_the_sandbox_gives_the_same_bytes_wherever_and_however_it_runs(tmp_path: Path) -> None:
    places = [tmp_path / "a", tmp_path / "canary" / "b" / "c"]
    for place in places:
        shutil.copytree(HOSTS, place)
    surroundings: list[dict[str, str]] = [
        {},
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu"},
        {"PYTHONHASHSEED": "2", "TZ": "America/Adak", "LANG": "C", "LC_ALL": "C"},
        {
            "LANG": "tr_TR.UTF-8",
            "LC_ALL": "tr_TR.UTF-8",
            "USER": "canary",
            "HOSTNAME": "canary",
            "HOME": "/home/canary",
        },
    ]
    options = ("--sandbox", "host-a.sandbox.toml", *NOON)
    commands = [("check", *options, "--format", it) for it in ("text", "concise", "json", "github")]
    for command in (*commands, ("observe", *options)):
        written = set()
        for place, more in (*((places[0], it) for it in surroundings), (places[1], {})):
            kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
            started = [sys.executable, "-c", CHECKING, *command]
            ran = subprocess.run(started, cwd=place, env=kept | more, capture_output=True, timeout=100, check=False)
            written.add((ran.returncode, ran.stdout, ran.stderr))
        [(code, out, err)] = written
        assert code == (3 if command[0] == "observe" else 1)
        assert b"canary" not in out + err
        assert str(tmp_path).encode() not in out + err
