"""Document → the paths of its tables that break `manifest.schema.json`; written by `make generate`, not by hand."""

# ruff: noqa: PLR2004, SIM110 - the numbers are the schema's; a loop takes half the time of `all()` over a short list.

import re
from datetime import date

from .addresses import network
from .positions import Path

_POLICY_FIELDS = frozenset(("rotation", "review", "attestation", "evidence", "network", "waiver", "two_factor"))
_POLICY_ROTATION_FIELDS = frozenset(("max_age_days", "limit_days", "warn_days", "overlap_days", "delete_after_days"))
_POLICY_REVIEW_FIELDS = frozenset(("max_age_days",))
_POLICY_EVIDENCE_FIELDS = frozenset(("max_age_hours",))
_POLICY_NETWORK_FIELDS = frozenset(("max_addresses",))
_POLICY_WAIVER_FIELDS = frozenset(("max_days",))
_POLICY_TWO_FACTOR_FIELDS = frozenset(("accept",))
_METHOD = frozenset(("passkey", "security-key", "authenticator", "sms", "email"))
_fits_id = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$").fullmatch
_ACCOUNT_FIELDS = frozenset(
    (
        "exchange",
        "master",
        "email",
        "owner",
        "two_factor",
        "withdrawal_allowlist",
        "admin_ips",
        "manual",
    )
)
_ACCOUNT_EXCHANGE = frozenset(("binance",))
_fits_account_email = re.compile(r"^[^@\s]{1,64}@[^@\s]{1,190}$").fullmatch
_ACCOUNT_TWO_FACTOR_FIELDS = frozenset(("methods", "attested", "by"))
_ACCOUNT_WITHDRAWAL_ALLOWLIST_FIELDS = frozenset(("enabled", "attested", "by"))
_ACCOUNT_MANUAL_ITEM = frozenset(("spot", "margin", "futures", "options", "portfolio-margin"))
_PROVIDER_FIELDS = frozenset(
    (
        "url",
        "egress_ips",
        "asks_for",
        "rejects_withdrawals",
        "changelog",
        "storage",
        "reviewed",
    )
)
_PERMISSION = frozenset(
    (
        "read",
        "spot",
        "margin",
        "futures",
        "options",
        "portfolio-margin",
        "fix-read",
        "fix-trade",
        "internal-transfer",
        "universal-transfer",
        "withdraw",
    )
)
_BOT_FIELDS = frozenset(
    (
        "kind",
        "account",
        "provider",
        "needs",
        "because",
        "purpose",
        "egress_ips",
        "static_ip",
        "status",
        "owner",
        "order_prefix",
    )
)
_KIND = frozenset(("data", "spot", "margin", "futures", "options", "portfolio-margin", "native", "public", "custom"))
_BOT_STATUS = frozenset(("active", "paused", "retired"))
_KEY_FIELDS = frozenset(
    (
        "bot",
        "bots",
        "account",
        "role",
        "label",
        "type",
        "permissions",
        "ip_allowlist",
        "ip_third_party",
        "created",
        "status",
        "disabled",
        "replaced_by",
        "reviewed",
        "custody",
        "holders",
        "fingerprint",
        "owner",
    )
)
_KEY_ROLE = frozenset(("inventory",))
_KEY_TYPE = frozenset(("ed25519", "rsa", "hmac"))
_KEY_STATUS = frozenset(("staged", "active", "disabled"))
_KEY_CUSTODY = frozenset(
    (
        "secret-manager",
        "encrypted-env",
        "systemd-credential",
        "hsm",
        "password-manager",
        "platform",
        "env-file",
        "plaintext-file",
        "git",
        "chat",
        "email",
        "spreadsheet",
        "notes",
        "screenshot",
        "frontend",
        "logs",
    )
)
_fits_key_fingerprint = re.compile(r"^sha256:[0-9a-f]{16}$").fullmatch
_KEY_STATUS_2 = frozenset(("active", "staged"))
_KEY_STATUS_3 = frozenset(("disabled",))
_EVENT_FIELDS = frozenset(("on", "kind", "affects"))
_EVENT_KIND = frozenset(("team-change", "device-compromise", "suspected-leak", "provider-breach", "migration"))
_fits_event_affects_item = re.compile(r"^(accounts|providers|bots|keys)\.[a-z0-9][a-z0-9-]{0,62}$").fullmatch
_WAIVER_FIELDS = frozenset(("rule", "on", "reason", "by", "until"))
_fits_waiver_rule = re.compile(r"^([A-Z]{2,8}[0-9]{3,4}|[a-z][a-z0-9]*(-[a-z0-9]+)*)$").fullmatch
_fits_waiver_on = re.compile(r"^((accounts|providers|bots|keys)\.[a-z0-9][a-z0-9-]{0,62}|manifest)$").fullmatch
_MANIFEST_FIELDS = frozenset(("version", "accounts", "providers", "bots", "keys", "events", "waivers", "policy"))
_MANIFEST_VERSION = frozenset((1,))


def _is_policy(table: object) -> bool:
    return (
        type(table) is dict
        and _POLICY_FIELDS.issuperset(table)
        and ("rotation" not in table or _is_policy_rotation(table["rotation"]))
        and ("review" not in table or _is_policy_review(table["review"]))
        and ("attestation" not in table or _is_policy_attestation(table["attestation"]))
        and ("evidence" not in table or _is_policy_evidence(table["evidence"]))
        and ("network" not in table or _is_policy_network(table["network"]))
        and ("waiver" not in table or _is_policy_waiver(table["waiver"]))
        and ("two_factor" not in table or _is_policy_two_factor(table["two_factor"]))
    )


def _is_policy_rotation(table: object) -> bool:
    return (
        type(table) is dict
        and _POLICY_ROTATION_FIELDS.issuperset(table)
        and ("max_age_days" not in table or (type(value := table["max_age_days"]) is int and 1 <= value <= 36500))
        and ("limit_days" not in table or (type(value := table["limit_days"]) is int and 1 <= value <= 36500))
        and ("warn_days" not in table or (type(value := table["warn_days"]) is int and 0 <= value <= 36500))
        and ("overlap_days" not in table or (type(value := table["overlap_days"]) is int and 0 <= value <= 36500))
        and (
            "delete_after_days" not in table
            or (type(value := table["delete_after_days"]) is int and 0 <= value <= 36500)
        )
    )


def _is_policy_review(table: object) -> bool:
    return (
        type(table) is dict
        and _POLICY_REVIEW_FIELDS.issuperset(table)
        and ("max_age_days" not in table or (type(value := table["max_age_days"]) is int and 1 <= value <= 36500))
    )


def _is_policy_attestation(table: object) -> bool:
    return (
        type(table) is dict
        and _POLICY_REVIEW_FIELDS.issuperset(table)
        and ("max_age_days" not in table or (type(value := table["max_age_days"]) is int and 1 <= value <= 36500))
    )


def _is_policy_evidence(table: object) -> bool:
    return (
        type(table) is dict
        and _POLICY_EVIDENCE_FIELDS.issuperset(table)
        and ("max_age_hours" not in table or (type(value := table["max_age_hours"]) is int and 1 <= value <= 876000))
    )


def _is_policy_network(table: object) -> bool:
    return (
        type(table) is dict
        and _POLICY_NETWORK_FIELDS.issuperset(table)
        and (
            "max_addresses" not in table or (type(value := table["max_addresses"]) is int and 1 <= value <= 4294967296)
        )
    )


def _is_policy_waiver(table: object) -> bool:
    return (
        type(table) is dict
        and _POLICY_WAIVER_FIELDS.issuperset(table)
        and ("max_days" not in table or (type(value := table["max_days"]) is int and 1 <= value <= 36500))
    )


def _is_policy_two_factor(table: object) -> bool:
    return (
        type(table) is dict
        and _POLICY_TWO_FACTOR_FIELDS.issuperset(table)
        and (
            "accept" not in table or (type(value := table["accept"]) is list and len(value) >= 1 and _are_method(value))
        )
    )


def _are_method(items: list[object]) -> bool:
    for item in items:
        if not (type(item) is str and item in _METHOD):
            return False
    return True


def _is_account(table: object) -> bool:
    return (
        type(table) is dict
        and _ACCOUNT_FIELDS.issuperset(table)
        and ("exchange" not in table or (type(value := table["exchange"]) is str and value in _ACCOUNT_EXCHANGE))
        and ("master" not in table or (type(value := table["master"]) is str and _fits_id(value) is not None))
        and ("email" not in table or (type(value := table["email"]) is str and _fits_account_email(value) is not None))
        and ("owner" not in table or (type(value := table["owner"]) is str and 1 <= len(value) <= 500))
        and ("two_factor" not in table or _is_account_two_factor(table["two_factor"]))
        and ("withdrawal_allowlist" not in table or _is_account_withdrawal_allowlist(table["withdrawal_allowlist"]))
        and ("admin_ips" not in table or (type(value := table["admin_ips"]) is list and _are_address(value)))
        and ("manual" not in table or (type(value := table["manual"]) is list and _are_account_manual(value)))
    )


def _is_account_two_factor(table: object) -> bool:
    return (
        type(table) is dict
        and _ACCOUNT_TWO_FACTOR_FIELDS.issuperset(table)
        and "methods" in table
        and "attested" in table
        and "by" in table
        and type(value := table["methods"]) is list
        and _are_method(value)
        and type(table["attested"]) is date
        and type(value := table["by"]) is str
        and 1 <= len(value) <= 500
    )


def _is_account_withdrawal_allowlist(table: object) -> bool:
    return (
        type(table) is dict
        and _ACCOUNT_WITHDRAWAL_ALLOWLIST_FIELDS.issuperset(table)
        and "enabled" in table
        and "attested" in table
        and "by" in table
        and type(table["enabled"]) is bool
        and type(table["attested"]) is date
        and type(value := table["by"]) is str
        and 1 <= len(value) <= 500
    )


def _are_address(items: list[object]) -> bool:
    for item in items:
        if not (type(item) is str and network(item) is not None):
            return False
    return True


def _are_account_manual(items: list[object]) -> bool:
    for item in items:
        if not (type(item) is str and item in _ACCOUNT_MANUAL_ITEM):
            return False
    return True


def _is_provider(table: object) -> bool:
    return (
        type(table) is dict
        and _PROVIDER_FIELDS.issuperset(table)
        and ("url" not in table or (type(value := table["url"]) is str and 1 <= len(value) <= 500))
        and ("egress_ips" not in table or (type(value := table["egress_ips"]) is list and _are_address(value)))
        and ("asks_for" not in table or (type(value := table["asks_for"]) is list and _are_permission(value)))
        and ("rejects_withdrawals" not in table or type(table["rejects_withdrawals"]) is bool)
        and ("changelog" not in table or (type(value := table["changelog"]) is str and 1 <= len(value) <= 500))
        and ("storage" not in table or (type(value := table["storage"]) is str and 1 <= len(value) <= 500))
        and ("reviewed" not in table or type(table["reviewed"]) is date)
    )


def _are_permission(items: list[object]) -> bool:
    for item in items:
        if not (type(item) is str and item in _PERMISSION):
            return False
    return True


def _is_bot(table: object) -> bool:
    return (
        type(table) is dict
        and _BOT_FIELDS.issuperset(table)
        and "kind" in table
        and (
            (type(value := table["kind"]) is str and value in _KIND)
            or (type(value) is list and len(value) >= 1 and _are_kind(value))
        )
        and ("account" not in table or (type(value := table["account"]) is str and _fits_id(value) is not None))
        and ("provider" not in table or (type(value := table["provider"]) is str and _fits_id(value) is not None))
        and ("needs" not in table or (type(value := table["needs"]) is list and _are_permission(value)))
        and ("because" not in table or (type(value := table["because"]) is str and 1 <= len(value) <= 500))
        and ("purpose" not in table or (type(value := table["purpose"]) is str and 1 <= len(value) <= 500))
        and ("egress_ips" not in table or (type(value := table["egress_ips"]) is list and _are_address(value)))
        and ("static_ip" not in table or type(table["static_ip"]) is bool)
        and ("status" not in table or (type(value := table["status"]) is str and value in _BOT_STATUS))
        and ("owner" not in table or (type(value := table["owner"]) is str and 1 <= len(value) <= 500))
        and ("order_prefix" not in table or (type(value := table["order_prefix"]) is str and 1 <= len(value) <= 36))
    )


def _are_kind(items: list[object]) -> bool:
    for item in items:
        if not (type(item) is str and item in _KIND):
            return False
    return True


def _is_key(table: object) -> bool:
    return (
        type(table) is dict
        and _KEY_FIELDS.issuperset(table)
        and "type" in table
        and "permissions" in table
        and "created" in table
        and ("bot" not in table or (type(value := table["bot"]) is str and _fits_id(value) is not None))
        and ("bots" not in table or (type(value := table["bots"]) is list and len(value) >= 1 and _are_key_bots(value)))
        and ("account" not in table or (type(value := table["account"]) is str and _fits_id(value) is not None))
        and ("role" not in table or (type(value := table["role"]) is str and value in _KEY_ROLE))
        and ("label" not in table or (type(value := table["label"]) is str and len(value) <= 200))
        and type(value := table["type"]) is str
        and value in _KEY_TYPE
        and type(value := table["permissions"]) is list
        and _are_permission(value)
        and ("ip_allowlist" not in table or (type(value := table["ip_allowlist"]) is list and _are_address(value)))
        and (
            "ip_third_party" not in table or (type(value := table["ip_third_party"]) is str and 1 <= len(value) <= 500)
        )
        and type(table["created"]) is date
        and ("status" not in table or (type(value := table["status"]) is str and value in _KEY_STATUS))
        and ("disabled" not in table or type(table["disabled"]) is date)
        and ("replaced_by" not in table or (type(value := table["replaced_by"]) is str and _fits_id(value) is not None))
        and ("reviewed" not in table or type(table["reviewed"]) is date)
        and ("custody" not in table or (type(value := table["custody"]) is str and value in _KEY_CUSTODY))
        and ("holders" not in table or (type(value := table["holders"]) is list and _are_key_holders(value)))
        and (
            "fingerprint" not in table
            or (type(value := table["fingerprint"]) is str and _fits_key_fingerprint(value) is not None)
        )
        and ("owner" not in table or (type(value := table["owner"]) is str and 1 <= len(value) <= 500))
        and not ("bot" in table and "bots" in table)
        and not (
            "disabled" in table
            and ("status" not in table or (type(value := table["status"]) is str and value in _KEY_STATUS_2))
        )
        and (
            not ("status" in table and type(value := table["status"]) is str and value in _KEY_STATUS_3)
            or "disabled" in table
        )
    )


def _are_key_bots(items: list[object]) -> bool:
    for item in items:
        if not (type(item) is str and _fits_id(item) is not None):
            return False
    return True


def _are_key_holders(items: list[object]) -> bool:
    for item in items:
        if not (type(item) is str and 1 <= len(item) <= 500):
            return False
    return True


def _is_event(table: object) -> bool:
    return (
        type(table) is dict
        and _EVENT_FIELDS.issuperset(table)
        and "on" in table
        and "kind" in table
        and "affects" in table
        and type(table["on"]) is date
        and type(value := table["kind"]) is str
        and value in _EVENT_KIND
        and type(value := table["affects"]) is list
        and len(value) >= 1
        and _are_event_affects(value)
    )


def _are_event_affects(items: list[object]) -> bool:
    for item in items:
        if not (type(item) is str and _fits_event_affects_item(item) is not None):
            return False
    return True


def _is_waiver(table: object) -> bool:
    return (
        type(table) is dict
        and _WAIVER_FIELDS.issuperset(table)
        and "rule" in table
        and "on" in table
        and "reason" in table
        and "by" in table
        and "until" in table
        and type(value := table["rule"]) is str
        and len(value) <= 80
        and _fits_waiver_rule(value) is not None
        and type(value := table["on"]) is str
        and _fits_waiver_on(value) is not None
        and type(value := table["reason"]) is str
        and 1 <= len(value) <= 500
        and type(value := table["by"]) is str
        and 1 <= len(value) <= 500
        and type(table["until"]) is date
    )


def _is_manifest(table: object) -> bool:
    return (
        type(table) is dict
        and _MANIFEST_FIELDS.issuperset(table)
        and "version" in table
        and type(value := table["version"]) is int
        and value in _MANIFEST_VERSION
    )


_NAMED = {
    "accounts": (_fits_id, _is_account),
    "providers": (_fits_id, _is_provider),
    "bots": (_fits_id, _is_bot),
    "keys": (_fits_id, _is_key),
}
_LISTED = {
    "events": _is_event,
    "waivers": _is_waiver,
}
_SINGLE = {
    "policy": _is_policy,
}


def screen(document: dict[str, object]) -> tuple[Path, ...]:
    """The paths of the tables of a parsed document that break the schema, in its order; empty if it is a manifest.

    A path is `("keys", "grid")`, `("waivers", 0)`, `("policy",)`, a section that is no section `("keys",)`, or `()` for
    the root's own fields. Never raises on what a TOML parser can give.
    """
    wrong: list[Path] = []
    if not _is_manifest(document):
        wrong.append(())
    for name, section in document.items():
        if name in _NAMED and type(section) is dict:
            fits, is_good = _NAMED[name]
            wrong += [(name, key) for key, table in section.items() if not (fits(key) and is_good(table))]
        elif name in _LISTED and type(section) is list:
            is_good = _LISTED[name]
            wrong += [(name, index) for index, table in enumerate(section) if not is_good(table)]
        elif name in _NAMED or name in _LISTED or (name in _SINGLE and not _SINGLE[name](section)):
            wrong.append((name,))
    return tuple(wrong)
