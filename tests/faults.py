"""Every fault of the other side × every live rule × every kind of key: no verdict may get better by it.

A desk in which every rule over live state has something to find is looked at in a sandbox that misbehaves. Whatever
was found without the fault must be found or unknown with it: a pass, or a question that no longer arises, would be a
false one. `make faults` prints the table; `tests/test_faults.py` holds every row of it.
"""

import base64
import logging
import socket
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import tomli
import tomli_w
from fault_table import KEY, NOW, Fault, faults

from keylint import engine, gate, plugins
from keylint.api import Side, Source
from keylint.engine import Report
from keylint.evidence import file as evidence_file
from keylint.evidence.model import SANDBOX, Evidence
from keylint.live.credentials import Credentials, find
from keylint.live.observe import observe
from keylint.live.transport import Transport
from keylint.manifest.load import load
from keylint.report import FORMATS, Style, render
from keylint.sandbox import state as states
from keylint.sandbox.credentials import made
from keylint.sandbox.server import Sandbox

TYPES = ("ed25519", "rsa", "hmac")
DEADLINE = 0.4
"""Seconds for a request; a person's has ten."""
MOST_SECONDS = 12.0
"""For a whole run of some fifty requests, whatever the other side does."""
MOST_BYTES = 24 * 1024 * 1024

MUSEUM = Path(__file__).parent.parent / "examples" / "museum"
MANIFEST = (MUSEUM / "live.toml").read_text(encoding="utf-8")
"""A desk in which every rule over live state has something to find; its keys are Ed25519."""
STATE: Mapping[str, Any] = tomli.loads((MUSEUM / "live.sandbox.toml").read_text(encoding="utf-8"))


class Clock:
    """Shows one moment; whoever waits for a budget does not really wait."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped

    def sleep(self, seconds: float) -> None:
        self.skipped += seconds


class Run(NamedTuple):
    """What came of one look at the desk."""

    report: Report
    live: frozenset[tuple[str, str]]
    """The rules and subjects with a finding on the live side."""
    unknown: frozenset[tuple[str, str]]
    seconds: float
    bytes: int
    after_silence: int
    """Requests that came after the first one that asked for silence."""
    output: str
    crashes: tuple[BaseException, ...]


def manifest_text(kind: str) -> str:
    """The desk with keys of one kind."""
    return MANIFEST.replace('type = "ed25519"', f'type = "{kind}"')


def state_of(kind: str, fault: Fault) -> states.State:
    """What the sandbox plays."""
    keys = {name: {"type": kind, **table} for name, table in STATE["keys"].items()}
    values = {**STATE, "keys": keys, "server_time_offset_ms": fault.offset_ms}
    if fault.script:
        values["misbehaviour"] = list(fault.script)
    return states.load(tomli_w.dumps(values), fault.name)


@contextmanager
def _place(fault: Fault, sandbox: Sandbox) -> Iterator[str]:
    """Where to ask."""
    if fault.endpoint is None:
        yield sandbox.url
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        others: list[socket.socket] = []
        if fault.endpoint == "silent":
            listener.listen(64)
        elif fault.endpoint == "full":
            listener.listen(0)
            for _ in range(4):
                other = socket.socket()
                other.setblocking(False)
                other.connect_ex(("127.0.0.1", port))
                others.append(other)
        try:
            if fault.endpoint == "plain":
                yield sandbox.url.replace("http:", "https:")
            else:
                yield f"http://127.0.0.1:{port}"
        finally:
            for other in others:
                other.close()


@contextmanager
def _listening() -> Iterator[StringIO]:
    """Everything that anybody logs, or prints to standard error."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    level, stderr, stdout = root.level, sys.stderr, sys.stdout
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    sys.stderr = sys.stdout = written
    try:
        yield written
    finally:
        sys.stderr, sys.stdout = stderr, stdout
        root.removeHandler(handler)
        root.setLevel(level)


@cache
def _credentials(kind: str) -> Mapping[str, Credentials]:
    environ = {}
    names = [name for name in STATE["keys"] if name != "unknown"]
    for each in made(state_of(kind, Fault("none"))).values():
        stem = f"KEYLINT_{each.id.upper()}"
        environ[f"{stem}_API_KEY"] = each.api_key
        environ[f"{stem}_{'API_SECRET' if kind == 'hmac' else 'PRIVATE_KEY'}"] = each.private
    found = find(names, environ, None)
    return {name: it for name, it in found.items() if isinstance(it, Credentials)}


def look(kind: str, fault: Fault, *, measure_memory: bool = False) -> Run:
    """Look at the desk through one fault, and judge what was seen."""
    source = load("keylint.toml", manifest_text(kind).encode())
    assert source.manifest is not None
    credentials = _credentials(kind)
    # What comes after a request for silence can be told only where requests come one after the other.
    lines = 1 if fault.silences else 8
    if measure_memory:
        tracemalloc.start()
    with (
        _listening() as written,
        Sandbox(state_of(kind, fault), clock=lambda: int(NOW.timestamp() * 1000)) as sandbox,
        _place(fault, sandbox) as url,
    ):
        clock = Clock()
        transport = Transport(endpoint=url, clock=clock, deadline=DEADLINE, connections=lines)
        began = time.monotonic()
        try:
            evidence = observe(source.manifest, credentials, transport, clock, source=SANDBOX, activity=True)
        finally:
            transport.close()
        seconds = time.monotonic() - began
        log = [(it.path, it.status) for it in sandbox.log]
        crashes = tuple(sandbox.crashes)
    peak = tracemalloc.get_traced_memory()[1] if measure_memory else 0
    if measure_memory:
        tracemalloc.stop()
    report = judged(source, evidence)
    live = {(it.code, it.subject) for it in report.findings if it.observed_at is not None}
    live |= {(it.finding.code, it.finding.subject) for it in report.waived if it.finding.observed_at is not None}
    unknown = {(it.code, it.subject) for it in report.unknown if it.side is Side.LIVE}
    output = written.getvalue() + evidence_file.dump(evidence, "0") + repr(evidence)
    output += "".join(render(name, report, Style(show_waived=True)) for name in FORMATS)
    after = _after_silence(log) if fault.silences else 0
    return Run(report, frozenset(live), frozenset(unknown), seconds, peak, after, output, crashes)


def _after_silence(log: Sequence[tuple[str, int]]) -> int:
    """How many requests came after the first fault, which is the first at a key's own path."""
    first = next((number for number, (path, _) in enumerate(log) if path == KEY), len(log))
    return len(log) - first - 1


def judged(source: Source, evidence: Evidence) -> Report:
    """The report on the desk."""
    registry = plugins.load()
    rules = registry.packs[0].rules
    return gate.apply([engine.run(source, rules, NOW, registry.names, [evidence])], rules)


@cache
def baseline(kind: str) -> frozenset[tuple[str, str]]:
    """What is found where nothing is wrong with the answers."""
    return look(kind, Fault("none")).live


def live_codes() -> frozenset[str]:
    """Every rule that judges a live side."""
    return frozenset(rule.code for rule in plugins.load().packs[0].rules if Side.LIVE in rule.sides)


def better(kind: str, run: Run) -> list[tuple[str, str]]:
    """The findings that the fault made go away without making them unknown: each is a false pass."""
    undecided = {code for code, _ in run.unknown}
    # Keys that answer for one account are a pair, and where one of them did not answer, it is unknown at that one.
    return sorted(
        (code, subject)
        for code, subject in baseline(kind) - run.live - run.unknown
        if not (code == "KL910" and code in undecided)
    )


@cache
def _traces(kind: str) -> frozenset[str]:
    """Every stretch of 16 characters of each secret, in each shape in which it might get out."""
    whole = set()
    for each in made(state_of(kind, Fault("none"))).values():
        private = each.private
        for secret in (each.api_key, *(line for line in private.splitlines() if "-----" not in line)):
            raw = secret.encode()
            whole |= {secret, secret[::-1], raw.hex(), base64.b64encode(raw).decode(), quote(secret, safe="")}
    return frozenset(text[at : at + 16] for text in whole for at in range(max(1, len(text) - 15)))


def leaks(kind: str, run: Run) -> list[str]:
    """The traces of secrets in everything that was written."""
    text = run.output
    windows = {text[at : at + 16] for at in range(len(text) - 15)}
    return sorted(windows & _traces(kind))


def main() -> int:
    """Print the table: every fault, the worst of the three kinds of keys, and the sum."""
    counts: Counter[str] = Counter()
    slowest, largest = 0.0, 0
    wrong = []
    codes = live_codes()
    for fault in faults():
        row: Counter[str] = Counter()
        for kind in TYPES:
            run = look(kind, fault, measure_memory=True)
            bad = better(kind, run)
            leaked = leaks(kind, run)
            row["found"] += len(baseline(kind) & run.live)
            row["unknown"] += len(baseline(kind) & (run.unknown - run.live))
            row["false pass"] += len(bad)
            row["leaks"] += len(leaked)
            row["after silence"] += run.after_silence
            slowest, largest = max(slowest, run.seconds), max(largest, run.bytes)
            if bad or leaked or run.after_silence or run.crashes:
                wrong.append(f"{fault.name} ({kind}): {bad} {leaked} {run.after_silence} {run.crashes}")
        counts += row
        print(
            f"{fault.name[:60]:60} {row['found']:5} found {row['unknown']:5} unknown {row['false pass']:3} false passes"
        )
    verdicts = sum(len(baseline(kind)) for kind in TYPES) * len(faults())
    print(f"\n{len(faults())} faults × {len(codes)} live rules × {len(TYPES)} kinds of keys: {verdicts:,} verdicts")
    print(f"found {counts['found']:,}, unknown {counts['unknown']:,}, false passes {counts['false pass']}")
    print(f"secrets in any output: {counts['leaks']}; requests after 429, 418 or 403: {counts['after silence']}")
    print(
        f"the slowest run took {slowest:.1f} s (a request may take {DEADLINE} s), the largest {largest / 2**20:.1f} MiB"
    )
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
