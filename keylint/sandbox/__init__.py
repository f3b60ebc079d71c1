"""keylint's own stand-in for Binance: a state file → the answers that Binance would give, on loopback, and faults."""
