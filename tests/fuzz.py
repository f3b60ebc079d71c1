"""Throw mutated manifests at keylint for as long as it is given: `python tests/fuzz.py --minutes 5 [--seed 1]`.

Prints how the runs ended. What brings keylint down, or makes it say what it must not, is written to a file with its
seed, and the exit code is 1. Case `n` of a seed is the same in every run, so `--seed 1 --first n --cases 1` repeats it.
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

from strategies import (
    SECRET_KINDS,
    Ran,
    Secret,
    faults,
    grammatical,
    judged,
    leaks,
    mutated,
    raw_controls,
    secret,
    valid_report,
)

SLOW = 5.0
"""Seconds after which a case counts as one that hangs."""


def case_of(seed: str) -> tuple[bytes, Secret | None]:
    """The manifest of a case, in every third with a secret planted somewhere."""
    random = Random(seed)
    data = mutated(random) if random.random() < 0.75 else grammatical(random)
    if random.random() < 0.67:
        return data, None
    planted = secret(random, random.choice(SECRET_KINDS))
    at = random.randrange(len(data) + 1)
    return data[:at] + planted.text.encode() + data[at:], planted


def wrong_with(data: bytes, planted: Secret | None) -> list[str]:
    """What no run may do, and a run on `data` did."""
    begin = time.monotonic()
    try:
        ran = judged(data)
    except BaseException as error:  # noqa: BLE001 - whatever leaves it is what is looked for
        return [f"{type(error).__name__} left it: {traceback.format_exc()}"]
    ENDS[ran.code] += 1
    seconds = time.monotonic() - begin
    found = faults(ran) + [f"took {seconds:.1f} seconds"] * (seconds > SLOW) + _contradictions(ran)
    if planted is not None and leaks(planted, ran.everything):
        found.append(f"shows a part of the planted {planted.kind}")
    return found


ENDS: Counter[int] = Counter()


def _contradictions(ran: Ran) -> list[str]:
    """Where the report contradicts its schema, its counts or its exit code, or would act on a terminal."""
    found = ["raw control characters"] if raw_controls(ran.everything) else []
    if ran.code == 2:
        return [*found, f"refused what it was given: {ran.err}"]
    try:
        report = valid_report(ran.files["json"])
    except (AssertionError, ValueError, KeyError) as error:
        return [*found, f"the JSON report is not valid: {error}"]
    severe = [finding for finding in report["findings"] if finding["severity"] != "note"]
    if ran.code != (1 if severe else 3 if report["unknown"] else 0):
        found.append(f"exit code {ran.code}")
    return found


def main() -> int:
    """Run for the minutes given; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to go on (default: 1)")
    parser.add_argument("--seed", type=int, help="where to begin (default: another one each time)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first case (default: 0)")
    parser.add_argument("--cases", type=int, metavar="N", help="stop after so many cases")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where to keep crashes (default: a temporary one)")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else time.time_ns() % 2**32
    end = time.monotonic() + options.minutes * 60
    case, crashes = options.first, 0
    while time.monotonic() < end and (options.cases is None or case < options.first + options.cases):
        data, planted = case_of(f"{seed}/{case}")
        found = wrong_with(data, planted)
        if found:
            crashes += 1
            options.keep = options.keep or Path(tempfile.mkdtemp(prefix="keylint-fuzz-"))
            options.keep.mkdir(parents=True, exist_ok=True)
            kept = options.keep / f"{seed}-{case}.toml"
            kept.write_bytes(data)
            print(f"seed {seed}, case {case}: {'; '.join(found)}\n  kept as {kept}", file=sys.stderr)
        case += 1
    ended = ", ".join(f"{number} with {code}" for code, number in sorted(ENDS.items()))
    print(f"seed {seed}: {case - options.first} cases, ended {ended or 'not at all'}; {crashes} crashes")
    return 1 if crashes else 0


if __name__ == "__main__":
    sys.exit(main())
