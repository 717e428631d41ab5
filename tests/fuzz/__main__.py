"""Runs the fuzzer: `python -m fuzz`; it exits with 1 if an input crashes, hangs, or raises what it should not."""

import argparse
import sys
from pathlib import Path

from fuzz.pool import Fuzzer
from fuzz.targets import TARGETS

parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
parser.add_argument("--minutes", type=float, default=10.0, help="to go on for, at least until --least is reached")
parser.add_argument("--least", type=int, default=1500, help="inputs of each format")
parser.add_argument("--seed", type=int, default=0, help="the same seed, the same inputs")
parser.add_argument("--children", type=int, default=2, help="processes that read")
parser.add_argument("--out", type=Path, default=Path("build/fuzz"), help="folder for the inputs that do harm")
parser.add_argument("--one", metavar="FORMAT:NUMBER", help="read this input only, in this process")
parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"all if none: {', '.join(TARGETS)}")
arguments = parser.parse_args()
if arguments.one:
    from fuzz.child import run_here

    sys.exit(run_here(arguments.one, arguments.seed))
chosen = arguments.formats or list(TARGETS)
fuzzer = Fuzzer(chosen, arguments.seed, arguments.children, arguments.out)
fuzzer.run(60.0 * arguments.minutes, arguments.least)
print(fuzzer.table())
sys.exit(bool(fuzzer.harmful))
