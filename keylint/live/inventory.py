"""A master's own key → its sub-accounts, and the keys that each of them has, page by page."""

from collections.abc import Generator

from keylint.evidence.model import KeyFacts, ListedKey, ListedKeys, SubAccount, SubAccounts

from .account_answers import SUB_ACCOUNTS_PAGE, sub_accounts
from .asking import Request, understood
from .credentials import Credentials
from .endpoints import SUB_ACCOUNT_KEY_IPS, SUB_ACCOUNT_KEYS, SUB_ACCOUNTS
from .failure import Failure
from .key_answers import PAGE, Row, keys_page, restriction, with_addresses, without_addresses
from .reading import malformed

MAX_PAGES = 50
"""Ten thousand sub-accounts: a list that goes on behind them does not end."""
MAX_KEY_PAGES = 10
"""A thousand keys of one sub-account, which may have 30."""


def all_sub_accounts(credentials: Credentials) -> Generator[Request, object, SubAccounts]:
    """Every sub-account of the master that `credentials` belong to. Raises Failure where the list is not whole."""
    found: dict[str, SubAccount] = {}
    for page in range(1, MAX_PAGES + 1):
        answer = yield Request(SUB_ACCOUNTS, credentials, {"page": str(page)})
        listed = understood(answer, sub_accounts)
        before = len(found)
        found.update((each.email_hash, each) for each in listed)
        if len(found) < before + len(listed):
            raise malformed(SUB_ACCOUNTS, "it lists a sub-account twice, so that the list is not whole")
        if len(listed) < SUB_ACCOUNTS_PAGE:
            return SubAccounts(tuple(found.values()))
    raise malformed(SUB_ACCOUNTS, f"the list does not end after {MAX_PAGES} pages")


def all_keys(credentials: Credentials, email: str) -> Generator[Request, object, ListedKeys]:
    """Every key of the sub-account with `email`, asked for with its master's key. Raises Failure as above.

    The addresses of a key that were asked for and not answered are in doubt; the key is known all the same.
    """
    found: dict[str, Row] = {}
    total = 0
    for page in range(1, MAX_KEY_PAGES + 1):
        answer = yield Request(SUB_ACCOUNT_KEYS, credentials, {"email": email, "page": str(page)})
        total, rows = understood(answer, lambda it: keys_page(it, email))
        before = len(found)
        found.update((row.fingerprint, row) for row in rows)
        if len(found) < before + len(rows):
            raise malformed(SUB_ACCOUNT_KEYS, "it lists a key twice, so that the list is not whole")
        if len(rows) < PAGE or len(found) >= total:
            break
    if len(found) != total:
        wrong = f"the list is not whole: it has {len(found)} keys, and says that there are {total}"
        raise malformed(SUB_ACCOUNT_KEYS, wrong)
    listed = []
    for row in found.values():
        facts = yield from _with_addresses(credentials, email, row)
        listed.append(ListedKey(row.fingerprint, facts))
    return ListedKeys(tuple(listed))


def _with_addresses(credentials: Credentials, email: str, row: Row) -> Generator[Request, object, KeyFacts]:
    try:
        answer = yield Request(SUB_ACCOUNT_KEY_IPS, credentials, {"email": email, "subAccountApiKey": row.api_key})
        return with_addresses(row.facts, understood(answer, lambda it: restriction(it, row.api_key)))
    except Failure as failure:
        return without_addresses(row.facts, failure.outcome)
