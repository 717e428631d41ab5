"""A process that reads damaged inputs, one after the other."""

import os
import random
import tempfile
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from fuzz.targets import TARGETS

REFUSED, ACCEPTED, FOREIGN = "refused", "accepted", "foreign"  # what became of an input


def make_input(name: str, seed: int, number: int) -> bytes:
    """Return an input of a format; the same arguments, the same input."""
    target = TARGETS[name]
    rng = random.Random(f"{seed} {name} {number}")
    seeds = target.seeds()
    if number < len(seeds):
        return seeds[number]  # undamaged: it must be accepted
    return target.damage(rng, rng.choice(seeds), rng.choice(seeds))


def read(name: str, data: bytes) -> tuple[str, str]:
    """Read an input and use what it holds; return what became of it, and the traceback of what should not be raised."""
    target = TARGETS[name]
    try:
        with tempfile.TemporaryDirectory(prefix="fuzz_", ignore_cleanup_errors=True) as folder:
            target.drive(data, Path(folder))
    except target.refusals:
        return REFUSED, ""
    except BaseException:
        return FOREIGN, traceback.format_exc()
    return ACCEPTED, ""


def work(line: int, seed: int) -> None:
    """Read the inputs that are asked for until the parent is gone: the process's end of the line."""
    parent = Connection(line)
    parent.send("ready")
    while True:
        try:
            name, number = parent.recv()
        except (EOFError, ConnectionResetError):
            return
        parent.send(read(name, make_input(name, seed, number)))


def run_here(written: str, seed: int) -> int:
    """Read one input in this process, and print what became of it; return the exit code."""
    name, _, number = written.partition(":")
    data = make_input(name, seed, int(number))
    os.write(1, data[:2000] + b"\n")
    became, trace = read(name, data)
    print(f"{became}\n{trace}")
    return became == FOREIGN
