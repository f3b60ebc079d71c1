"""A manifest and what the command line says of how to ask → Evidence, from Binance or from the sandbox."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from keylint.evidence.model import ANSWERS, BINANCE, NO_CREDENTIALS, SANDBOX, Evidence
from keylint.manifest.model import Manifest

from .live_options import Looking
from .stream import Broken, talk

if TYPE_CHECKING:
    from keylint.live.asking import Asks, Stop
    from keylint.live.credentials import Credentials
    from keylint.live.endpoints import Endpoint
    from keylint.live.failure import Failure
    from keylint.live.observe import Found
    from keylint.live.pace import Clock
    from keylint.live.secret import Secret
    from keylint.live.transport import Transport
    from keylint.sandbox.state import State

T = TypeVar("T")

MAX_STATE = 16 * 1024 * 1024
FEW = 3
"""How many keys without credentials are named one by one: a host has those of its own bots alone."""
_QUIET_SECONDS = 1.0
_BETWEEN_SECONDS = 0.1


def look(manifest: Manifest, looking: Looking, *, as_of: datetime | None = None) -> Evidence:
    """What Binance says of `manifest`, or whoever stands in for it.

    `as_of` is the moment of the sandbox; everybody else lives now. Raises Broken where nothing may or can be asked,
    and keylint.live.observe.Interrupted with what is known where the run was ended early.
    """
    if looking.endpoint is not None and looking.sandbox is not None:
        message = "--endpoint and --sandbox both say whom to ask; leave one out"
        raise Broken(message)
    if looking.activity and looking.keys_only:
        message = "--activity asks about accounts, and --keys-only does not; leave one out"
        raise Broken(message)
    from keylint.live.observe import observe  # noqa: PLC0415 - the libraries of the network cost a commit hook dear
    from keylint.live.pace import SystemClock  # noqa: PLC0415
    from keylint.live.transport import CONNECTIONS, NotLoopback, Transport  # noqa: PLC0415

    machine = SystemClock()
    clock: Clock = machine
    endpoint, connections = looking.endpoint, CONNECTIONS
    with ExitStack() as stack:
        if looking.sandbox is not None:
            state = read_state(looking.sandbox)
            clock = _Stopped(as_of or machine.now())
            credentials = _made(manifest, state)
            endpoint = stack.enter_context(_serving(state, clock))
            connections = 1  # one after the other, so that a state that misbehaves tells the same every time
        else:
            credentials = _found(manifest, looking)
        try:
            transport = Transport(endpoint=endpoint, clock=clock, deadline=looking.timeout, connections=connections)
        except NotLoopback as error:
            raise Broken(str(error)) from None
        stack.callback(transport.close)
        asks: Asks = transport if looking.sandbox is None else _Nameless(transport, endpoint or "")
        stop = stack.enter_context(_signals())
        return observe(
            manifest,
            credentials,
            asks,
            clock,
            source=BINANCE if endpoint is None else SANDBOX,
            activity=looking.activity,
            keys_only=looking.keys_only,
            progress=stack.enter_context(_shown_progress(machine)),
            stop=stop,
        )


def missing(evidence: Evidence) -> tuple[list[str], int]:
    """What a person should know of looks that brought no answer, a line each; and how many looks those are."""
    without = [look for look in evidence.keys if look.outcome == NO_CREDENTIALS]
    together = without if len(without) > FEW else []
    lines = [
        f"keys.{look.key}: {look.reason}"
        for look in evidence.keys
        if look.outcome not in ANSWERS and look not in together
    ]
    lines += [
        f"keys.{look.key}: {look.account_reason}"
        for look in evidence.keys
        if look.outcome in ANSWERS and look.account_reason
    ]
    count = len(lines) + len(together)
    if together:
        one = together[0]
        lines.append(f"{len(together):,} keys have no credentials here, keys.{one.key} for one: {one.reason}")
    of_accounts: dict[tuple[str, str], list[str]] = {}
    for look in evidence.accounts:
        if look.outcome not in ANSWERS:
            count += 1
            of_accounts.setdefault((look.account, look.reason), []).append(look.question)
    # Where no key of an account has credentials, that is said of the keys.
    said = {(look.account, look.reason) for look in evidence.accounts if look.outcome == NO_CREDENTIALS}
    lines += [
        f"accounts.{account}: {', '.join(questions)}: {reason}"
        for (account, reason), questions in of_accounts.items()
        if (account, reason) not in said
    ]
    return lines, count


def _found(manifest: Manifest, looking: Looking) -> "Mapping[str, Found]":
    """The credentials of the keys of a manifest. Raises Broken where they may not be used, or not be looked for."""
    from keylint.live.credentials import BadPlace, SharedSecret, find  # noqa: PLC0415
    from keylint.live.refusal import why_not  # noqa: PLC0415

    refusal = why_not(os.environ, untrusted_ok=looking.allow_untrusted)
    if refusal is not None:
        raise Broken(refusal)
    try:
        return find(list(manifest.keys), os.environ, looking.secrets_dir, keyring=looking.keyring)
    except (BadPlace, SharedSecret) as error:
        raise Broken(str(error)) from None


def expect(path: str) -> None:
    """Raise Broken where there is nothing at `path`."""
    if not os.path.lexists(path):
        from keylint.manifest.discover import shown  # noqa: PLC0415 - as above

        message = f"{shown(path)}: there is no such file"
        raise Broken(message)


# -- The sandbox -----------------------------------------------------------------------------------------------------


def read_state(path: str) -> "State":
    """The state file at `path`. Raises Broken."""
    from keylint.manifest.discover import Unreadable, read, shown  # noqa: PLC0415
    from keylint.sandbox.state import BadState, load  # noqa: PLC0415

    name = shown(path)
    try:
        expect(path)
        data = read(path, "name a state file; `keylint schema sandbox` describes it")
        if len(data) > MAX_STATE:
            message = f"{name} is larger than {MAX_STATE // 1024 // 1024} MiB"
            raise Broken(message)
        return load(data.decode(), name)
    except Unreadable as error:
        message = f"{name}: {error}"
    except UnicodeDecodeError:
        message = f"{name} is not UTF-8; save it as UTF-8"
    except BadState as error:
        message = "; ".join(error.problems)
    raise Broken(message)


def _made(manifest: Manifest, state: "State") -> "Mapping[str, Found]":
    """The credentials that the sandbox makes for the keys of a manifest."""
    from keylint.live.credentials import Credentials, Missing  # noqa: PLC0415
    from keylint.live.secret import Secret  # noqa: PLC0415
    from keylint.live.signing import hmac_signer, pem_signer  # noqa: PLC0415
    from keylint.sandbox.credentials import made  # noqa: PLC0415

    all_made = made(state)
    found: dict[str, Found] = {}
    for key in manifest.keys:
        one = all_made.get(key)
        if one is None:
            found[key] = Missing(key, f"no credentials: the sandbox's state has no [keys.{key}]")
            continue
        private = Secret(one.private, "the sandbox")
        signer = hmac_signer(private) if one.type == "hmac" else pem_signer(private, None)
        found[key] = Credentials(key, Secret(one.api_key, "the sandbox"), signer, one.fingerprint)
    return found


@contextmanager
def _serving(state: "State", clock: "Clock") -> Iterator[str]:
    """The address at which the sandbox serves `state` meanwhile."""
    from keylint.sandbox.server import Sandbox  # noqa: PLC0415
    from keylint.sandbox.weights import Spent, Weights  # noqa: PLC0415

    class Boundless(Weights):
        """Counts nothing: where the clock stands, no minute ends."""

        def spend(self, _pool: object, _whose: str, weight: int, _now_ms: int) -> Spent:
            return Spent(weight, 200, 0)

    try:
        sandbox = Sandbox(state, clock=lambda: round(clock.now().timestamp() * 1000))
    except OSError as error:
        message = f"the sandbox cannot listen on 127.0.0.1: {error.strerror}"
        raise Broken(message) from None
    sandbox.memory.weights = Boundless()
    with sandbox:
        yield sandbox.url


class _Nameless:
    """A transport to the sandbox, whose failures do not name the port that it got: it is another one each time."""

    def __init__(self, transport: "Transport", url: str) -> None:
        self._transport = transport
        self._host = url.rpartition("/")[2]

    def measure_skew(self) -> None:
        """As the transport's."""
        self._transport.measure_skew()

    def get(
        self,
        endpoint: "Endpoint",
        credentials: "Credentials | None" = None,
        values: "Mapping[str, str | Secret]" = MappingProxyType({}),
    ) -> object:
        """As the transport's. Raises Failure."""
        from keylint.live.failure import Failure  # noqa: PLC0415 - as above

        try:
            return self._transport.get(endpoint, credentials, values)
        except Failure as failure:
            message = failure.message.replace(self._host, "the sandbox")
            raise Failure(failure.outcome, message, failure.code) from None

    def run(self, jobs: "Sequence[Callable[[], T]]") -> "list[T | Failure]":
        """As the transport's."""
        return self._transport.run(jobs)


class _Stopped:
    """A clock that stands at one moment, and on which waiting takes no time.

    So a run against the sandbox tells the same every time, and does not spare limits that nobody else has a share in.
    """

    def __init__(self, moment: datetime) -> None:
        self._moment = moment
        self._waited = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The moment."""
        return self._moment

    def monotonic(self) -> float:
        """How many seconds were waited."""
        return self._waited

    def sleep(self, seconds: float) -> None:
        """Count `seconds` as waited."""
        with self._lock:
            self._waited += seconds


# -- The terminal ----------------------------------------------------------------------------------------------------


@contextmanager
def _signals() -> "Iterator[Stop]":
    """What an interrupt or a termination calls meanwhile, so that what is known by then is kept."""
    from keylint.live.asking import Stop  # noqa: PLC0415

    stop = Stop()
    if threading.current_thread() is not threading.main_thread():  # only there can signals be handled
        yield stop
        return
    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)


@contextmanager
def _shown_progress(clock: "Clock") -> Iterator[Callable[[int, int], None] | None]:
    """What shows how far a run is, on a terminal, once it has lasted a while; None where nobody would see it."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    shown = began = clock.monotonic()
    any_shown = False

    def show(done: int, planned: int) -> None:
        nonlocal shown, any_shown
        now = clock.monotonic()
        if now - began >= _QUIET_SECONDS and now - shown >= _BETWEEN_SECONDS:
            shown, any_shown = now, True
            talk(f"\r{done:,} of {planned:,} questions answered\x1b[K")

    try:
        yield show
    finally:
        if any_shown:
            talk("\r\x1b[K")
