"""Live: a thousand keys against a server 50 ms away, beside what waiting alone would take and the official connector.

The server is keylint's sandbox on loopback, in a process of its own, and a new one for each run: it counts the weight
of requests as Binance does, and keylint would heed what earlier runs have used up.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import measure

from keylint.evidence.model import OBSERVED
from keylint.live.credentials import Credentials
from keylint.live.observe import observe
from keylint.live.pace import SystemClock
from keylint.live.secret import Secret, fingerprint
from keylint.live.signing import hmac_signer, pem_signer
from keylint.live.transport import Transport
from keylint.manifest.load import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from keylint.evidence.model import Evidence
    from keylint.manifest.model import Manifest

ROUNDS = 3
KEYS = 1_000
LATENCY = 0.05
CONNECTIONS: int = inspect.signature(Transport).parameters["connections"].default
KINDS = ("hmac", "ed25519", "rsa")
RSA_KEYS = 20
"""Drawing an RSA key takes 30 ms and more: this many are drawn, and serve all in turn; each is loaded anew."""
CONNECTOR_CALLS = 60
"""The connector's time grows with its calls alone: so many are measured and scaled."""

MOST_WALL = 1.3
LEAST_AGAINST_CONNECTOR = 10.0
MOST_CPU_MS = 3.0


class Made(NamedTuple):
    """A key that the server knows, and what signs for it: an HMAC secret or a PEM."""

    api_key: str
    private: str


class Spent(NamedTuple):
    """What a run took."""

    requests: int
    wall: float
    """Seconds."""
    cpu: float
    """Seconds of the asking process."""
    loading: float = 0.0
    """Seconds of `cpu` in which credentials were made of their text; 0 where that is not told apart."""


def key_id(number: int) -> str:
    """The id of a key in the manifest and in the server's state."""
    return f"key-{number:05}"


def manifest(keys: int, kind: str) -> str:
    """So many keys of one account."""
    fields = f'type = "{kind}"\npermissions = ["read", "spot"]\ncreated = 2026-11-01\n'
    return "version = 1\n" + "".join(f"[keys.{key_id(number)}]\n{fields}" for number in range(keys))


# -- The server --------------------------------------------------------------------------------------------------------


def serve(keys: int, kind: str) -> None:
    """Be the server: say where and for whom on standard output, and last until standard input ends."""
    from keylint.sandbox.credentials import made  # noqa: PLC0415 - what asks must not pay for what answers
    from keylint.sandbox.server import Sandbox  # noqa: PLC0415
    from keylint.sandbox.state import load as load_state  # noqa: PLC0415

    fields = f'type = "{kind}"\npermissions = ["read", "spot"]\ncreated = 2026-11-01T00:00:00Z\n'
    state = load_state("version = 1\n" + "".join(f"[keys.{key_id(number)}]\n{fields}" for number in range(keys)), "")
    with Sandbox(state, latency=LATENCY) as sandbox:
        theirs = [(one.api_key, one.private) for one in made(state).values()]
        print(json.dumps([sandbox.url, theirs]), flush=True)
        sys.stdin.read()
    if sandbox.crashes:
        raise sandbox.crashes[0]


@contextmanager
def server(keys: int, kind: str) -> Iterator[tuple[str, list[Made]]]:
    """A server that lasts meanwhile: its address, and the keys that it knows."""
    known = RSA_KEYS if kind == "rsa" else keys
    command = [sys.executable, __file__, "--serve", kind, "--keys", str(known)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        url, theirs = json.loads(process.stdout.readline() if process.stdout else "")
        yield url, [Made(*one) for one in theirs]
    if process.returncode:
        raise SystemExit(process.returncode)


# -- keylint -----------------------------------------------------------------------------------------------------------


def credentials(declared: Manifest, made: list[Made], kind: str) -> Mapping[str, Credentials]:
    """What signs for each key; where the server knows fewer keys than the manifest, they serve in turn."""
    found = {}
    for number, key in enumerate(declared.keys):
        api_key, private = made[number % len(made)]
        secret = Secret(private, "the server")
        signer = hmac_signer(secret) if kind == "hmac" else pem_signer(secret)
        found[key] = Credentials(key, Secret(api_key, "the server"), signer, fingerprint(api_key))
    return found


def asked(keys: int, kind: str, *, keys_only: bool = True) -> Spent:
    """What it takes to load the credentials of so many keys and to ask about all of them."""
    declared = load("keylint.toml", manifest(keys, kind).encode()).manifest
    if declared is None:
        message = "the manifest of this benchmark is none any more"
        raise SystemExit(message)
    with server(keys, kind) as (url, made):
        wall, cpu = time.perf_counter(), time.process_time()
        loaded = credentials(declared, made, kind)
        loading = time.process_time() - cpu
        clock = SystemClock()
        transport = Transport(endpoint=url, clock=clock)
        found = observe(declared, loaded, transport, clock, source="sandbox", keys_only=keys_only)
        transport.close()
        spent = Spent(transport.requests_sent, time.perf_counter() - wall, time.process_time() - cpu, loading)
    expect_answers(found, keys)
    return spent


def expect_answers(found: Evidence, keys: int) -> None:
    """End the benchmark where something was not answered: then it measured something else."""
    strange = [f"{look.outcome}: {look.reason}" for look in found.keys if look.outcome != OBSERVED]
    strange += [f"{look.outcome}: {look.reason}" for look in found.accounts if look.outcome != OBSERVED]
    if strange or len(found.keys) != keys:
        raise SystemExit(strange[0] if strange else f"{len(found.keys)} keys in the evidence")


def commanded(keys: int, kind: str) -> Spent:
    """What `keylint observe --keys-only` takes for so many keys, from its start to its end."""
    with tempfile.TemporaryDirectory() as name, server(keys, kind) as (url, made):
        folder = Path(name)
        (folder / "keylint.toml").write_text(manifest(keys, kind), encoding="utf-8")
        (folder / "secrets").mkdir(mode=0o700)
        for number, one in enumerate(made):
            ends = (("api-key", one.api_key), ("secret" if kind == "hmac" else "pem", one.private))
            for end, text in ends:
                path = folder / "secrets" / f"{key_id(number)}.{end}"
                path.touch(mode=0o600)
                path.write_text(text, encoding="utf-8")
        options = ("--endpoint", url, "--secrets-dir", "secrets", "--keys-only", "-o", "evidence.json")
        command = measure.keylint("observe", *options)
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        wall = time.perf_counter()
        with subprocess.Popen(command, cwd=folder, env=plain, stderr=subprocess.PIPE, text=True) as process:
            said = process.stderr.read() if process.stderr is not None else ""
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - wall
        if process.returncode:
            raise SystemExit(said)
    return Spent(keys, wall, usage.ru_utime + usage.ru_stime)


# -- The connector -----------------------------------------------------------------------------------------------------


def connector(keys: int, kind: str, *, one_client: bool = False) -> Spent:
    """What the official connector takes for so many keys, in turn: a client for each, or one for all of the calls."""
    from binance_common.configuration import ConfigurationRestAPI  # noqa: PLC0415 - it need not be installed
    from binance_sdk_wallet.wallet import Wallet  # noqa: PLC0415

    with server(keys, kind) as (url, made):

        def client(one: Made) -> Wallet:
            secret, pem = (one.private, None) if kind == "hmac" else (None, one.private)
            configuration = ConfigurationRestAPI(one.api_key, secret, url, retries=0, private_key=pem)
            return Wallet(config_rest_api=configuration)

        wall, cpu = time.perf_counter(), time.process_time()
        same = client(made[0])
        for number in range(keys):
            rest = (same if one_client else client(made[number % len(made)])).rest_api
            if rest.get_api_key_permission().data().enable_reading is not True:
                message = "the connector was not answered"
                raise SystemExit(message)
        return Spent(keys, time.perf_counter() - wall, time.process_time() - cpu)


# -- The table ---------------------------------------------------------------------------------------------------------


def medians(rounds: int, runs: Mapping[str, Callable[[], Spent]]) -> dict[str, Spent]:
    """Each of `runs` once a round, in turn; the medians of each."""
    found: dict[str, list[Spent]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            found[name].append(run())
    return {
        name: Spent(spent[0].requests, *(statistics.median(column) for column in list(zip(*spent, strict=True))[1:]))
        for name, spent in found.items()
    }


def waiting(requests: int, connections: int = CONNECTIONS) -> float:
    """The seconds that the latency of so many requests alone takes."""
    return requests * LATENCY / connections


def line(name: str, spent: Spent, connections: int, *, wall: float | None = None, cpu: float | None = None) -> None:
    """Print a row; `wall` is the most that its ratio may be, `cpu` the most milliseconds for a request."""
    ratio = spent.wall / waiting(spent.requests, connections)
    each, loading = spent.cpu * 1000 / spent.requests, spent.loading * 1000 / spent.requests
    aims = [
        f"{'MISSED' if found > most else 'met'}: ≤ {most:g}{unit}"
        for found, most, unit in ((ratio, wall, "x"), (each, cpu, " ms"))
        if most is not None
    ]
    row = f"  {name:44} {spent.requests:8,} {spent.wall:8.2f} {ratio:6.2f}x {each:7.2f} {loading:8.2f}"
    print(f"{row}  {', '.join(aims)}".rstrip())


def against(name: str, ours: Spent, theirs: Spent, keys: int) -> None:
    """Print how many times as fast `ours` was as `theirs`, had it gone on for all keys."""
    times = theirs.wall / theirs.requests * keys / ours.wall
    aim = f"{'met' if times >= LEAST_AGAINST_CONNECTOR else 'MISSED'}: ≥ {LEAST_AGAINST_CONNECTOR:g}x"
    print(f"  {name:44} {times:25.2f}x  {aim}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--keys", type=int, default=KEYS)
    parser.add_argument("--serve", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    keys: int = options.keys
    if options.serve:
        serve(keys, options.serve)
        return
    for kind in KINDS:
        asked(CONNECTIONS, kind)  # loads what is loaded on first use
    keys_only = {f"keylint, {kind}": partial(asked, keys, kind) for kind in KINDS}
    command = {f"keylint observe --keys-only, {kind}": partial(commanded, keys, kind) for kind in ("hmac", "ed25519")}
    whole = {"keylint with accounts, ed25519": partial(asked, keys, "ed25519", keys_only=False)}
    calls = min(CONNECTOR_CALLS, keys)
    peers = {f"connector, a client for each key, {kind}": partial(connector, calls, kind) for kind in KINDS}
    peers |= {"connector, one key and client, hmac": partial(connector, calls, "hmac", one_client=True)}
    if importlib.util.find_spec("binance_sdk_wallet") is None:
        peers = {}
    found = medians(options.rounds, {**keys_only, **command, **whole, **peers})
    print(
        f"\nLive ({measure.machine()}; {keys:,} keys, {LATENCY * 1000:.0f} ms of latency, {CONNECTIONS} connections; "
        f"{options.rounds} rounds)"
    )
    print(f"  {'':44} {'requests':>8} {'median s':>8} {'÷ wait':>7} {'CPU ms':>7} {'loading':>8}")
    for name in keys_only:
        line(name, found[name], CONNECTIONS, wall=MOST_WALL, cpu=MOST_CPU_MS)
    for name in command:
        line(name, found[name], CONNECTIONS, wall=MOST_WALL, cpu=MOST_CPU_MS)
    for name in whole:
        line(name, found[name], CONNECTIONS)
    for name in peers:
        line(name, found[name], 1)
    for kind in KINDS if peers else ():
        theirs = found[f"connector, a client for each key, {kind}"]
        against(f"keylint against the connector, {kind}", found[f"keylint, {kind}"], theirs, keys)
    print("  ÷ wait: to requests × latency ÷ connections; CPU, and of it loading credentials: a request")
    if not peers:
        print("  not installed here: binance-sdk-wallet")


if __name__ == "__main__":
    main()
