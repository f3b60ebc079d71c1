"""Credentials → signed requests → answers: the only part of keylint that opens a client socket."""
