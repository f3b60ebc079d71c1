"""The id of a key → its credentials, from where their names are derived from the id; a manifest names none.

For the key `grid`: KEYLINT_GRID_API_KEY with KEYLINT_GRID_API_SECRET (HMAC), or with KEYLINT_GRID_PRIVATE_KEY_FILE or
KEYLINT_GRID_PRIVATE_KEY (PKCS#8 PEM) and KEYLINT_GRID_PASSPHRASE; else the files `grid.api-key`, `grid.secret`,
`grid.pem`, `grid.passphrase` under `--secrets-dir` or $CREDENTIALS_DIRECTORY; else the keyring. Each part is taken from
the first place that has it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from .secret import Secret, fingerprint
from .secret_files import Folder, Unfit, read_named
from .signing import BadKey, Signer, encrypted, hmac_signer, pem_signer

API_KEY: Final = "api-key"
SECRET: Final = "secret"  # noqa: S105 - the name of a part, not a part
PEM: Final = "pem"
PASSPHRASE: Final = "passphrase"  # noqa: S105 - as above
PARTS: Final = {API_KEY: "API_KEY", SECRET: "API_SECRET", PEM: "PRIVATE_KEY", PASSPHRASE: "PASSPHRASE"}
"""What makes up credentials: the end of a file's name and of a variable's."""
SERVICE: Final = "keylint"
"""The name under which a keyring keeps them; the user names are those of the files."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_WORD = re.compile(r"[A-Za-z0-9]{16,128}")
"""An API key or an HMAC secret: 64 letters and digits, in Binance's documentation 62 to 64."""
_LONGEST: Final = 8_192


class Credentials(NamedTuple):
    """What signs for one key."""

    id: str
    api_key: Secret
    signer: Signer
    fingerprint: str


class Missing(NamedTuple):
    """Something that is not there, and what would supply it."""

    id: str
    message: str


class Unusable(NamedTuple):
    """Something that is there and cannot be used, and what to do about it."""

    id: str
    message: str


class SharedSecret(Exception):  # noqa: N818 - it is said to the user as it is
    """One API key or one secret for two ids, so that one of them would be asked in the name of the other."""


class BadPlace(Exception):  # noqa: N818 - it is said to the user as it is
    """A place to look for credentials that was named on the command line and cannot be looked into."""


class _Problem(Exception):  # noqa: N818 - becomes Unusable
    """Why a part that is there cannot be used."""


Place = Callable[[str, str], Secret | None]
"""(id, part) → the part, None where it is not there. Raises _Problem."""


def find(
    ids: Sequence[str], environ: Mapping[str, str], secrets_dir: str | None, *, keyring: bool = False
) -> Mapping[str, Credentials | Missing | Unusable]:
    """The credentials of each of `ids`, in their order.

    Raises SharedSecret where two ids have one API key or one secret, and BadPlace where `secrets_dir` is no folder or
    there is no keyring; nothing has been sent then.
    """
    places = _places(environ, secrets_dir, keyring=keyring)
    found: dict[str, Credentials | Missing | Unusable] = {}
    owners: dict[object, tuple[str, str]] = {}
    for key_id in dict.fromkeys(ids):
        try:
            parts = _parts(key_id, places)
            _unshared(owners, key_id, [(it, it.origin) for it in (parts.get(API_KEY), parts.get(SECRET)) if it])
            found[key_id] = result = _assembled(key_id, parts)
            if isinstance(result, Credentials):
                _unshared(owners, key_id, [(result.signer.identity, result.signer.origin)])
        except _Problem as problem:
            found[key_id] = Unusable(key_id, str(problem))
    return found


def find_api_keys(
    ids: Sequence[str], environ: Mapping[str, str], secrets_dir: str | None, *, keyring: bool = False
) -> Mapping[str, Secret | Missing | Unusable]:
    """The API key of each of `ids`, without a look at what signs for it. Raises BadPlace."""
    places = _places(environ, secrets_dir, keyring=keyring)
    found: dict[str, Secret | Missing | Unusable] = {}
    for key_id in dict.fromkeys(ids):
        try:
            api_key = _parts(key_id, places, (API_KEY,)).get(API_KEY)
            how = f"set {variable(key_id, API_KEY)}, or put {key_id}.{API_KEY} into --secrets-dir"
            found[key_id] = api_key or Missing(key_id, f"no API key: {how}")
        except _Problem as problem:
            found[key_id] = Unusable(key_id, str(problem))
    return found


def variable(key_id: str, part: str) -> str:
    """The name of the variable that holds a part; ids and names are in step, one for one."""
    return f"KEYLINT_{key_id.upper().replace('-', '_')}_{PARTS[part]}"


def word(text: str, origin: str) -> Secret:
    """`text` as an API key or an HMAC secret, less the line end after it. Raises ValueError, which does not show it."""
    stripped = _unterminated(text)
    if not stripped:
        msg = f"{origin} is empty"
    elif "-----BEGIN " in stripped:
        msg = f"{origin} holds a PEM, where letters and digits belong; a private key goes to …_PRIVATE_KEY or ….{PEM}"
    elif re.fullmatch(r"[A-Za-z0-9]*", stripped):
        msg = f"{origin} has {len(stripped)} letters and digits; Binance's have 64"
    else:
        msg = f"{origin} holds more than letters and digits: quotes, spaces, or several lines?"
    if _WORD.fullmatch(stripped):
        return Secret(stripped, origin)
    raise ValueError(msg)


def _places(environ: Mapping[str, str], secrets_dir: str | None, *, keyring: bool) -> tuple[Place, ...]:
    """Where to look, in order. Raises BadPlace."""
    places: list[Place] = [_environment(environ)]
    problem = None
    if secrets_dir is not None:
        try:
            places.append(_files(Folder(secrets_dir)))
        except Unfit as unfit:
            problem = f"the folder of --secrets-dir {unfit}"
    elif ambient := environ.get("CREDENTIALS_DIRECTORY"):
        try:
            places.append(_files(Folder(ambient)))
        except Unfit as unfit:
            # Nobody named it on the command line, and it may be left over from a service: said where it is missed.
            places.append(_broken(f"the folder of $CREDENTIALS_DIRECTORY {unfit}"))
    if problem is not None:
        raise BadPlace(problem)
    if keyring:
        places.append(_keyring())
    return tuple(places)


def _environment(environ: Mapping[str, str]) -> Place:
    def look(key_id: str, part: str) -> Secret | None:
        name = variable(key_id, part)
        # What a workflow passes on without having it arrives empty.
        here = Secret(environ[name], name) if environ.get(name) else None
        if part != PEM:
            return here
        file = f"{name}_FILE"
        if not environ.get(file):
            return here
        if here is not None:
            msg = f"both {name} and {file} are set; unset one"
            raise _Problem(msg)
        if "-----BEGIN " in environ[file]:
            msg = f"{file} holds a key, where the name of a file belongs; {name} takes the key itself"
            raise _Problem(msg)
        return _read(f"the file that {file} names", lambda: read_named(environ[file]))

    return look


def _files(folder: Folder) -> Place:
    return lambda key_id, part: _read(f"{key_id}.{part}", lambda: folder.read(f"{key_id}.{part}"))


def _read(origin: str, read: Callable[[], str | None]) -> Secret | None:
    try:
        text = read()
    except Unfit as unfit:
        msg = f"{origin} {unfit}"
    else:
        return None if text is None else Secret(text, origin)
    raise _Problem(msg)


def _broken(problem: str) -> Place:
    def look(_key_id: str, part: str) -> Secret | None:
        if part == API_KEY:  # without one there is nothing to look for; the others are missed beside it
            raise _Problem(problem)
        return None

    return look


def _keyring() -> Place:
    """The keyring of this machine. Raises BadPlace where none can be used."""
    try:
        import keyring.backends.fail  # noqa: PLC0415 - an extra, and imported only where it is asked for
    except ImportError:
        msg = "--keyring needs the package keyring; `pip install 'keylint[keyring]'` brings it"
        raise BadPlace(msg) from None
    if isinstance(keyring.get_keyring(), keyring.backends.fail.Keyring):
        msg = "--keyring finds no keyring on this machine; `keyring diagnose` says what it looked for"
        raise BadPlace(msg)

    def look(key_id: str, part: str) -> Secret | None:
        origin, kind = f"{key_id}.{part} in the keyring", ""
        try:
            text = keyring.get_password(SERVICE, f"{key_id}.{part}")
        except Exception as error:  # noqa: BLE001 - whatever a backend raises, the part is unusable
            kind = type(error).__name__
        else:
            return Secret(text, origin) if text else None
        msg = f"{origin} cannot be read ({kind}); is the keyring locked?"
        raise _Problem(msg)

    return look


def _parts(key_id: str, places: Sequence[Place], wanted: Sequence[str] = tuple(PARTS)) -> Mapping[str, Secret]:
    """The parts that are there, each from the first place that has it, in good form. Raises _Problem."""
    if not _ID.fullmatch(key_id):
        msg = "is no id: lower-case letters, digits and dashes, 63 at most"
        raise _Problem(msg)
    parts: dict[str, Secret] = {}
    problem = None
    for part in wanted:
        # Lazily: what the environment has is not looked for in a folder that cannot be read.
        raw = next((it for place in places if (it := place(key_id, part)) is not None), None)
        if raw is None:
            continue
        if len(raw.reveal()) > _LONGEST:
            problem = f"{raw.origin} is larger than {_LONGEST:,} characters, which no key is"
        elif part == PEM:
            parts[part] = raw
        elif part == PASSPHRASE:
            parts[part] = Secret(_unterminated(raw.reveal()), raw.origin)
        else:
            try:
                parts[part] = word(raw.reveal(), raw.origin)
            except ValueError as error:
                problem = str(error)
        if problem is not None:
            break
    if problem is not None:
        raise _Problem(problem)
    return parts


def _assembled(key_id: str, parts: Mapping[str, Secret]) -> Credentials | Missing | Unusable:
    api_key, secret, pem = parts.get(API_KEY), parts.get(SECRET), parts.get(PEM)
    if secret is not None and pem is not None:
        return Unusable(
            key_id,
            f"both {secret.origin} (HMAC) and {pem.origin} (Ed25519 or RSA) are there, and a key has one of them; "
            f"remove the one that Binance's page of the key does not name",
        )
    other = secret or pem
    if api_key is None or other is None:
        return Missing(key_id, _what_would_supply(key_id, api_key, other))
    if api_key == other:
        return Unusable(key_id, f"{api_key.origin} and {other.origin} hold the same text; one of them is the other's")
    if pem is not None and encrypted(pem) and PASSPHRASE not in parts:
        where = f"set {variable(key_id, PASSPHRASE)}, or put {key_id}.{PASSPHRASE} beside the file"
        return Unusable(key_id, f"{pem.origin} is encrypted, and its passphrase is not there; {where}")
    try:
        signer = hmac_signer(other) if pem is None else pem_signer(pem, parts.get(PASSPHRASE))
    except BadKey as bad:
        return Unusable(key_id, str(bad))
    return Credentials(key_id, api_key, signer, fingerprint(api_key.reveal()))


def _what_would_supply(key_id: str, api_key: Secret | None, other: Secret | None) -> str:
    names = {part: variable(key_id, part) for part in PARTS}
    signing = f"{names[SECRET]} (HMAC) or {names[PEM]}_FILE (Ed25519, RSA)"
    files = f"{key_id}.{SECRET} or {key_id}.{PEM}"
    if api_key is not None:
        return f"{api_key.origin} is there, and no secret beside it: set {signing}, or put {files} into --secrets-dir"
    if other is not None:
        how = f"set {names[API_KEY]}, or put {key_id}.{API_KEY} into --secrets-dir"
        return f"{other.origin} is there, and no API key beside it: {how}"
    return (
        f"no credentials: set {names[API_KEY]} and {signing}, or put {key_id}.{API_KEY} and {files} into --secrets-dir"
    )


def _unshared(owners: dict[object, tuple[str, str]], key_id: str, values: Sequence[tuple[Secret | bytes, str]]) -> None:
    """Note whose each of `values` is. Raises SharedSecret where one is another id's already."""
    for value, origin in values:
        owner, where = owners.setdefault(value, (key_id, origin))
        if owner != key_id:
            msg = (
                f"{owner} and {key_id} have one secret between them: {where} and {origin} are the same; give each key "
                "its own, or remove the one that is not its own. Nothing was sent"
            )
            raise SharedSecret(msg)


def _unterminated(text: str) -> str:
    """`text` without the line end that editors and `echo` put after it; one, and no more."""
    return re.sub(r"\r?\n\Z", "", text)
