"""A manifest + what Binance is to say → the evidence that keylint gathers in such a sandbox, without a socket."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import tomli
import tomli_w

from .evidence.model import SANDBOX, Evidence
from .live.asking import NO_VALUES
from .live.connection import Answer
from .live.credentials import Credentials
from .live.endpoints import HOSTS, Endpoint
from .live.failure import Failure
from .live.http_answer import judge
from .live.observe import observe
from .live.secret import Secret
from .live.signing import Signer
from .manifest.model import Account, Key, Manifest
from .manifest.permissions import READING, ordered
from .sandbox import answers
from .sandbox.credentials import MadeCredentials, made
from .sandbox.misbehaviour import Script, bent
from .sandbox.state import State, load

T = TypeVar("T")


class StandingClock(NamedTuple):
    """A clock that shows one moment."""

    moment: datetime

    def now(self) -> datetime:
        """That moment."""
        return self.moment

    def monotonic(self) -> float:
        """The time that really passes, in seconds."""
        return monotonic()

    def sleep(self, _seconds: float) -> None:
        """Wait for nothing: nobody counts the requests of a rehearsal."""


class Stage:
    """The sandbox, asked without a socket and without signatures; for observers it is a transport."""

    def __init__(self, state: State, moment: datetime) -> None:
        self.state = state
        self.clock = StandingClock(moment)
        self.made = made(state)
        self.memory = answers.Memory(state)
        self.script = Script(state.misbehaviours)
        self.ids = {each.api_key: each.id for each in self.made.values()}

    def credentials(self) -> dict[str, Credentials]:
        """Credentials for every key of the state; they sign nothing."""
        return {each.id: _unsigned(each) for each in self.made.values()}

    def measure_skew(self) -> None:
        """Both clocks are one."""

    def get(
        self, endpoint: Endpoint, credentials: Credentials | None = None, values: Mapping[str, str | Secret] = NO_VALUES
    ) -> object:
        """The JSON value of the sandbox's answer. Raises Failure."""
        api_key = "" if credentials is None else credentials.api_key.reveal()
        told = [(name, value.reveal() if isinstance(value, Secret) else value) for name, value in values.items()]
        query = urlencode([*endpoint.fixed, *told])
        request = answers.Request(endpoint.path, query, {"x-mbx-apikey": api_key})
        moment = int(self.clock.moment.timestamp() * 1000)
        response = answers.answer(self.state, request, moment, memory=self.memory, check_signature=False)
        fault = self.script.next(endpoint.path, self.ids.get(api_key))
        if fault is not None:
            response = bent(response, fault, request)
        headers: dict[str, tuple[str, ...]] = {}
        for name, value in response.headers:
            headers[name.lower()] = (*headers.get(name.lower(), ()), value)
        outcome = judge(Answer(response.status, headers, response.body), HOSTS[endpoint.host].removeprefix("https://"))
        if isinstance(outcome, Failure):
            raise outcome
        return outcome

    def run(self, jobs: Sequence[Callable[[], T]]) -> list[T | Failure]:
        """What each job returns, one after the other."""
        results: list[T | Failure] = []
        for job in jobs:
            try:
                results.append(job())
            except Failure as failure:
                results.append(failure)
        return results


def rehearse(manifest: Manifest, live: str, moment: datetime) -> Evidence:
    """What keylint sees at `moment` in a sandbox where all is as `manifest` declares, but for what `live` says.

    `live` is a part of a sandbox's state in TOML. Raises BadState where that is wrong.
    """
    return perform(manifest, load(tomli_w.dumps(_over(declared(manifest), tomli.loads(live))), "live"), moment)


def perform(manifest: Manifest, state: State, moment: datetime) -> Evidence:
    """What keylint sees at `moment` in a sandbox of this `state`, activity included."""
    stage = Stage(state, moment)
    return observe(manifest, stage.credentials(), stage, stage.clock, source=SANDBOX, activity=True)


def _unsigned(key: MadeCredentials) -> Credentials:
    signer = Signer(key.type, lambda _: "", key.id.encode(), "rehearsal")
    return Credentials(key.id, Secret(key.api_key, "rehearsal"), signer, key.fingerprint)


def declared(manifest: Manifest) -> dict[str, Any]:
    """The sandbox's state in which everything is as `manifest` declares it."""
    return {
        "version": 1,
        "accounts": {account.id: _account(account) for account in manifest.accounts.values()},
        "keys": {key.id: _key(key) for key in manifest.keys.values()},
    }


def _account(account: Account) -> dict[str, Any]:
    fields = {"master": account.master, "email": account.email}
    return {name: value for name, value in fields.items() if value is not None}


def _key(key: Key) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "account": key.account_found.id if key.account_found is not None else None,
        "type": key.type,
        "label": key.label,
        # Whoever disables a key takes every box but reading from it.
        "permissions": list(ordered(key.permissions & READING if key.status == "disabled" else key.permissions)),
        "created": key.created,
        # Of a platform's own addresses Binance shows that they are a list, and not which.
        "ip_list": list(key.ip_allowlist) or (["203.0.113.1"] if key.restricted else None),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, table by table."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
