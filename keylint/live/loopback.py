"""What `--endpoint` was given → the base URL of a server on this machine, or the reason why not."""

import re
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit


class NotLoopback(Exception):  # noqa: N818 - it is said to the user as it is
    """An endpoint that is not on this machine, or is more than a scheme, an address and a port."""


def base_url(endpoint: str) -> str:
    """`endpoint` as `http://127.0.0.1:8080`: keys are sent to Binance, and else to this machine alone.

    Addresses are taken as they are and no name is resolved; `localhost` is 127.0.0.1. Raises NotLoopback, which shows
    nothing of an endpoint that has more to it, such as a password.
    """
    msg = "--endpoint takes a scheme, an address and a port alone, such as http://127.0.0.1:8080"
    if not endpoint.isascii() or not endpoint.isprintable() or re.search(r"[\s@?#\\]|\][^:/]", endpoint):
        raise NotLoopback(msg)
    with suppress(ValueError):
        parts = urlsplit(endpoint)
        port = parts.port
        address = str(ip_address("127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""))
        plain = parts.scheme in {"http", "https"} and parts.path in {"", "/"} and port != 0
        if plain and (address.startswith("127.") or address == "::1"):
            shown = f"[{address}]" if ":" in address else address
            return f"{parts.scheme}://{shown}" + ("" if port is None else f":{port}")
        if plain:
            msg = f"--endpoint takes addresses of this machine alone (127.0.0.0/8, [::1]), and {address} is none"
    raise NotLoopback(msg)
