"""A person's answers → the commented first manifest of one bot and its key: the everyday case."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from keylint.manifest.addresses import network
from keylint.manifest.permissions import KINDS, PERMISSION, ordered

from .draft import ATTESTED, MOST_LABEL, SCHEMA, TODO, Blank, Field, Line, Remark, document, fits, table

LATER: Final = "later"
NONE: Final = "none"
OURSELVES: Final = "us"
TYPES: Final = ("ed25519", "rsa", "hmac")
SAFE: Final = (
    *("secret-manager", "encrypted-env", "systemd-credential", "hsm", "password-manager", "platform", "env-file"),
)
UNSAFE: Final = (*("plaintext-file", "git", "chat", "email", "spreadsheet", "notes", "screenshot", "frontend", "logs"),)

_ID = re.compile("[a-z0-9][a-z0-9-]{0,62}")


class Unsuitable(ValueError):  # noqa: N818 - it is said to the user as it is
    """Why an answer cannot be taken; it is not quoted, because it may be anything."""


class Answers(NamedTuple):
    """What somebody said. None: nobody has said yet."""

    bot: str = "my-bot"
    kinds: tuple[str, ...] = ("spot",)
    needs: tuple[str, ...] = ()
    platform: str | None = None
    """Who runs the bot, where it is somebody else."""
    egress_ips: tuple[str, ...] | None = None
    """() where it has no fixed address."""
    label: str | None = None
    type: str = "ed25519"
    ip_allowlist: tuple[str, ...] | None = None
    created: date | None = None
    custody: str | None = None

    @property
    def has_key(self) -> bool:
        """Whether such a bot holds a key."""
        return any(KINDS[kind].uses_key for kind in self.kinds)

    @property
    def permissions(self) -> tuple[str, ...]:
        """What its key must be able to do."""
        return ordered(frozenset(self.needs).union(*(KINDS[kind].needs for kind in self.kinds)))


class Question(NamedTuple):
    """One question: what to say, the answer that is offered, and what an answer makes of those before it."""

    text: str
    hint: str
    """Which answers there are, or what one means."""
    offered: Callable[[Answers], str]
    taken: Callable[[Answers, str], Answers]
    """Raises Unsuitable."""
    due: Callable[[Answers], bool] = lambda _: True


def _one_of(words: Sequence[str]) -> Callable[[str], str]:
    def understand(said: str) -> str:
        if said.lower() not in words:
            message = f"one of {', '.join(words)}"
            raise Unsuitable(message)
        return said.lower()

    return understand


def _some_of(words: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    one = _one_of(words)
    return lambda said: tuple(dict.fromkeys(map(one, _split(said) or [""])))


def _split(said: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", said) if word]


def _id(said: str) -> str:
    if not _ID.fullmatch(said):
        message = "lower-case letters, digits and hyphens, at most 63, such as btc-grid"
        raise Unsuitable(message)
    return said


def _platform(said: str) -> str | None:
    return None if said.lower() == OURSELVES else _id(said)


def _addresses(said: str) -> tuple[str, ...] | None:
    words = _split(said.lower())
    if words == [LATER]:
        return None
    if words == [NONE]:
        return ()
    if not words or any(network(word) is None for word in words):
        message = f"addresses or networks such as 203.0.113.20 or 198.51.100.0/28, or {NONE}, or {LATER}"
        raise Unsuitable(message)
    return tuple(dict.fromkeys(words))


def _label(said: str) -> str:
    if not fits(said, MOST_LABEL):
        message = f"a text of at most {MOST_LABEL} characters, and no secret: a manifest holds none"
        raise Unsuitable(message)
    return said


def _day(said: str, today: date) -> date:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        message = f"a day such as {today}"
    else:
        if day <= today:
            return day
        message = f"a day until today, {today}"
    raise Unsuitable(message)


def questions(today: date) -> tuple[Question, ...]:
    """What is asked, in this order; `today` is offered as the day on which the key was made."""
    kinds, permissions = _some_of(tuple(KINDS)), _some_of(tuple(PERMISSION))
    type_, custody = _one_of(TYPES), _one_of((*SAFE, *UNSAFE))
    return (
        Question(
            "What is the bot called?",
            "a name for this file, such as btc-grid",
            lambda it: it.bot,
            lambda it, said: it._replace(bot=_id(said)),
        ),
        Question(
            "What does it do?",
            f"one or several of {', '.join(KINDS)}",
            lambda it: ", ".join(it.kinds),
            lambda it, said: it._replace(kinds=kinds(said)),
        ),
        Question(
            "What must its key be able to do?",
            f"some of {', '.join(PERMISSION)}",
            lambda _: "read",
            lambda it, said: it._replace(needs=permissions(said)),
            lambda it: "custom" in it.kinds,
        ),
        Question(
            "Who runs it?",
            f"{OURSELVES}: on a machine of your own; else the name of the platform",
            lambda _: OURSELVES,
            lambda it, said: it._replace(platform=_platform(said)),
            _has_key,
        ),
        Question(
            "From which addresses does it call Binance?",
            f"such as 203.0.113.20; {NONE}: it has no fixed ones; {LATER}: somebody will look",
            lambda _: LATER,
            lambda it, said: it._replace(egress_ips=_addresses(said)),
            _has_key,
        ),
        Question(
            "What is its key called?",
            "its label in API Management",
            lambda it: f"{it.bot}-{it.kinds[0]}",
            lambda it, said: it._replace(label=_label(said)),
            _has_key,
        ),
        Question(
            "What type is the key?",
            f"one of {', '.join(TYPES)}; hmac is the one whose secret Binance showed you",
            lambda it: it.type,
            lambda it, said: it._replace(type=type_(said)),
            _has_key,
        ),
        Question(
            "Which trusted IPs does the key have?",
            f"as API Management lists them; {NONE}: unrestricted; {LATER}: somebody will look",
            lambda it: ", ".join(it.egress_ips) if it.egress_ips else LATER,
            lambda it, said: it._replace(ip_allowlist=_addresses(said)),
            _has_key,
        ),
        Question(
            "On which day was it created?",
            "as API Management shows it",
            lambda _: f"{today}",
            lambda it, said: it._replace(created=_day(said, today)),
            _has_key,
        ),
        Question(
            "Where does its secret lie?",
            f"one of {', '.join(SAFE)}; or, worse, {', '.join(UNSAFE)}",
            lambda it: "env-file" if it.platform is None else "platform",
            lambda it, said: it._replace(custody=custody(said)),
            _has_key,
        ),
    )


def _has_key(answers: Answers) -> bool:
    return answers.has_key


def with_answer(answers: Answers, question: Question, said: str) -> Answers:
    """`answers` and one more; an empty one is the one that is offered. Raises Unsuitable."""
    return question.taken(answers, said.strip() or question.offered(answers))


def first(answers: Answers, today: date, *, asked: bool) -> str:
    """The manifest that says what `answers` say. `asked`: a person gave them; else what they offer is marked."""
    mark = "" if asked else f"{TODO}: "
    how = (
        f"A first manifest: one bot{' and the key that it holds' if answers.has_key else ''}. It holds no secret. "
        f"Where {TODO} stands, somebody has to decide or to look something up. `keylint check` judges it; "
        f"`keylint schema manifest > {SCHEMA}` helps editors."
    )
    tables = [table("accounts", "main", ATTESTED)]
    if answers.platform is not None:
        tables.append(_platform_table(answers))
    tables.append(table("bots", answers.bot, _bot(answers, mark)))
    if answers.has_key:
        tables.append(table("keys", answers.bot, _key(answers, today, mark)))
    return document([how], tables)


def _platform_table(answers: Answers) -> str:
    lines: list[Line] = [Blank("url", '"https://"')]
    lines.append(_addresses_of(answers, "egress_ips", "", "the addresses that it publishes"))
    lines += [
        Blank("asks_for", '["read"]', "the permissions that it asks for"),
        Blank("rejects_withdrawals", "", "whether it refuses a key that can withdraw: true or false"),
        Blank("changelog", '"https://"'),
        Blank("storage", '""', "what it says of how it stores keys"),
        Blank("reviewed", "YYYY-MM-DD", "the day on which somebody last vetted it"),
    ]
    return table("providers", answers.platform or "", lines)


def _bot(answers: Answers, mark: str) -> Iterator[Line]:
    kinds = answers.kinds[0] if len(answers.kinds) == 1 else answers.kinds
    yield Field("kind", kinds, f"{mark}{', '.join(KINDS)}")
    if answers.needs:
        yield Field("needs", answers.needs)
        yield Blank("because", '""', f"{TODO}: why it needs them")
    if answers.platform is not None:
        yield Field("provider", answers.platform)
    elif answers.has_key and answers.egress_ips == ():
        yield Field("static_ip", value=False, note="it has no fixed address")
    elif answers.has_key:
        yield _addresses_of(answers, "egress_ips", mark, "where it calls Binance from")
    yield Blank("purpose", '""', "what it is for")
    yield Blank("owner", '""', "if it is another than its account's")


def _addresses_of(answers: Answers, field: str, mark: str, note: str) -> Line:
    said: Sequence[str] | None = getattr(answers, field)
    return Field(field, said, f"{mark}{note}") if said else Blank(field, '[""]', f"{TODO}: {note}")


def _key(answers: Answers, today: date, mark: str) -> Iterator[Line]:
    yield Field("bot", answers.bot)
    if answers.label is None:
        yield Blank("label", '""', f"{TODO}: as it stands in API Management")
    else:
        yield Field("label", answers.label, "as it stands in API Management")
    yield Field("type", answers.type, f"{mark}{', '.join(TYPES)}")
    yield Field(
        "permissions", answers.permissions, f"{mark}what such a bot needs; are these boxes ticked, and no others?"
    )
    if answers.ip_allowlist == ():
        yield Remark("No ip_allowlist: any address may use it.")
    else:
        yield _addresses_of(answers, "ip_allowlist", mark, "its trusted IPs in API Management")
    yield Field("created", answers.created or today, f"{mark}the day on which it was created")
    if answers.custody is None:
        yield Blank("custody", '""', f"{TODO}: where the secret lies ({', '.join(SAFE[:4])} …)")
    else:
        yield Field("custody", answers.custody, "where the secret lies")
    yield Blank("fingerprint", '""', f"`keylint fingerprint {answers.bot}` prints it")
