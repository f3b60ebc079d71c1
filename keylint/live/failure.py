"""What kept a request from being answered → an outcome and a message in our own words."""

from typing import Final

from keylint.evidence.model import OUTCOMES, UNREACHABLE


class Failure(Exception):  # noqa: N818 - an outcome, which observers take as such
    """A request that brought no answer to use.

    Made of a kind, a host and a code; nothing in it comes from a library's error or from an answer's text, which may
    hold a signed address or a key.
    """

    def __init__(self, outcome: str, message: str, code: int | None = None) -> None:
        if outcome not in OUTCOMES:
            msg = f"{outcome!r} is no outcome"
            raise ValueError(msg)
        super().__init__(outcome, message, code)
        self.outcome: Final = outcome
        """One of keylint.evidence.model.OUTCOMES."""
        self.message: Final = message
        self.code: Final = code
        """Binance's code, such as -2015, where it gave one."""

    def __str__(self) -> str:
        return self.message


def over_time(host: str, seconds: float) -> Failure:
    """The failure of a request that had `seconds`, and needed more."""
    return Failure(UNREACHABLE, f"{host} gave no whole answer within {seconds:g} seconds")
