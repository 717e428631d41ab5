"""The command line: `roboschool race`, `list`, `check` and `bench`."""
