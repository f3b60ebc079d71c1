"""The thresholds that rules read, with their defaults."""

from collections.abc import Mapping
from typing import NamedTuple


class Rotation(NamedTuple):
    """When a key is too old, and how a rotation runs; all in days."""

    max_age_days: int = 90
    limit_days: int = 180
    warn_days: int = 14
    overlap_days: int = 7
    delete_after_days: int = 7


class Review(NamedTuple):
    """How often the list of keys is looked through, in days."""

    max_age_days: int = 31


class Attestation(NamedTuple):
    """How long a person's word holds, in days."""

    max_age_days: int = 180


class EvidenceAge(NamedTuple):
    """How long a look at Binance holds, in hours."""

    max_age_hours: int = 24


class Breadth(NamedTuple):
    """How many addresses an IP allowlist may cover."""

    max_addresses: int = 30


class WaiverLength(NamedTuple):
    """How long a waiver may run, in days."""

    max_days: int = 180


class SecondFactors(NamedTuple):
    """Which second factors are accepted."""

    accept: tuple[str, ...] = ("passkey", "security-key", "authenticator")


class Policy(NamedTuple):
    """Every threshold, under the names of the manifest's `[policy]` table."""

    rotation: Rotation = Rotation()
    review: Review = Review()
    attestation: Attestation = Attestation()
    evidence: EvidenceAge = EvidenceAge()
    network: Breadth = Breadth()
    waiver: WaiverLength = WaiverLength()
    two_factor: SecondFactors = SecondFactors()


DEFAULT = Policy()


def stated(table: Mapping[str, Mapping[str, object]]) -> Policy:
    """The policy that a schema-checked `[policy]` table states, leaf by leaf over the defaults."""
    parts = {}
    for name, leaves in table.items():
        values = {leaf: tuple(value) if isinstance(value, list) else value for leaf, value in leaves.items()}
        parts[name] = getattr(DEFAULT, name)._replace(**values)
    return DEFAULT._replace(**parts)
