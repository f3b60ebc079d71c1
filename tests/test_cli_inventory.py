"""`keylint inventory`, run as a person would; its page is opened in a real browser, where there is one."""

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from live.keys import leaks
from strategies import ROOT, faults
from strategies import keylint as run

from keylint.cli import terminal

NOON = "2026-11-20T12:00:00Z"
AS_OF = ("--as-of", NOON)
DESK = str(ROOT / "examples" / "desk" / "keylint.toml")
STATE = str(ROOT / "examples" / "desk" / "keylint.sandbox.toml")
SANDBOX = ("--sandbox", STATE)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no chromium, google-chrome or chrome on PATH")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, and no variable that says anything of keys or colours."""
    for name in list(os.environ):
        if name.startswith(("KEYLINT_", "GITHUB_")) or name in {"CREDENTIALS_DIRECTORY", "NO_COLOR", "FORCE_COLOR"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_person_sees_who_holds_what() -> None:
    ran = run("inventory", DESK, *AS_OF)
    assert (ran.code, ran.err) == (0, "")
    assert "As declared; live state was not looked at\n" in ran.out
    assert "  grid-2026q3          ●  ·  ●  ·  ●  ·  ·  ·  ·  ●  ·   98d  rotate 2026-11-12\n" in ran.out


def test_what_is_live_stands_beside_it() -> None:
    ran = run("inventory", DESK, *AS_OF, *SANDBOX)
    assert ran.code == 3  # one key did not answer
    assert "≠ options-hedge-2026q3 ●● ·· ·● ·· ·· ●● ·· ·· ·· ·· ··  69d  rotate 2026-12-11\n" in ran.out
    assert "? fund-inventory       ●? ·? ·? ·? ·? ·? ·? ·? ·? ·? ·?  46d  rotate 2027-01-03\n" in ran.out
    assert leaks(ran.everything) == []


def test_evidence_is_shown_without_asking() -> None:
    assert run("observe", DESK, *AS_OF, *SANDBOX, "-o", "seen.json", "-q").code == 3
    ran = run("inventory", DESK, *AS_OF, "--evidence", "seen.json")
    assert ran.code == 3
    assert "the sandbox told of 9 of 10 keys (seen.json, 2026-11-20 12:00 UTC)" in " ".join(ran.out.split())
    stale = run("inventory", DESK, "--as-of", "2026-11-25", "--evidence", "seen.json")
    assert stale.code == 3
    assert "told of 0 of 10 keys" in stale.out
    assert "●●" not in stale.out


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("who.csv", "key,declared,label"),
        ("who.json", '{\n  "version": 1'),
        ("who.md", "# Who holds what"),
        ("who.html", "<!doctype html>"),
        ("who.txt", "Who holds what:"),
    ],
)
def test_a_file_has_the_format_that_its_name_says(name: str, start: str) -> None:
    ran = run("inventory", DESK, *AS_OF, "-o", name)
    assert (ran.code, ran.out, ran.err) == (0, "", f"10 keys written to {name}\n")
    text = Path(name).read_bytes().decode()
    assert text.startswith(start)
    formats = {"csv": "csv", "json": "json", "md": "markdown", "html": "html", "txt": "text"}
    assert run("inventory", DESK, *AS_OF, "--format", formats[name.partition(".")[2]]).out == text
    again = run("inventory", DESK, *AS_OF, "-o", name)
    assert again.code == 2
    assert f"{name} is there already" in again.err
    assert run("inventory", DESK, *AS_OF, "-o", name, "--force", "--format", "json").code == 0
    assert json.loads(Path(name).read_text(encoding="utf-8"))["version"] == 1
    assert [it.name for it in Path().iterdir()] == [name]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.toml",), "nowhere.toml"),
        ((DESK, "--keyring"), "nobody is asked"),
        ((DESK, "--evidence", "nowhere.json"), "nowhere.json"),
        ((DESK, "--sandbox", "nowhere.toml"), "nowhere.toml"),
        ((DESK, "--live", "--as-of", "2026-11-20"), "--as-of"),
        ((DESK, "-o", "nowhere/who.html"), "cannot write nowhere/who.html"),
        ((DESK, "--format", "pdf"), "'pdf' is not one of"),
        ((str(ROOT / "examples" / "museum" / "broken-syntax.toml"),), "`keylint check` says more"),
        ((), "name one: `keylint inventory PATH`"),
    ],
)
def test_bad_input_is_said_and_nothing_is_written(arguments: tuple[str, ...], said: str) -> None:
    ran = run("inventory", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert faults(ran) == []
    assert list(Path().iterdir()) == []


def test_a_file_that_must_not_be_overwritten_is_seen_before_anybody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("who.html").touch()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr("keylint.cli.seeing.seen", refuse)
    ran = run("inventory", DESK, *AS_OF, *SANDBOX, "-o", "who.html")
    assert (ran.code, "is there already" in ran.err) == (2, True)


def test_a_terminal_says_how_wide_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1, raising=False)
    for columns, width in ((0, 80), (20, 40), (100, 100), (300, 120)):
        monkeypatch.setattr(os, "get_terminal_size", lambda _, c=columns: os.terminal_size((c, 24)))
        assert terminal.width() == width

    def refuse(_: int) -> None:
        raise OSError

    monkeypatch.setattr(os, "get_terminal_size", refuse)
    assert terminal.width() == 80


def test_an_encoding_says_which_marks_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, shown in (("utf-8", True), ("ascii", False), ("cp1252", False), ("no-such", False), (None, True)):
        monkeypatch.setattr(sys, "stdout", type("Screen", (), {"encoding": encoding})())
        assert terminal.shows("●") is shown


# In a browser.


class Document(HTMLParser):
    """What a browser made of a page: its elements, and the words of each cell of the matrix."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"} and self.rows:
            self.rows[-1].append(dict(attrs).get("title") or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def browse(folder: Path, page: Path, *flags: str) -> str:
    """What a headless browser prints of a page."""
    assert BROWSER is not None
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ]
    command += [f"--user-data-dir={folder / 'profile'}", *flags, page.resolve().as_uri()]
    environment = {**os.environ, "HOME": str(folder)}
    ran = subprocess.run(command, capture_output=True, timeout=120, check=True, env=environment)
    return ran.stdout.decode()


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server that a page might call, and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its base calls it
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@needs_browser
@pytest.mark.slow
def test_a_browser_shows_the_matrix(tmp_path: Path) -> None:
    run("inventory", DESK, *AS_OF, *SANDBOX, "-o", "who.html")
    keys = json.loads(run("inventory", DESK, *AS_OF, *SANDBOX, "--format", "json").out)["keys"]
    seen = Document(browse(tmp_path, Path("who.html"), "--dump-dom"))

    rows = [row for row in seen.rows if len([cell for cell in row if ": " in cell]) == 11]
    expected = {
        tuple(
            f"{token}: {'declared' if it['declared'] else 'not declared'}, {LIVE[it['live']]}"
            for token, it in key["permissions"].items()
        )
        for key in keys
    }
    assert len(rows) == len(keys) == 11
    assert {tuple(cell for cell in row if ": " in cell) for row in rows} == expected
    assert "script" not in seen.tags
    assert all((key["id"] or key["label"]) in seen.text for key in keys)


LIVE = {"yes": "live", "no": "not live", "unknown": "live unknown", "not-shown": "live not shown"}


@needs_browser
@pytest.mark.slow
def test_a_browser_is_made_to_do_nothing_by_a_manifest(tmp_path: Path, elsewhere: tuple[str, list[str]]) -> None:
    url, asked = elsewhere
    hostile = f"</style></title><img src='{url}/img' onerror=alert(1)><script src='{url}/script'></script>"
    text = Path(DESK).read_text(encoding="utf-8").replace('"carry-margin-q4"', json.dumps(hostile))
    assert hostile in text
    Path("keylint.toml").write_text(text, encoding="utf-8")
    run("inventory", *AS_OF, "-o", "who.html")
    seen = Document(browse(tmp_path, Path("who.html"), "--dump-dom"))

    assert {"img", "script"}.isdisjoint(seen.tags)
    assert hostile in seen.text
    assert asked == []


@needs_browser
@pytest.mark.slow
def test_the_policy_of_the_page_holds_in_a_browser(tmp_path: Path, elsewhere: tuple[str, list[str]]) -> None:
    url, asked = elsewhere
    run("inventory", DESK, *AS_OF, "-o", "who.html")
    text = Path("who.html").read_text(encoding="utf-8")
    # As if an escape had been forgotten: the browser is told to load and run nothing all the same.
    planted = f"<body><img src='{url}/img'><script>document.title = 'run'</script>"
    Path("planted.html").write_text(text.replace("<body>", planted), encoding="utf-8")
    without = text.replace("<body>", planted).replace("Content-Security-Policy", "X-None")
    Path("without.html").write_text(without, encoding="utf-8")

    dom = browse(tmp_path, Path("planted.html"), "--dump-dom")
    assert "<title>run</title>" not in dom
    assert asked == []
    dom = browse(tmp_path, Path("without.html"), "--dump-dom")
    assert "<title>run</title>" in dom
    assert asked == ["/img"]


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("flags", [("--window-size=1400,1500",), ("--window-size=500,1500",)])
def test_a_browser_paints_the_page(tmp_path: Path, flags: tuple[str, ...]) -> None:
    run("inventory", DESK, *AS_OF, *SANDBOX, "-o", "who.html")
    browse(tmp_path, Path("who.html"), *flags, f"--screenshot={tmp_path / 'who.png'}")
    picture = (tmp_path / "who.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    Path("blank.html").write_text("<!doctype html><title>blank</title>", encoding="utf-8")
    browse(tmp_path, Path("blank.html"), *flags, f"--screenshot={tmp_path / 'blank.png'}")
    assert len(picture) > 5 * len((tmp_path / "blank.png").read_bytes())
