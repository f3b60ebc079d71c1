"""A request → one that ends in time, whatever its other side does.

A timeout of a socket counts from each byte to the next, and a server that drips its answer never meets it. Here one
thread looks at the clock and shuts down the sockets of the requests that are over theirs.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final


class Overdue(Exception):  # noqa: N818 - becomes a Failure
    """The request is over its time."""


class Watch:
    """The time of one request, and the socket over which it runs."""

    def __init__(self, seconds: float) -> None:
        self.began: Final = time.monotonic()
        self.due: Final = self.began + seconds
        self.expired = False
        self.connected = self.began
        """When the connection stood, for requests that had to make one."""
        self._handle: socket.socket | None = None
        self._lock = threading.Lock()

    def left(self) -> float:
        """Seconds that are left. Raises Overdue where none are."""
        left = self.due - time.monotonic()
        if self.expired or left <= 0:
            raise Overdue
        return left

    def hold(self, connection: socket.socket) -> None:
        """Take hold of the socket of this request. Raises Overdue, and OSError where there are too many open files.

        The hold is a descriptor of its own: TLS and responses close and pass on the other as they like, and it cannot
        be somebody else's by the time it is shut down.
        """
        self.left()
        handle = socket.fromfd(connection.fileno(), connection.family, connection.type)
        with self._lock:
            old, self._handle = self._handle, handle
            if self.expired:
                _shut_down(handle)
        if old is not None:
            old.close()

    def expire(self) -> None:
        """End the request: whoever waits for its socket is told that it has ended."""
        with self._lock:
            self.expired = True
            if self._handle is not None:
                _shut_down(self._handle)

    def let_go(self) -> None:
        """Give the socket back."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()


class Watchdog:
    """The thread that ends requests; it starts with the first one."""

    def __init__(self, seconds: float) -> None:
        self.seconds: Final = seconds
        self._watches: dict[int, Watch] = {}
        self._wake = threading.Condition()
        self._parked = True
        self._closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """The watch of a request that this thread makes meanwhile."""
        watch = Watch(self.seconds)
        with self._wake:
            self._watches[id(watch)] = watch
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look, name="keylint-watchdog", daemon=True)
                self._thread.start()
            elif self._parked:  # it sleeps until the first one is due; the others are due later
                self._wake.notify()
        try:
            yield watch
        finally:
            with self._wake:
                del self._watches[id(watch)]
            watch.let_go()

    def close(self) -> None:
        """End the thread, and what is under way."""
        with self._wake:
            self._closed = True
            for watch in self._watches.values():  # nobody would end them any more
                watch.expire()
            self._wake.notify()

    def _look(self) -> None:
        with self._wake:
            while not self._closed:
                now = time.monotonic()
                waiting = [watch for watch in self._watches.values() if not watch.expired]
                for watch in waiting:
                    if watch.due <= now:
                        watch.expire()
                left = [watch.due - now for watch in waiting if not watch.expired]
                self._parked = not left
                self._wake.wait(min(left) if left else None)


def _shut_down(handle: socket.socket) -> None:
    # Not the method of a TLS socket, which says goodbye first and could wait for that.
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
