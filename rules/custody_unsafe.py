"""KL601 custody-unsafe."""

from keylint.api import NOT_APPLICABLE, Context, Finding, Key, KeyRule, NotApplicable, Severity

SAFE = frozenset({"secret-manager", "encrypted-env", "systemd-credential", "hsm", "password-manager", "platform"})
UNSAFE = {
    "plaintext-file": "a plain file, which every backup copies",
    "git": "git, where it stays in the history",
    "chat": "a chat, which everybody in it can search",
    "email": "an e-mail, of which every mailbox keeps a copy",
    "spreadsheet": "a spreadsheet, which is shared with a link",
    "notes": "notes, which follow a person to every device",
    "screenshot": "a screenshot, which a photo library uploads",
    "frontend": "frontend code, which every visitor downloads",
    "logs": "logs, which are collected and kept",
}


def check(key: Key, _ctx: Context) -> Finding | NotApplicable | None:
    """A secret must lie where only its bot can read it."""
    place = key.custody
    if place in SAFE:
        return None
    if place is None:
        return NOT_APPLICABLE  # KL602 says so
    if place == "env-file":
        return Finding(
            key.at("custody"),
            "has its secret in a plain env file, which every program of that user can read",
            "move it into a secret manager, an encrypted env file or a systemd credential, then say so in custody",
            Severity.WARNING,
        )
    return Finding(
        key.at("custody"),
        f"has its secret in {UNSAFE[place]}",
        "delete this key, make a new one and put its secret into a secret manager; this one counts as known",
    )


RULE = KeyRule(
    code="KL601",
    name="custody-unsafe",
    summary="The secret of the key lies where others can read it",
    severity=Severity.ERROR,
    check=check,
)
