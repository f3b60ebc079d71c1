"""What asks the sandbox without a socket, and a manifest and a state that fit each other."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from keylint.live.asking import NO_VALUES
from keylint.live.credentials import Credentials, Missing, Unusable
from keylint.live.endpoints import Endpoint
from keylint.live.failure import Failure
from keylint.live.observe import Found
from keylint.live.secret import Secret
from keylint.manifest.load import load as load_manifest
from keylint.manifest.model import Manifest
from keylint.rehearsal import Stage
from keylint.sandbox.state import load as load_state

T = TypeVar("T")

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


class StandIn(Stage):
    """Asks the sandbox's pure answers, one after the other; as the transport it asks nothing after a 429."""

    def __init__(self, text: str) -> None:
        super().__init__(load_state(f"version = 1\n{text}", "state.toml"), NOW)
        self.asked: list[tuple[str, str]] = []
        """Path and key of each question."""
        self.before: Callable[[str, str], None] = lambda _path, _key: None
        self.waves: list[int] = []
        self._silent = False

    @property
    def paths(self) -> Counter[str]:
        return Counter(path.rpartition("/")[2] for path, _ in self.asked)

    def keys_that_asked(self, end: str) -> list[str]:
        return [key for path, key in self.asked if path.endswith(end)]

    def get(
        self, endpoint: Endpoint, credentials: Credentials | None = None, values: Mapping[str, str | Secret] = NO_VALUES
    ) -> object:
        assert credentials is not None
        assert set(values) == set(endpoint.varying)
        if self._silent:
            raise Failure("limited", "not asked because of an earlier 429")
        self.asked.append((endpoint.path, credentials.id))
        self.before(endpoint.path, credentials.id)
        try:
            return super().get(endpoint, credentials, values)
        except Failure as failure:
            self._silent = failure.outcome == "limited"
            raise

    def run(self, jobs: Sequence[Callable[[], T]]) -> list[T | Failure]:
        self.waves.append(len(jobs))
        return [job() for job in jobs]  # each keeps its own Failure


def manifest(text: str) -> Manifest:
    source = load_manifest("keylint.toml", f"version = 1\n{text}".encode())
    assert source.manifest is not None, (source.fault, source.violations)
    return source.manifest


def credentials(declared: Manifest, stand_in: StandIn, **other: Any) -> Mapping[str, Found]:
    """What is made for the keys that the state has; `other`: another key's instead, "missing" or "unusable"."""
    made = stand_in.credentials()
    found: dict[str, Found] = {}
    for key in declared.keys:
        which = other.get(key.replace("-", "_"), key)
        if which == "unusable":
            found[key] = Unusable(key, "its PEM is encrypted: set KEYLINT_X_PASSPHRASE")
        elif which not in made:
            found[key] = Missing(key, "no credentials: set KEYLINT_X_API_KEY")
        else:
            found[key] = made[which]._replace(id=key)
    return found
