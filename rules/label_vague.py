"""KL205 label-vague."""

from keylint.api import BOTH_SIDES, NOT_APPLICABLE, Context, Finding, Key, KeyRule, NotApplicable, Severity, Side

WORDS = (
    "abc access account api apikey app asdf automation binance binanceapi binancebot binancekey bot bots client copy "
    "default demo dev ed exchange foo bar baz general generic hmac key keys label live main misc my myapi myapikey "
    "mybot mykey name new newapi newbot newkey no none null number old other prod production program qwerty random rsa "
    "sample script secret software something stuff system temp temporary test testapi testbot tester testing testkey "
    "tests the thing tmp todo token tool unknown unnamed untitled user xyz"
)
# Digits and signs count for nothing, and a letter that stands alone counts for as little.
NOTHING = frozenset(WORDS.split()) | frozenset("abcdefghijklmnopqrstuvwxyz")


def check(key: Key, _ctx: Context) -> Finding | NotApplicable | None:
    """A key bears a label with at least one word that says what it is for."""
    label = key.label
    if label is None:
        if key.side is Side.LIVE:
            return NOT_APPLICABLE  # Binance shows no label of an ordinary key
        message = "has no label"
    else:
        for word in label.lower().replace("-", " ").replace("_", " ").split():
            if word not in NOTHING and word.isalpha():
                return None
        letters = "".join(letter if letter.isalpha() else " " for letter in label.lower())
        if not NOTHING.issuperset(letters.split()):
            return None
        message = f'has the label "{label}", which does not say what it is for' if label else "has no label"
    return Finding(
        key.at("label"), message, 'name who uses it and what for, as in "fastbot-spot-dca", in API Management and here'
    )


RULE = KeyRule(
    code="KL205",
    name="label-vague",
    summary="The key has no label, or one that says nothing",
    severity=Severity.WARNING,
    check=check,
    sides=BOTH_SIDES,
)
