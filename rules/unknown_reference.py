"""KL003 unknown-reference."""

from collections.abc import Collection

from keylint.api import Context, Finding, Manifest, ManifestRule, Reference, Severity

MOST_COMPARISONS = 20_000
"""How many names are compared in search of the nearest; a desk of ten thousand keys gets two suggestions."""


def check(manifest: Manifest, ctx: Context) -> list[Finding] | None:
    """Whatever is named and is not there is a finding, with the nearest name that is; so is an account left unnamed."""
    waivers = [waiver for waiver in manifest.waivers if waiver.rule not in ctx.rules]
    if not manifest.dangling and not waivers:
        return None
    near: dict[str, str] = {}
    found = [_reference(reference, manifest, near) for reference in manifest.dangling]
    for waiver in waivers:
        hint = "" if waiver.rule.isupper() else _hint(waiver.rule, ctx.rules, near)  # codes are always near
        found.append(
            Finding(
                waiver.at("rule"),
                f"names the rule {waiver.rule}, which is not loaded{hint}",
                "correct it (`keylint rules` lists them), install the pack that brings it, or delete the waiver",
            )
        )
    return found


def _reference(reference: Reference, manifest: Manifest, near: dict[str, str]) -> Finding:
    section, _, name = reference.names.partition(".")
    subject, field = ".".join(map(str, reference.place.path[:2])), reference.place.path[-1]
    if not name:
        return Finding(
            reference.place,
            f"names no account, though there are {len(manifest.accounts)}",
            f'add `account = "{next(iter(manifest.accounts))}"`, or whichever it is',
        )
    if reference.names == subject:
        themselves = {"master": "names itself as its master", "replaced_by": "is replaced by itself"}
        return Finding(reference.place, themselves[str(field)], f"name another one, or remove `{field}`")
    if name in manifest.accounts and field == "master":
        return Finding(
            reference.place,
            f"names {reference.names} as its master, which is itself a sub-account",
            "name the account above both: Binance has masters and sub-accounts, and no third level",
        )
    ids: dict[str, Collection[str]] = {
        "accounts": manifest.accounts,
        "providers": manifest.providers,
        "bots": manifest.bots,
        "keys": manifest.keys,
    }
    return Finding(
        reference.place,
        f"names {reference.names}, which is not in the manifest{_hint(reference.names, ids[section], near)}",
        f"correct the name, or add [{reference.names}]",
    )


def _hint(named: str, among: Collection[str], near: dict[str, str]) -> str:
    """The question whether the nearest of the names `among` was meant, if one is near."""
    if named not in near:
        from difflib import get_close_matches  # noqa: PLC0415 - not every manifest has something to suggest

        word = named.partition(".")[2] or named
        close = get_close_matches(word, among, 1) if len(near) * len(among) < MOST_COMPARISONS else []
        near[named] = f'; did you mean "{close[0]}"?' if close else ""
    return near[named]


RULE = ManifestRule(
    code="KL003",
    name="unknown-reference",
    summary="Something names an account, a provider, a bot, a key or a rule that is not there",
    severity=Severity.ERROR,
    check=check,
    waivable=False,
)
