"""What asks the sandbox without a socket, and a manifest and a state that fit each other."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any, TypeVar

from keylint.live.connection import Answer
from keylint.live.credentials import Credentials, Missing, Unusable
from keylint.live.endpoints import Endpoint
from keylint.live.failure import Failure
from keylint.live.http_answer import judge
from keylint.live.observe import Found
from keylint.live.secret import Secret
from keylint.live.signing import hmac_signer, query
from keylint.manifest.load import load as load_manifest
from keylint.manifest.model import Manifest
from keylint.sandbox import answers, state
from keylint.sandbox.credentials import made
from keylint.sandbox.misbehaviour import Script, bent

T = TypeVar("T")

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LIMITED = frozenset({"limited"})


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


class StandIn:
    """Asks the sandbox's pure answers, one after the other; as the transport it asks nothing after a 429."""

    def __init__(self, text: str) -> None:
        self.state = state.load(f"version = 1\n{text}", "state.toml")
        self.memory = answers.Memory(self.state)
        self.script = Script(self.state.misbehaviours)
        self.asked: list[tuple[str, str]] = []
        """Path and key of each question."""
        self.before: Callable[[str, str], None] = lambda _path, _key: None
        self.waves: list[int] = []
        self._lock = Lock()
        self._silent = False

    @property
    def paths(self) -> Counter[str]:
        return Counter(path.rpartition("/")[2] for path, _ in self.asked)

    def keys_that_asked(self, end: str) -> list[str]:
        return [key for path, key in self.asked if path.endswith(end)]

    def get(
        self, endpoint: Endpoint, credentials: Credentials | None = None, values: Mapping[str, str | Secret] = {}
    ) -> object:
        assert credentials is not None
        assert set(values) == set(endpoint.varying)
        with self._lock:
            if self._silent:
                raise Failure("limited", "not asked because of an earlier 429")
            self.asked.append((endpoint.path, credentials.id))
        self.before(endpoint.path, credentials.id)
        plain = [(name, it if isinstance(it, str) else it.reveal()) for name, it in values.items()]
        headers = {"X-MBX-APIKEY": credentials.api_key.reveal()}
        request = answers.Request(endpoint.path, query([*endpoint.fixed, *plain]), headers)
        now_ms = int(NOW.timestamp() * 1000)
        response = answers.answer(self.state, request, now_ms, memory=self.memory, check_signature=False)
        fault = self.script.next(endpoint.path, credentials.id)
        if fault is not None:
            response = bent(response, fault, request)
        got: dict[str, tuple[str, ...]] = {}
        for name, value in response.headers:
            got[name.lower()] = (*got.get(name.lower(), ()), value)
        answer = judge(Answer(response.status, got, response.body), "api.binance.com")
        if isinstance(answer, Failure):
            self._silent = answer.outcome == "limited"
            raise answer
        return answer

    def run(self, jobs: Sequence[Callable[[], T]]) -> list[T | Failure]:
        self.waves.append(len(jobs))
        return [job() for job in jobs]


def manifest(text: str) -> Manifest:
    source = load_manifest("keylint.toml", f"version = 1\n{text}".encode())
    assert source.manifest is not None, (source.fault, source.violations)
    return source.manifest


def credentials(declared: Manifest, stand_in: StandIn, **other: Any) -> Mapping[str, Found]:
    """What is made for the keys that the state has; `other`: another key's instead, "missing" or "unusable"."""
    all_made = made(stand_in.state)
    found: dict[str, Found] = {}
    for key in declared.keys:
        which = other.get(key.replace("-", "_"), key)
        if which == "unusable":
            found[key] = Unusable(key, "its PEM is encrypted: set KEYLINT_X_PASSPHRASE")
        elif which not in all_made:
            found[key] = Missing(key, "no credentials: set KEYLINT_X_API_KEY")
        else:
            one = all_made[which]
            signer = hmac_signer(Secret(f"{which:x<64}", "test"))
            found[key] = Credentials(key, Secret(one.api_key, "test"), signer, one.fingerprint)
    return found
