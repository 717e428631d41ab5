"""The command line: one function for each command of `roboschool`. It may import every other room."""
