"""Kinds of motors, one file each: `position.py` holds `Position`. It imports `mdp` and `robots`."""
