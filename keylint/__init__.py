"""keylint: a linter for the API keys of trading bots."""

__version__ = "0.1.0"
