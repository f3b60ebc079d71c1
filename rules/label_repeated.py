"""KL206 label-repeated."""

from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    Context,
    Finding,
    Key,
    KeyRule,
    NotApplicable,
    NotShown,
    Severity,
    Side,
    Undecided,
)

NAMED = 3


def check(key: Key, ctx: Context) -> Finding | NotApplicable | None:
    """No other key of its account, disabled ones included, bears its label."""
    label = key.label
    if not label:
        return NOT_APPLICABLE  # KL205 speaks
    if key.side is Side.LIVE:
        return _finding(key, label, _listed(key, label, ctx))
    account, borne = key.account.id, ctx.manifest.keys_by_label
    alike = borne.get((account, label), ())
    if len(alike) <= 1 and ctx.manifest.dangling:
        alike += borne.get((None, label), ())  # of an unknown account: asking for it leaves this undecided
    if len(alike) == 1 and alike[0].id == key.id:
        return None
    others = [str(other) for other in alike[: NAMED + 2] if other.id != key.id and other.account.id == account]
    return _finding(key, label, others)


def _listed(key: Key, label: str, ctx: Context) -> list[str]:
    """Which other keys bear the label in the list of the account's keys, those of nobody in the manifest last."""
    if ctx.live is None:
        raise NotShown
    live, account = ctx.live.keys[key.id], ctx.live.accounts[key.account.id]
    rest = [each for each in account.listed_keys if live.listed is None or each.fingerprint != live.listed.fingerprint]
    alike = {each.fingerprint for each in rest if each.facts.label == label}
    unread = sum(each.facts.label is None for each in rest)
    if unread and not alike:
        message = f'{key} has the label "{label}", and of {unread} other keys of {account} the label was not told'
        raise Undecided(reason="malformed", message=message)
    ours = {it.listed.fingerprint: str(it) for it in account.keys.values() if it.listed is not None}
    names = [name for fingerprint, name in ours.items() if fingerprint in alike]
    strange = len(alike - ours.keys())
    if strange:
        names.append(f"{'a key' if strange == 1 else f'each of {strange} keys'} not in the manifest")
    return names


def _finding(key: Key, label: str, others: list[str]) -> Finding | None:
    if not others or label.isspace():
        return None
    named = ", ".join(others[:NAMED]) + (" and others" if len(others) > NAMED else "")
    return Finding(
        key.at("label"),
        f'has the label "{label}", and so has {named}',
        "give each key its own label in API Management and here, so that nobody deletes the wrong one",
    )


RULE = KeyRule(
    code="KL206",
    name="label-repeated",
    summary="Another key of the account bears the same label",
    severity=Severity.WARNING,
    check=check,
    sides=BOTH_SIDES,
)
