"""Screening: what it costs to tell a good manifest from a wrong one, against validators of JSON Schema."""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import measure
import tomli

from keylint.manifest import addresses
from keylint.manifest.screen import screen

ROUNDS = 7
SIZES = (100, 1_000, 10_000)
PEERS = ("fastjsonschema", "jsonschema_rs", "jsonschema")
SLOW = "jsonschema"  # seconds at 10,000: once is enough

Check = Callable[[dict[str, Any]], bool]


def is_network(text: object) -> bool:
    """What each peer gets for the format of addresses, so that all do the same work."""
    return not isinstance(text, str) or addresses.network(text) is not None


def with_strings(value: Any) -> Any:
    """The document with its dates as strings: what every validator but ours needs first."""
    if type(value) is dict:
        return {key: with_strings(inner) for key, inner in value.items()}
    if type(value) is list:
        return [with_strings(inner) for inner in value]
    return value.isoformat() if type(value) is date else value


def fastjsonschema(schema: dict[str, Any]) -> Check:
    """Python generated for each kind of table, called for each table, so that each wrong one is found."""
    library = import_module("fastjsonschema")
    checks = {
        section: library.compile(
            {"$ref": f"#/definitions/{section.removesuffix('s')}", "definitions": schema["definitions"]},
            formats={"ip-network": is_network},
        )
        for section in ("accounts", "providers", "bots", "keys")
    }

    def check(document: dict[str, Any]) -> bool:
        for section, is_good in checks.items():
            for table in document.get(section, {}).values():
                is_good(table)
        return True

    return check


def jsonschema_rs(schema: dict[str, Any]) -> Check:
    """Compiled code, called once for the whole document."""
    validator = import_module("jsonschema_rs").Draft7Validator(
        schema, formats={"ip-network": is_network}, validate_formats=True
    )
    return lambda document: next(iter(validator.iter_errors(document)), None) is None


def jsonschema(schema: dict[str, Any]) -> Check:
    """The reference, which explains what the screen finds, on the whole document."""
    library = import_module("jsonschema")
    formats = library.FormatChecker(formats=())
    formats.checks("ip-network")(is_network)
    validator = library.Draft7Validator(schema, format_checker=formats)
    return lambda document: next(validator.iter_errors(document), None) is None


def timed(check: Check, document: dict[str, Any]) -> float:
    """The milliseconds of one call, with no address known yet and the garbage collector off, as in a run of keylint."""
    addresses._seen.clear()  # noqa: SLF001
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    good = check(document)
    milliseconds = (time.perf_counter() - start) * 1000
    gc.enable()
    if not good:
        message = "a good manifest was called wrong"
        raise ValueError(message)
    return milliseconds


def compare(size: int, checks: dict[str, Check], rounds: int) -> None:
    """Print a table for a manifest of `size` bots and as many keys."""
    document = tomli.loads(measure.desk(size))
    converted = with_strings(document)
    times: dict[str, list[float]] = {"keylint's screen": [], "dates as strings, for the peers": []}
    for round_ in range(rounds):
        times["keylint's screen"].append(timed(lambda given: screen(given) == (), document))
        times["dates as strings, for the peers"].append(timed(lambda given: bool(with_strings(given)), document))
        for name, check in checks.items():
            if name != SLOW or round_ == 0:
                times.setdefault(name, []).append(timed(check, converted))
    base = statistics.median(times["keylint's screen"])
    print(f"\n{size:,} bots and {size:,} keys, a good manifest, in a process that runs")
    print(f"  {'':44} {'median ms':>10} {'ratio':>7}")
    for name, each in times.items():
        print(f"  {name:44} {statistics.median(each):10.2f} {statistics.median(each) / base:6.2f}x")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    here = [name for name in PEERS if find_spec(name)]
    # First, while this process is small: what it starts begins as a copy of it.
    imports = {"tomli": "tomli", "tomli and keylint's screen": "tomli, keylint.manifest.screen"}
    imports |= {f"tomli and {name}": f"tomli, {name}" for name in here}
    commands = {"python -c pass": measure.PASS}
    commands |= {name: [*measure.PASS[:-1], f"import {modules}"] for name, modules in imports.items()}
    cold = measure.compare(commands, options.rounds * 3, Path.cwd())
    measure.table(f"Screening ({measure.machine()}; {options.rounds} rounds, jsonschema one): cold start", cold)
    schema = json.loads(measure.schema())
    compilers = {"fastjsonschema": fastjsonschema, "jsonschema_rs": jsonschema_rs, "jsonschema": jsonschema}
    checks = {name: compilers[name](schema) for name in here}
    for size in SIZES:
        compare(size, checks, options.rounds)
    absent = [name for name in PEERS if name not in here]
    if absent:
        print(f"  not installed here: {', '.join(absent)}")


if __name__ == "__main__":
    main()
