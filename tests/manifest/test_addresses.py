"""What is an address or a network, and what only looks like one."""

import ipaddress
import json
import re
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keylint.manifest.addresses import Network, network

ADDRESS = json.loads(files("keylint.schemas").joinpath("manifest.schema.json").read_text(encoding="utf-8"))[
    "definitions"
]["address"]


def v4(text: str) -> int:
    return int(ipaddress.IPv4Address(text))


def v6(text: str) -> int:
    return int(ipaddress.IPv6Address(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("203.0.113.20", Network(4, v4("203.0.113.20"), v4("203.0.113.20"))),
        ("203.0.113.20/32", Network(4, v4("203.0.113.20"), v4("203.0.113.20"))),
        ("198.51.100.0/28", Network(4, v4("198.51.100.0"), v4("198.51.100.15"))),
        ("0.0.0.0/0", Network(4, 0, 2**32 - 1)),
        ("0.0.0.0/1", Network(4, 0, 2**31 - 1)),
        ("128.0.0.0/1", Network(4, 2**31, 2**32 - 1)),
        ("127.0.0.1", Network(4, v4("127.0.0.1"), v4("127.0.0.1"))),
        ("169.254.0.0/16", Network(4, v4("169.254.0.0"), v4("169.254.255.255"))),
        ("100.64.0.0/10", Network(4, v4("100.64.0.0"), v4("100.127.255.255"))),
        ("224.0.0.1", Network(4, v4("224.0.0.1"), v4("224.0.0.1"))),
        ("2001:db8::/64", Network(6, v6("2001:db8::"), v6("2001:db8::ffff:ffff:ffff:ffff"))),
        ("2001:0DB8::1", Network(6, v6("2001:db8::1"), v6("2001:db8::1"))),
        ("::/0", Network(6, 0, 2**128 - 1)),
        ("::ffff:192.0.2.1", Network(4, v4("192.0.2.1"), v4("192.0.2.1"))),
        ("::ffff:c000:201", Network(4, v4("192.0.2.1"), v4("192.0.2.1"))),
        ("::ffff:192.0.2.0/120", Network(4, v4("192.0.2.0"), v4("192.0.2.255"))),
        ("::ffff:0:0/96", Network(4, 0, 2**32 - 1)),
        ("::fffe:0:0/95", Network(6, v6("::fffe:0:0"), v6("::ffff:ffff:ffff"))),
    ],
)
def test_addresses_and_networks(text: str, expected: Network) -> None:
    assert network(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ".", "/", ":", "localhost", "example.com", "*", "any"),
        *("127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001"),  # what inet_aton would take
        *("1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.2.3.999", "-1.2.3.4", "+1.2.3.4"),
        *("01.2.3.4", "1.2.3.04", "1.2.3.4/024", "1.2.3.4/+32", "1.2.3.4/-1", "2001:db8::/064"),  # leading zeros, signs
        *("1.2.3.4/24", "1.2.3.4/0", "2001:db8::1/64", "::ffff:192.0.2.1/120"),  # host bits set
        *("1.2.3.0/255.255.255.0", "1.2.3.0/0.0.0.255", "2001:db8::/ffff::"),  # netmask and hostmask forms
        *("1.2.3.4/33", "0.0.0.0/33", "0.0.0.0/64", "0.0.0.0/128", "::/129", "1.2.3.4/", "::/", "1.2.3.0/24/24"),
        *("fe80::1%eth0", "fe80::1%1", "fe80::%eth0/64"),  # zones
        *(" 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "1.2.3.4/32\n", "2001:db8::1\n", "\t::1", "1.2.3.4\x00"),
        *("１.2.3.4", "1.2.3.4/３2", "١.1.1.1", "²01::1", "1。2。3。4"),  # digits and dots of other scripts
        *("[::1]", "::1:", ":::1", "1::2::3", "12345::", "::ffff:1.2.3", "::ffff:01.2.3.4", "1.2.3.4:80", "1.2.3.4-9"),
        "1:" * 5_000_000,
    ],
)
def test_what_only_looks_like_one(text: str) -> None:
    assert network(text) is None


def read_by_the_standard_library(text: str) -> Network | None:
    _, slash, prefix = text.partition("/")
    if "%" in text or (slash and not re.fullmatch("0|[1-9][0-9]*", prefix)):
        return None
    try:
        found = ipaddress.ip_network(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Network) and found.prefixlen >= 96:
        mapped = found.network_address.ipv4_mapped
        if mapped is not None:
            found = ipaddress.ip_network((int(mapped), found.prefixlen - 96))
    return Network(found.version, int(found[0]), int(found[-1]))


octet = st.integers(-1, 300).map(str) | st.sampled_from(["00", "01", "010", "", "1e1", "٣"])
prefix = st.sampled_from(["", "/", "/255.255.255.0", "/08"]) | st.integers(-1, 130).map("/{}".format)
dotted = st.lists(octet, min_size=3, max_size=5).map(".".join)
networks_of_4 = st.builds(
    lambda number, length: f"{ipaddress.IPv4Address(number >> 32 - length << 32 - length)}/{length}",
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)
networks_of_6 = st.builds(
    lambda number, length: f"{ipaddress.IPv6Address(number >> 128 - length << 128 - length)}/{length}",
    st.integers(0, 2**128 - 1) | st.integers(0xFFFF << 32, (0xFFFF << 32) + 2**32 - 1),
    st.integers(0, 128),
)
texts = st.one_of(
    st.builds("{}{}".format, dotted, prefix),
    st.builds("{}{}".format, st.ip_addresses(v=6), prefix),
    st.builds("::ffff:{}{}".format, dotted, prefix),
    networks_of_4,
    networks_of_6,
    st.text("0123456789abcfF.:/% +", max_size=20),
    st.text(max_size=8),
)


@given(texts)
@example("0.0.0.0/64")
def test_agrees_with_the_standard_library(text: str) -> None:
    assert network(text) == read_by_the_standard_library(text)


@given(texts)
def test_is_stricter_than_the_pattern_that_the_editors_go_by(text: str) -> None:
    if network(text) is not None:
        assert re.fullmatch(ADDRESS["pattern"], text)
        assert len(text) <= ADDRESS["maxLength"]
