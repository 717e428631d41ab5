"""Ctrl-C reaches the tests and what they start, also where a shell has put them in the background.

The tests leave the user's cache of robots alone.
"""

import os
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["ROBOSCHOOL_CACHE"] = "0"
