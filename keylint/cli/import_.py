"""`keylint import`: what Binance says of keys → a first manifest that declares it."""

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from keylint.manifest.discover import shown

from .check import Moment
from .fresh import STDOUT, deliver, expect_room
from .live_options import Looking, live_options
from .stream import Broken, complain, talk

if TYPE_CHECKING:
    from keylint.evidence.model import Evidence
    from keylint.review.imported import Imported

EXIT_UNKNOWN = 3
MAX_FILES = 10_000
FEW = 5

_ID = re.compile("[a-z0-9][a-z0-9-]{0,62}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_LOOKS_LIKE_A_KEY = re.compile(r"[A-Za-z0-9]{60}")
_API_KEY = ".api-key"


@click.command("import")
@click.option(
    "-o", "--output", default="keylint.toml", show_default=True, metavar="FILE", help="What to write; - prints it."
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@click.option("--live", is_flag=True, help="Ask Binance, with the keys that --key and --secrets-dir name.")
@click.option(
    "--evidence", "evidence_files", multiple=True, metavar="FILE", help="Take what `keylint observe` has written."
)
@click.option(
    "--key", "keys", multiple=True, metavar="ID", help="Ask with this key; its credentials are named after ID."
)
@click.option("--inventory", metavar="ID", help="The key among them with which a master's sub-accounts are listed.")
@click.option("--sub-account", "emails", multiple=True, metavar="EMAIL", help="List the keys of this sub-account too.")
@live_options
@click.option("--as-of", type=Moment(), help="The moment at which evidence is judged, or the sandbox stands.")
def command(  # noqa: PLR0913 - one parameter an option
    *,
    output: str,
    force: bool,
    live: bool,
    evidence_files: tuple[str, ...],
    keys: tuple[str, ...],
    inventory: str | None,
    emails: tuple[str, ...],
    looking: Looking,
    as_of: datetime | None,
) -> int:
    """Write a manifest that declares what Binance says of keys.

    It is taken from --evidence files, or asked for with --live (or --sandbox, --endpoint). Nobody has a manifest then
    that would name the keys: --key does, and so do the files ID.api-key under --secrets-dir; of a sandbox all keys are
    taken. ID becomes the key's name in the manifest, and its credentials are those that `keylint observe` looks for.

    What Binance does not show (labels and trusted IPs of ordinary keys, who owns them, what they are for, second
    factors) is left to a person, at the places marked TODO. A key that did not answer becomes a comment that says why.

    Exit code: 0 everything answered, 2 usage or unreadable input, 3 something did not answer; the manifest is written
    all the same, unless nothing is known at all.
    """
    asking = live or looking.sandbox is not None or looking.endpoint is not None
    _expect_sense(
        looking,
        asking=asking,
        evidence=bool(evidence_files),
        named=bool(keys or inventory or emails),
        listing=bool(inventory),
    )
    expect_room(output, force=force)
    subs = _sub_accounts(emails, inventory)
    ids = _ids(keys, inventory, looking) if asking else ()
    # Whoever is asked lives after the options have been looked at: heavy, and for this command alone.
    from keylint.manifest.load import load  # noqa: PLC0415
    from keylint.review.imported import imported  # noqa: PLC0415

    from .seeing import seen  # noqa: PLC0415

    source = load("import", _to_ask(ids, inventory, subs))
    evidence = seen([source], evidence_files, looking, asking=asking, as_of=as_of)
    result = imported(
        evidence, as_of or max([datetime.now(UTC), *(it.finished for it in evidence if not it.name)]), subs
    )
    for subject, why in result.unknown:
        complain(f"{subject}: {why}")
    for said in (*result.gone, *(remark for each in evidence for remark in each.remarks)):
        complain(said)
    if not result.keys:
        complain("nothing is known of any key, so that no manifest was written")
        return EXIT_UNKNOWN
    deliver(output, result.text, force=force)
    _sum_up(result, evidence, output, evidence_files)
    return EXIT_UNKNOWN if result.unknown else 0


def _expect_sense(looking: Looking, *, asking: bool, evidence: bool, named: bool, listing: bool) -> None:
    """Raise Broken where the options do not say from what to write a manifest."""
    if not asking and (named or looking != Looking()):
        message = "nobody is asked, and an option says whom or how to ask; add --live, --sandbox or --endpoint"
        raise Broken(message)
    if not asking and not evidence:
        message = (
            "there is nothing to write a manifest from: add --evidence FILE, or --live with --key or --secrets-dir; "
            "`keylint init` writes a first manifest without asking Binance"
        )
        raise Broken(message)
    if looking.activity:
        message = "--activity asks for what no manifest declares; leave it out"
        raise Broken(message)
    if looking.keys_only and listing:
        message = "--keys-only asks nothing about accounts, and --inventory does; leave one out"
        raise Broken(message)


def _sub_accounts(emails: Sequence[str], inventory: str | None) -> dict[str, str]:
    """The e-mail address of each sub-account to list, by an id made from it. Raises Broken."""
    from keylint.review.holdings import MAIN, slug, unused  # noqa: PLC0415 - as above

    if emails and inventory is None:
        message = "--sub-account needs the master's key that lists it: name it with --inventory"
        raise Broken(message)
    found: dict[str, str] = {}
    for email in dict.fromkeys(it.strip().lower() for it in emails):
        if not _EMAIL.fullmatch(email):
            message = f"--sub-account {email}: is no e-mail address"
            raise Broken(message)
        found[unused(slug(email.partition("@")[0], "sub-account"), {MAIN, *found})] = email
    return found


def _ids(named: Sequence[str], inventory: str | None, looking: Looking) -> tuple[str, ...]:
    """The ids of the keys to ask about. Raises Broken."""
    given = [*named, *([inventory] if inventory is not None else [])]
    for each in given:
        if _LOOKS_LIKE_A_KEY.search(each):
            message = (
                "an option looks like an API key, which every program on this machine can read in a command line; name "
                "the key as you like, and give its credentials as `keylint observe --help` says"
            )
            raise Broken(message)
        if not _ID.fullmatch(each):
            message = f"{each!r} cannot name a key: lower-case letters, digits and hyphens, at most 63"
            raise Broken(message)
    if looking.sandbox is None:
        ids = _of_folder(looking.secrets_dir or os.environ.get("CREDENTIALS_DIRECTORY"))
    else:
        ids = [] if given else _of_sandbox(looking.sandbox)
    found = tuple(dict.fromkeys([*given, *ids]))
    if not found:
        message = "no key is named: add --key ID, or --secrets-dir with files called ID.api-key"
        raise Broken(message)
    return found


def _of_sandbox(path: str) -> list[str]:
    from .looking import read_state  # noqa: PLC0415 - as above

    return list(read_state(path).keys)


def _of_folder(path: str | None) -> list[str]:
    """The ids of the keys whose API keys lie in a folder; what is wrong with the folder is said by who reads them."""
    if path is None:
        return []
    try:
        names = sorted(os.listdir(path))
    except (OSError, ValueError):
        return []
    ids = [name.removesuffix(_API_KEY) for name in names if name.endswith(_API_KEY)]
    odd = [each for each in ids if not _ID.fullmatch(each)]
    if odd:
        what = "1 file in the folder is" if len(odd) == 1 else f"{len(odd):,} files in the folder are"
        complain(f"{what} called by no name that a key can have, and left out")
    found = [each for each in ids if each not in odd]
    if len(found) > MAX_FILES:
        message = f"the folder holds {len(found):,} API keys; name those that are meant with --key"
        raise Broken(message)
    return found


def _to_ask(ids: Sequence[str], inventory: str | None, subs: Mapping[str, str]) -> bytes:
    """The manifest by which to ask about these keys: what it says of them beyond their names plays no part."""
    import tomli_w  # noqa: PLC0415 - as above

    from keylint.review.holdings import MAIN, UNDATED  # noqa: PLC0415

    due = {"account": MAIN, "type": "hmac", "permissions": ["read"], "created": UNDATED}
    keys = {each: due | ({"role": "inventory"} if each == inventory else {}) for each in ids}
    accounts: dict[str, dict[str, str]] = {MAIN: {}}
    accounts |= {name: {"master": MAIN, "email": email} for name, email in subs.items()}
    return tomli_w.dumps({"version": 1, "accounts": accounts, "keys": keys}).encode()


def _sum_up(result: "Imported", evidence: "Sequence[Evidence]", output: str, files: Sequence[str]) -> None:
    """Say what was written, what is left to do, and with which command to go on."""
    counts = ((result.accounts, "account"), (result.bots, "bot"), (result.keys, "key"))
    what = ", ".join(f"{count:,} {name}{'' if count == 1 else 's'}" for count, name in counts)
    who = ", as the sandbox has them and not Binance" if any(it.source == "sandbox" for it in evidence) else ""
    name = "standard output" if output == STDOUT else shown(output)
    unknown = len({subject for subject, _ in result.unknown})
    about = f"; {unknown:,} did not say all" if unknown else ""
    talk(f"{what} written to {name}{who}{about}\n")
    talk(f"{result.to_decide:,} places are marked TODO: Binance does not show what belongs there\n")
    if output != STDOUT:
        judged = " ".join(f"--evidence {shlex.quote(each)}" for each in files)
        talk(f"next: fill them in, then keylint check {shlex.quote(name)} {judged}".rstrip() + "\n")
