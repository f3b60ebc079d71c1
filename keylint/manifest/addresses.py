"""The text of IP addresses and networks → ranges of integers, and how many addresses those have, alone and together."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Network(NamedTuple):
    """An IP network: its version, 4 or 6, and its first and last address as integers, both included."""

    version: int
    first: int
    last: int


_OCTETS = {str(value): value for value in range(256)}
_PREFIXES = {str(length): length for length in range(129)}
_MAPPED = 0xFFFF  # the first 96 bits of ::ffff:0:0/96, under which IPv6 writes the IPv4 addresses
_LONGEST = 49  # an IPv6 address that ends in an IPv4 one, and a prefix: 45 + 4

_BITS = {4: 32, 6: 128}

_UNSEEN = Network(0, 0, 0)
_seen: dict[str, Network | None] = {}


def network(text: str) -> Network | None:
    """The network that `text` names, or None if it names none. An address is a network of one.

    Prefix form only, the host bits zero: no netmask, no leading zero (which some read as octal), no zone id, no short
    form such as `127.1`. An IPv4 network in IPv6 clothes (`::ffff:192.0.2.1`) is the IPv4 network. Answers are kept,
    because one address stands in many tables.
    """
    found = _seen.get(text, _UNSEEN)
    if found is _UNSEEN:
        found = _seen[text] = _ipv6(text) if ":" in text else _ipv4(text)
    return found


def merged(networks: Iterable[Network]) -> list[Network]:
    """The addresses of `networks` as ascending ranges of which no two overlap or touch."""
    ranges: list[Network] = []
    for one in sorted(networks):
        before = ranges[-1] if ranges else None
        if before is None or before.version != one.version or before.last + 1 < one.first:
            ranges.append(one)
        elif before.last < one.last:
            ranges[-1] = before._replace(last=one.last)
    return ranges


def breadth(networks: Iterable[Network]) -> int:
    """How many addresses `networks` cover together; one that several of them cover counts once."""
    return sum(last - first + 1 for _, first, last in merged(networks))


def common(network: Network, ranges: Sequence[Network]) -> int:
    """How many addresses of `network` lie in `ranges`, which are merged."""
    version, first, last = network
    count = 0
    for at in range(max(bisect_right(ranges, network) - 1, 0), len(ranges)):
        other = ranges[at]
        if other[:2] > (version, last):
            break
        if other.version == version:
            count += max(min(other.last, last) - max(other.first, first) + 1, 0)
    return count


def whole(networks: Sequence[Network]) -> int | None:
    """The version of IP of which `networks` together cover every address, in one piece or in several; else None."""
    for version, bits in _BITS.items():
        if breadth(network for network in networks if network.version == version) == 1 << bits:
            return version
    return None


def _ipv4(text: str) -> Network | None:
    # `ipaddress` takes ten times as long, and 2 ms to be imported. Looking octets up refuses leading zeros, signs,
    # spaces and foreign digits, all of which `int` lets through.
    address, prefix = text, "32"
    try:
        if "/" in text:
            address, prefix = text.split("/")
        first, second, third, fourth = address.split(".")
        start = _OCTETS[first] << 24 | _OCTETS[second] << 16 | _OCTETS[third] << 8 | _OCTETS[fourth]
        return _range(4, start, 32 - _PREFIXES[prefix])
    except (KeyError, ValueError):
        return None


def _ipv6(text: str) -> Network | None:
    address, slash, prefix = text.partition("/")
    if not slash:
        prefix = "128"
    if len(text) > _LONGEST or "%" in text or prefix not in _PREFIXES:
        return None
    from ipaddress import IPv6Address  # noqa: PLC0415 - most manifests name no IPv6 address

    try:
        start = int(IPv6Address(address))
    except ValueError:
        return None
    host_bits = 128 - _PREFIXES[prefix]
    if start >> 32 == _MAPPED and host_bits <= 32:  # noqa: PLR2004 - the bits of an IPv4 address
        return _range(4, start & 0xFFFFFFFF, host_bits)
    return _range(6, start, host_bits)


def _range(version: int, start: int, host_bits: int) -> Network | None:
    if not host_bits:
        return Network(version, start, start)
    if host_bits < 0:
        return None
    hosts = (1 << host_bits) - 1
    return None if start & hosts else Network(version, start, start + hosts)
