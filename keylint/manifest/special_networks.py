"""The text of an IP address or network → whether the internet routes it, and if not, what it is."""

from bisect import bisect_right
from functools import cache

from .addresses import network

# Version → (first, last, what it is), ascending and disjoint. Source: IANA's IPv4 and IPv6 Special-Purpose Address
# Registries, the rows that are not globally reachable, with the multicast registries. `ipaddress.is_private` is another
# set in each version of Python. The documentation networks (RFC 5737, 3849, 9637) are left out, so that examples can
# use them; so are the rows for protocols, which nobody takes for the address of a server.
_SPECIAL = {
    4: (
        (0x00000000, 0x00FFFFFF, "unspecified"),  # 0.0.0.0/8, RFC 791
        (0x0A000000, 0x0AFFFFFF, "private"),  # 10.0.0.0/8, RFC 1918
        (0x64400000, 0x647FFFFF, "shared by the customers of a carrier"),  # 100.64.0.0/10, RFC 6598
        (0x7F000000, 0x7FFFFFFF, "loopback"),  # 127.0.0.0/8, RFC 1122
        (0xA9FE0000, 0xA9FEFFFF, "link-local"),  # 169.254.0.0/16, RFC 3927
        (0xAC100000, 0xAC1FFFFF, "private"),  # 172.16.0.0/12, RFC 1918
        (0xC0A80000, 0xC0A8FFFF, "private"),  # 192.168.0.0/16, RFC 1918
        (0xC6120000, 0xC613FFFF, "for benchmark tests"),  # 198.18.0.0/15, RFC 2544; VPN clients hand them out as well
        (0xE0000000, 0xEFFFFFFF, "multicast"),  # 224.0.0.0/4, RFC 5771
        (0xF0000000, 0xFFFFFFFF, "reserved"),  # 240.0.0.0/4, RFC 1112; its last address is broadcast, RFC 919
    ),
    6: (
        (0, 0, "unspecified"),  # ::/128, RFC 4291
        (1, 1, "loopback"),  # ::1/128, RFC 4291
        (0xFC << 120, (0xFE << 120) - 1, "private"),  # fc00::/7, RFC 4193
        (0xFE80 << 112, (0xFEC0 << 112) - 1, "link-local"),  # fe80::/10, RFC 4291
        (0xFEC0 << 112, (0xFF << 120) - 1, "private"),  # fec0::/10, the former site-local, RFC 3879
        (0xFF << 120, (1 << 128) - 1, "multicast"),  # ff00::/8, RFC 4291
    ),
}
_FIRSTS = {version: [first for first, _, _ in ranges] for version, ranges in _SPECIAL.items()}


@cache
def unroutable(text: str) -> str | None:
    """What kind of address the network `text` wholly consists of, if the internet routes none of that kind."""
    found = network(text)
    if found is None:
        return None
    _, end, kind = _SPECIAL[found.version][bisect_right(_FIRSTS[found.version], found.first) - 1]
    return kind if found.last <= end else None
