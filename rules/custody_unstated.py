"""KL602 custody-unstated."""

from keylint.api import Context, Finding, Key, KeyRule, Severity


def check(key: Key, _ctx: Context) -> Finding | None:
    """Somebody must say where the secret lies."""
    if key.custody is None:
        return Finding(
            key.at("custody"),
            "does not say where its secret lies",
            'add custody = "secret-manager", or whatever place is true',
        )
    return None


RULE = KeyRule(
    code="KL602",
    name="custody-unstated",
    summary="Nobody says where the secret of the key lies",
    severity=Severity.NOTE,
    check=check,
)
