"""What connects a policy and an agent: the numbers of an observation and of an action, by name and in order."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from roboschool.errors import ALIKE, LONGEST_NAME

MOST_NAMES = 5  # of each kind in one message


@dataclass(frozen=True)
class Interface:
    """The names, in order. The JSON file beside a policy holds them as they were in training."""

    fields: tuple[str, ...] = ()  # observed, each with its unit: `str(Field)`
    actuators: tuple[str, ...] = ()  # driven: the joints; or choices
    discrete: bool = False  # whether an action is one of them, not a number for each


def describe_difference(trained: Sequence[str], found: Sequence[str]) -> str:
    """Return how the names that an agent has differ from those of the training, in words; empty if they do not."""
    missing, extra = _beyond(trained, found), _beyond(found, trained)
    parts = [f"missing {_list(missing, extra)}"] if missing else []
    if extra:
        parts.append(f"extra {_list(extra)}")
    if not parts:
        pairs = enumerate(zip(trained, found, strict=True))
        moved = ((number, a, b) for number, (a, b) in pairs if a != b)
        parts = [f"another order: number {n} was {a!r:.80} and is {b!r:.80}" for n, a, b in moved][:1]
    return ", ".join(parts)


def _beyond(names: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the names that are not among others, in order."""
    return list((Counter(names) - Counter(others)).elements())


def _list(names: Sequence[str], others: Sequence[str] = ()) -> str:
    """Return names as text, each with the one among others that is most like it, if any is."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(f"{name!r:.80}{_nearest(name, others)}" for name in names[:MOST_NAMES]) + more


def _nearest(name: str, others: Sequence[str]) -> str:
    close = difflib.get_close_matches(name[:LONGEST_NAME], others, n=1, cutoff=ALIKE)
    return f" (nearest: {close[0]!r:.80})" if close else ""
