"""keylint's own rules: the table of contents, registered by the same hook as anybody's."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from keylint.api import Rule, hookimpl

from . import (
    account_unattested,
    baseline_stale,
    bot_without_key,
    created_in_future,
    custody_unsafe,
    custody_unstated,
    deceptive_text,
    disabled_key_lingers,
    event_outlived,
    fix_without_ed25519,
    hmac_deprecated,
    ip_dynamic,
    ip_not_listed,
    ip_range_wide,
    ip_stranger,
    ip_unrestricted,
    ip_unroutable,
    key_shared,
    key_without_bot,
    keys_surplus,
    label_repeated,
    label_vague,
    native_bot_has_key,
    need_unexplained,
    permission_missing,
    permission_unneeded,
    policy_loosened,
    provider_address_doubtful,
    provider_opaque,
    provider_unvetted,
    provider_wants_withdrawals,
    provider_without_addresses,
    replacement_wider,
    retired_bot_has_key,
    review_overdue,
    rotation_due,
    rotation_overdue,
    rotation_stuck,
    schema_violation,
    secret_held_by_many,
    secret_in_manifest,
    syntax_error,
    transfer_enabled,
    two_factor_off,
    two_factor_phishable,
    two_factor_weak,
    unknown_reference,
    waiver_expired,
    waiver_too_long,
    waiver_unused,
    withdrawal_allowlist_off,
    withdrawals_enabled,
    withdrawals_unguarded,
)

RULES: tuple[Rule, ...] = (
    syntax_error.RULE,  # KL001
    schema_violation.RULE,  # KL002
    unknown_reference.RULE,  # KL003
    deceptive_text.RULE,  # KL004
    secret_in_manifest.RULE,  # KL005
    withdrawals_enabled.RULE,  # KL101
    permission_unneeded.RULE,  # KL102
    permission_missing.RULE,  # KL103
    transfer_enabled.RULE,  # KL104
    native_bot_has_key.RULE,  # KL105
    fix_without_ed25519.RULE,  # KL107
    need_unexplained.RULE,  # KL108
    withdrawals_unguarded.RULE,  # KL109
    key_shared.RULE,  # KL201
    keys_surplus.RULE,  # KL202
    bot_without_key.RULE,  # KL203
    key_without_bot.RULE,  # KL204
    label_vague.RULE,  # KL205
    label_repeated.RULE,  # KL206
    secret_held_by_many.RULE,  # KL207
    ip_unrestricted.RULE,  # KL301
    ip_dynamic.RULE,  # KL302
    ip_range_wide.RULE,  # KL303
    ip_unroutable.RULE,  # KL304
    ip_not_listed.RULE,  # KL305
    ip_stranger.RULE,  # KL306
    rotation_overdue.RULE,  # KL401
    rotation_due.RULE,  # KL402
    created_in_future.RULE,  # KL403
    event_outlived.RULE,  # KL404
    retired_bot_has_key.RULE,  # KL405
    disabled_key_lingers.RULE,  # KL406
    replacement_wider.RULE,  # KL407
    rotation_stuck.RULE,  # KL408
    two_factor_off.RULE,  # KL501
    two_factor_weak.RULE,  # KL502
    account_unattested.RULE,  # KL503
    withdrawal_allowlist_off.RULE,  # KL504
    two_factor_phishable.RULE,  # KL507
    custody_unsafe.RULE,  # KL601
    custody_unstated.RULE,  # KL602
    hmac_deprecated.RULE,  # KL603
    provider_wants_withdrawals.RULE,  # KL701
    provider_without_addresses.RULE,  # KL702
    provider_unvetted.RULE,  # KL703
    provider_opaque.RULE,  # KL704
    provider_address_doubtful.RULE,  # KL705
    review_overdue.RULE,  # KL801
    waiver_expired.RULE,  # KL950
    waiver_unused.RULE,  # KL951
    waiver_too_long.RULE,  # KL952
    baseline_stale.RULE,  # KL953
    policy_loosened.RULE,  # KL954
)


LIVE: Mapping[str, str] = MappingProxyType(
    {
        "KL106": "unknown-permission",
        "KL409": "trading-expires",
        "KL505": "account-restricted",
        "KL506": "withdrawal-address-unlisted",
        "KL802": "activity-foreign",
        "KL803": "orders-foreign",
        "KL901": "permission-undeclared",
        "KL902": "permission-absent",
        "KL903": "ip-restriction-differs",
        "KL904": "created-differs",
        "KL905": "key-undeclared",
        "KL906": "key-not-found",
        "KL907": "label-differs",
        "KL908": "key-mismatched",
        "KL909": "disabled-key-alive",
        "KL910": "account-mismatched",
        "KL911": "sub-account-undeclared",
    }
)
"""The rules that judge live state alone: imported where there is one, so that a commit hook does not pay for them."""


def live_rules() -> tuple[Rule, ...]:
    """The rules named in LIVE, each from the module of its name."""
    return tuple(import_module(f".{name.replace('-', '_')}", __name__).RULE for name in LIVE.values())


@hookimpl
def keylint_rules() -> tuple[Rule, ...]:
    """Every rule of this pack, in the order of codes."""
    return RULES
