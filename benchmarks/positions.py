"""Positions: what it costs to find 600 places in a manifest of 20,000 tables, against the parse of its text."""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import tomli

from keylint.manifest.positions import PositionIndex

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7
BOTS = 10_000
LOOKUPS = 600
FIELDS = ("permissions", "created", "fingerprint")


def array(elements: list[str], *, spread: bool) -> str:
    """An array of strings, on one line or with each element on its own."""
    strings = [f'"{element}"' for element in elements]
    return "[\n    " + ",\n    ".join(strings) + ",\n]" if spread else "[" + ", ".join(strings) + "]"


def manifest(*, spread: bool = False, quotes: str = '"') -> str:
    """A manifest of 10,000 bots and as many keys; the arrays spread over lines or not, the purposes in such quotes."""
    lines = []
    for number in range(BOTS):
        name = f"desk-{number % 40:02}-strategy-{number:05}"
        lines += [
            f"[bots.{name}]",
            'account = "main"',
            'kind = "spot"',
            f"purpose = {quotes}buys and sells pair {number} by the weekly schedule of desk {number % 40}{quotes}",
            f'owner = "team-{number % 37}@desk-{number % 40:02}.example"',
            f"egress_ips = {array([f'203.0.113.{number % 250}', f'198.51.100.{number % 250}'], spread=spread)}",
            "",
        ]
    for number in range(BOTS):
        name = f"desk-{number % 40:02}-strategy-{number:05}"
        lines += [
            f"[keys.{name}-2026q4]",
            f'bot = "{name}"',
            f'label = "{name}-spot"',
            'type = "ed25519"   # its "private" half never leaves the [secret manager]',
            f"permissions = {array(['read', 'spot'], spread=spread)}",
            f"ip_allowlist = {array([f'203.0.113.{number % 250}', f'198.51.100.{number % 250}'], spread=spread)}",
            f"created = 2026-01-{number % 28 + 1:02}",
            f"reviewed = 2026-03-{number % 28 + 1:02}",
            'custody = "secret-manager"',
            f'fingerprint = "sha256:{number:064x}"',
            "",
        ]
    return "\n".join(lines)


def locate(index: PositionIndex, count: int) -> None:
    """Find `count` values of keys all over the manifest, their lines and columns, and the text of their lines."""
    for lookup in range(count):
        number = lookup * 7919 % BOTS
        name = f"desk-{number % 40:02}-strategy-{number:05}-2026q4"
        span = index.value(("keys", name, FIELDS[lookup % len(FIELDS)]))
        if span is None:
            message = f"{name} is not where it should be"
            raise LookupError(message)
        index.line(index.position(span.start).line)


def compare(text: str, rounds: int) -> dict[str, float]:
    """Run each step once a round, in turn; return the median seconds of each."""
    ready = PositionIndex(text)
    ready.table(("keys",))
    steps: dict[str, Callable[[], object]] = {
        "tomli.loads": lambda: tomli.loads(text),
        "index of the headers": lambda: PositionIndex(text).table(("keys",)),
        f"index of the headers and {LOOKUPS} places": lambda: locate(PositionIndex(text), LOOKUPS),
        f"{LOOKUPS} places once more": lambda: locate(ready, LOOKUPS),
    }
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 1):  # the first round warms the caches and is not counted
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds[name][1:]) for name in steps}


def main() -> None:
    """Print one table for each way to write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    texts = {
        "arrays on one line": manifest(),
        "arrays over several lines": manifest(spread=True),
        "10,000 multi-line strings": manifest(quotes='"""'),
    }
    for title, text in texts.items():
        results = compare(text, rounds)
        print(f"\n{title}: {len(text) / 1e6:.2f} MB, {text.count(chr(10)) + 1:,} lines")
        print(f"  {'':44} {'median ms':>10} {'ratio':>7}")
        for name, median in results.items():
            print(f"  {name:44} {median * 1000:10.1f} {median / results['tomli.loads']:6.3f}x")


if __name__ == "__main__":
    main()
