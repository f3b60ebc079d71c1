"""What Binance said, as frozen values: read from a file or asked for by `keylint.live`, judged by the rules."""
