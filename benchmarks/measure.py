"""Commands → medians, and ratios against the first of them; what the other benchmarks share."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import sysconfig
import time
from datetime import date, timedelta
from pathlib import Path

SCRIPTS = Path(sysconfig.get_path("scripts"))
PASS = [sys.executable, "-c", "pass"]


def keylint(*arguments: str) -> list[str]:
    """The command line of the keylint that is installed beside this Python."""
    return [str(SCRIPTS / "keylint"), *arguments]


def present(peers: dict[str, list[str]]) -> dict[str, list[str]]:
    """Those of `peers` that are installed beside this Python, as commands."""
    return {
        name: [str(SCRIPTS / command[0]), *command[1:]] for name, command in peers.items() if (SCRIPTS / name).exists()
    }


def missing(peers: dict[str, list[str]]) -> None:
    """Say which of `peers` are not installed."""
    absent = [name for name in peers if not (SCRIPTS / name).exists()]
    if absent:
        print(f"  not installed here: {', '.join(absent)}")


def schema() -> str:
    """The schema of a manifest, for peers that hold a file to one."""
    return subprocess.run(keylint("schema", "manifest"), check=True, capture_output=True, text=True).stdout


def compare(commands: dict[str, list[str]], rounds: int, cwd: Path | None = None) -> dict[str, tuple[float, float]]:
    """Run each command once a round, in turn; return the median seconds and the peak memory in MiB of each."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    memory = dict.fromkeys(commands, 0.0)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(rounds + 1):  # the first round warms the caches and is not counted
        for name, command in commands.items():
            start = time.perf_counter()
            with subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd, env=environment
            ) as process:
                _, _, usage = os.wait4(process.pid, 0)
                process.returncode = 0
            seconds[name].append(time.perf_counter() - start)
            memory[name] = max(memory[name], usage.ru_maxrss / 1024)
    return {name: (statistics.median(seconds[name][1:]), memory[name]) for name in commands}


def table(title: str, results: dict[str, tuple[float, float]]) -> None:
    """Print a table whose ratios are to the first row."""
    base = next(iter(results.values()))[0]
    print(f"\n{title}")
    print(f"  {'':44} {'median ms':>10} {'ratio':>7} {'peak MiB':>9}")
    for name, (median, peak) in results.items():
        print(f"  {name:44} {median * 1000:10.1f} {median / base:6.2f}x {peak:9.0f}")


def desk(size: int, *, faulty: int = 100) -> str:
    """A manifest of `size` bots and keys; one key in `faulty` breaks a rule. Peers find `schema.json` beside it."""
    today = date.today()  # noqa: DTZ011 - any day will do
    created = [today - timedelta(days=number) for number in range(1, 29)]
    lines = [
        "#:schema ./schema.json",
        "version = 1",
        "",
        "[accounts.main]",
        'owner = "treasury"',
        f'two_factor = {{ methods = ["passkey"], attested = {today}, by = "alice" }}',
        f'withdrawal_allowlist = {{ enabled = true, attested = {today}, by = "alice" }}',
        "",
    ]
    for number in range(size):
        lines += [
            f"[bots.desk-{number % 40:02}-strategy-{number:05}]",
            'account = "main"',
            'kind = "spot"',
            f'purpose = "buys and sells pair {number} by the weekly schedule of desk {number % 40}, and reports to it"',
            f'owner = "team-{number % 37}@desk-{number % 40:02}.example"',
            f'egress_ips = ["203.0.113.{number % 250}", "198.51.100.{number % 250}"]   # the two gateways of the desk',
            "",
        ]
    for number in range(size):
        permissions = '["read", "spot", "futures"]' if number % faulty == faulty - 1 else '["read", "spot"]'
        lines += [
            f"[keys.desk-{number % 40:02}-strategy-{number:05}-2026q4]",
            f'bot = "desk-{number % 40:02}-strategy-{number:05}"',
            f'label = "desk-{number % 40:02}-strategy-{number:05}-spot"',
            'type = "ed25519"',
            f"permissions = {permissions}",
            f'ip_allowlist = ["203.0.113.{number % 250}", "198.51.100.{number % 250}"]',
            f"created = {created[number % 28]}",
            f"reviewed = {created[number % 28]}",
            'custody = "secret-manager"',
            f'fingerprint = "sha256:{number:016x}"',
            "",
        ]
    return "\n".join(lines)


def machine() -> str:
    """What the figures were taken on, as far as a reader needs it."""
    return f"Python {sys.version.split()[0]}, {os.cpu_count()} cores"
