"""The errors of the package, and the texts of their messages."""

import difflib
import os
import site
import sys
import traceback
from collections.abc import Iterable, Sequence
from itertools import islice
from numbers import Real
from pathlib import Path
from typing import Any

LONGEST_NAME = 255  # letters of a name that a message repeats; a file's name has no more bytes
LONGEST_MESSAGE = 2000  # letters
MOST_NAMES = 20  # in one message
MOST_FAULTS = 10  # in one message
MOST_KEPT = 1000  # beside a message
ALIKE = 0.65  # how alike a name must be to be meant, from 0 to 1
INSTALLED = (sys.prefix, sys.base_prefix, site.getusersitepackages())  # folders of installed packages


class InvalidInput(ValueError):
    """Something given to Roboschool cannot be used; the message says what, where, and the nearest right name.

    The message is one printable line of moderate length, whatever names a file has put into it.

    Attributes:
        faults: of each fault a message of its own, if they are known; the message of the error has the first of them.
    """

    def __init__(self, message: str, faults: Iterable[str] = ()) -> None:
        super().__init__(one_line(message))
        self.faults = tuple(faults)


class Repairable(str):
    """The text of a fault that `roboschool new robot` repairs."""

    __slots__ = ()


class UnknownOption(InvalidInput, TypeError):
    """A keyword argument that the scene does not take; a `TypeError` with Python's words, which trainers probe for."""


def one_line(text: str, most: int = LONGEST_MESSAGE) -> str:
    """Return a text with everything that cannot be printed escaped, and its middle left out if it is long [letters]."""
    if len(text) > most:
        text = f"{text[: most // 2]} ... {text[-most // 2 :]}"
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def suggest(name: object, names: Iterable[object]) -> str:
    """Return the end of an error message: the name most like `name`, or all of them."""
    known = sorted(str(n) for n in names)
    close = difflib.get_close_matches(str(name)[:LONGEST_NAME], known, n=1, cutoff=ALIKE)
    if close:
        return f"; did you mean {close[0]!r}?"
    more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
    return f"; there is {', '.join(known[:MOST_NAMES])}{more}" if known else "; there is none"


def raise_faults(where: str, faults: Iterable[str]) -> None:
    """Raise an error that lists all faults, if there are any.

    Raises:
        InvalidInput: there is a fault; the message begins with `where`.
    """
    found = list(islice(faults, MOST_KEPT))
    if found:
        raise InvalidInput(describe_faults(where, found), [type(text)(f"{where}: {text}") for text in found])


def describe_faults(where: str, faults: Sequence[str]) -> str:
    """Return a message that lists the first faults; it begins with `where`."""
    if len(faults) == 1:
        return f"{where}: {faults[0]}"
    count = f"{len(faults)} faults" if len(faults) <= MOST_FAULTS else f"more than {MOST_FAULTS} faults"
    return f"{where}: {count}: {' '.join(f'({i}) {text}' for i, text in enumerate(faults[: MOST_FAULTS + 1], 1))}"


def check_choice(name: Any, names: Iterable[str], what: str, where: str = "") -> str:
    """Return `name` if it is one of `names`.

    Raises:
        InvalidInput: it is not; the message begins with `where` and ends with the nearest right name.
    """
    known = list(names)
    if isinstance(name, str) and name in known:
        return name
    raise InvalidInput(f"{where}{': ' if where else ''}{describe_unknown(name, known, what)}")


def describe_unknown(name: object, names: Iterable[str], what: str) -> str:
    """Return the text of an error about a name that is none of `names`, with the nearest right one."""
    return f"unknown {what} {name!r:.{LONGEST_NAME}}{suggest(name, names)}"


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Check that a number is within a range.

    Raises:
        InvalidInput: it is not.
    """
    if not isinstance(value, Real):
        raise InvalidInput(f"{name}: {value!r:.80} is not a number")
    if not low <= value <= high:
        raise InvalidInput(f"{name}: {value} is not within {low:g} and {high:g}")


def error_location(error: BaseException) -> str:
    """Return where in a user's code an error was raised: "game.py, line 3, in judge"; empty if only in ours.

    Installed packages and Python's own modules are not a user's code.
    """
    others = [f"{folder}{os.sep}" for folder in (Path(__file__).parent, *INSTALLED)]
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith((*others, "<"))]
    return f"{own[-1].filename}, line {own[-1].lineno}, in {own[-1].name}" if own else ""


def describe_error(error: BaseException) -> str:
    """Return an error in one line, with the place in a user's code where it was raised."""
    text = " ".join(str(error).split())
    if not isinstance(error, InvalidInput):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    place = error_location(error)
    return f"{place}: {text}" if place else text
