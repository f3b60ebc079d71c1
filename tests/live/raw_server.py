"""A server that says exactly what a test wants it to, byte for byte, and remembers what it was asked."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

Say = Callable[[socket.socket, bytes], object]
"""What is done with a connection on which the head of a request has come; True: listen for the next one on it."""


class RawServer:
    """Listens on loopback; each connection has a thread."""

    def __init__(self, say: Say, *, tls: ssl.SSLContext | None = None, silent: bool = False) -> None:
        self.say = say
        self.tls = tls
        self.silent = silent
        """Take connections, and read nothing."""
        self.requests: list[bytes] = []
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        self._done = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        """The first line of each request."""
        return [it.split(b"\r\n", 1)[0].decode() for it in self.requests]

    @property
    def closing(self) -> bool:
        return self._done.is_set()

    def pause(self, seconds: float) -> bool:
        """Whether the server is still wanted after a while."""
        return not self._done.wait(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for it in (self._socket, *self._open):
            with contextlib.suppress(OSError):
                it.shutdown(socket.SHUT_RDWR)
            it.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self.silent:
                self._done.wait()
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                while (head := _head(connection)) is not None:
                    self.requests.append(head)
                    if self.say(connection, head) is not True:
                        return


def _head(connection: socket.socket) -> bytes | None:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65_536)
        if not piece:
            return None
        head += piece
    return head


def answer(
    body: bytes | object,
    status: int | str = 200,
    *headers: str,
    length: bool = True,
    kind: str | None = "application/json",
) -> bytes:
    """A whole answer; what is no bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", *headers]
    if kind is not None:
        lines.append(f"Content-Type: {kind}")
    if length:
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def saying(data: bytes, *, again: bool = True) -> Say:
    """Answer each request with `data`, and listen for the next one."""

    def say(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(data)
        return again

    return say


@contextmanager
def nobody() -> Iterator[str]:
    """The URL of a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    yield f"http://127.0.0.1:{port}"
