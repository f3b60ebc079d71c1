"""Jobs → their results, in order, on a few threads of which any may be given up."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

T = TypeVar("T")
F = TypeVar("F")

SLACK: Final = 1.0
"""How many seconds a request may be over its time, in which its watch should have ended it."""

_thread = threading.local()


class _Worker:
    """A thread at work."""

    def __init__(self) -> None:
        self.job = -1
        self.due: float | None = None
        """When the request that it is making is to be over; None while it makes none."""


@contextmanager
def request(due: float) -> Iterator[None]:
    """The time of a request that this thread makes: once it is over by SLACK, the thread is given up."""
    worker: _Worker | None = getattr(_thread, "worker", None)
    if worker is None:
        yield
        return
    worker.due = due
    try:
        yield
    finally:
        worker.due = None


class Crew(Generic[T, F]):
    """What runs `jobs` once."""

    def __init__(self, jobs: Sequence[Callable[[], T]], failed: Callable[[BaseException | None], F]) -> None:
        """`failed` makes a result of what a job raised, and of a job that was given up (None)."""
        self._jobs: Final = jobs
        self._failed: Final = failed
        self._results: dict[int, T | F] = {}
        self._next = iter(range(len(jobs)))
        self._workers: set[_Worker] = set()
        self._changed = threading.Condition()
        self._stopped = False

    def run(self, threads: int) -> list[T | F]:
        """The results, in the order of the jobs.

        The threads are daemons: one that hangs does not hold the process. An interrupt ends the work after the
        requests that are under way.
        """
        try:
            with self._changed:
                for _ in range(min(threads, len(self._jobs))):
                    self._hire()
                while len(self._results) < len(self._jobs):
                    if not self._workers:  # the system starts no more threads
                        rest = [it for it in range(len(self._jobs)) if it not in self._results]
                        self._results |= {it: self._failed(RuntimeError()) for it in rest}
                        break
                    self._changed.wait(self._patience())
                    self._give_up()
        finally:
            self._stopped = True
        return [self._results[index] for index in range(len(self._jobs))]

    def _hire(self) -> None:
        worker = _Worker()
        self._workers.add(worker)
        try:
            threading.Thread(target=self._work, args=(worker,), name="keylint-worker", daemon=True).start()
        except RuntimeError:
            self._workers.discard(worker)

    def _work(self, worker: _Worker) -> None:
        _thread.worker = worker
        while True:
            with self._changed:
                worker.job = next(self._next, -1)
                if worker.job < 0 or self._stopped or worker not in self._workers:
                    self._workers.discard(worker)
                    return
            result: T | F
            try:
                result = self._jobs[worker.job]()
            except BaseException as error:  # noqa: BLE001 - becomes an unknown: a job without a result is waited for
                result = self._failed(error)
            with self._changed:
                if worker not in self._workers:  # given up, and its job has a result
                    return
                self._results[worker.job] = result
                if len(self._results) == len(self._jobs):
                    self._changed.notify()

    def _patience(self) -> float:
        """For how long nobody can be over their time, in seconds; a worker that begins meanwhile has all of its own."""
        now = time.monotonic()
        return min([max(0.0, it.due + SLACK - now) for it in self._workers if it.due is not None], default=SLACK)

    def _give_up(self) -> None:
        now = time.monotonic()
        for worker in [it for it in self._workers if it.due is not None and it.due + SLACK <= now]:
            self._workers.discard(worker)
            self._results[worker.job] = self._failed(None)
            self._hire()
