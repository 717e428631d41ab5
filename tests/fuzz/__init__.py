"""A fuzzer of everything that reads files and messages: `make fuzz`, or `PYTHONPATH=tests python -m fuzz --help`."""
