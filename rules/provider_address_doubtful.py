"""KL705 provider-address-doubtful."""

import re

from keylint.api import Context, Finding, Provider, ProviderRule, Severity

# A host of two labels or more, none of them punycode, the last one no number; then a port, then a path.
PLAIN = (
    r"https://(?:(?!xn--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?!xn--)[a-z][a-z0-9-]*[a-z0-9]\.?"
    r"(?::[0-9]{1,5})?(?:[/?#][!-~]*)?"
)


def check(provider: Provider, _ctx: Context) -> Finding | None:
    """A platform must have an address that nobody can mistake for another's."""
    url = provider.url
    if url is None:
        return Finding(provider.at("url"), "has no url", "add url, its own address as its documentation prints it")
    if re.fullmatch(PLAIN, url, re.IGNORECASE | re.ASCII):
        return None
    return Finding(
        provider.at("url"),
        f"has a url {' and '.join(_doubts(url))}",
        "find its own address from a second source and write it as https and a plain host name",
    )


def _doubts(url: str) -> list[str]:
    """What is doubtful about `url`; it is not quoted, because what stands before an @ may be a password."""
    scheme, given, rest = url.partition("://")
    authority = re.split(r"[/?#\\]", rest if given else url, maxsplit=1)[0]
    _user, at, host = authority.rpartition("@")
    last = host.partition(":")[0].rstrip(".").rpartition(".")[2].lower()
    doubts = {
        "without https": scheme.lower() != "https",
        "with a user name before its host": bool(at),
        "with an IP address instead of a host name": host.startswith("[") or last.isdigit() or last.startswith("0x"),
        "with a punycode host, which is shown in other letters": "xn--" in host.lower(),
        "with letters in its host that are not ASCII and may look like others": not host.isascii(),
    }
    return [doubt for doubt, holds in doubts.items() if holds] or ["that is not of the form https://host.domain/path"]


RULE = ProviderRule(
    code="KL705",
    name="provider-address-doubtful",
    summary="The platform's own address is missing or doubtful",
    severity=Severity.WARNING,
    check=check,
)
