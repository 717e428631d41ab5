"""Ctrl-C reaches the tests and what they start, also where a shell has put them in the background."""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
