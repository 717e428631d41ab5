"""Damages inputs. All chance comes from the generator that is given."""

import copy
import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Damage = Callable[[Random, bytes, bytes], bytes]  # a generator, what is damaged, and another input of the same format

MOST = 2**18  # no input is larger [bytes]
LONG = 5000  # letters or digits
DEEP = (40, 1200, 20_000)  # brackets inside each other
NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
TOKEN = re.compile(rb"[A-Za-z_][\w.:/-]*|[-+]?\d[\w.+-]*|[^\s\w]")
EXTREMES = (b"0", b"-1", b"1", b"-0.0", b"1e308", b"-1e308", b"1e-308", b"1e999", b"nan", b"inf", b"-inf", b"3")
EXTREMES += (b"9" * 20, b"-9223372036854775809", b"1e9", b"9" * LONG, b"0x" + b"f" * LONG, b"-" + b"9" * 400, b"true")
BRACKETS = (
    (b"[", b"]"),
    (b"{", b"}"),
    (b"<a>", b"</a>"),
    (b"(", b")"),
    (b'{"a":', b"}"),
    (b"{a=", b"}"),
    (b"\x91", b""),
)
BAD_TEXT = (
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\xff\xfe",
    b"\0",
    b"\\u0000",
    b"\x1b[2J",
    b"\r",
    b"\xc2\x85",
    b"\xef\xbb\xbf",
)
BAD_TEXT += (b"../../", b"/etc/passwd", b"a:b", b"%s", b"''", b'""')


def damage(rng: Random, data: bytes, other: bytes) -> bytes:
    """Return an input that is damaged once or a few times."""
    for _ in range(rng.choice((1, 1, 1, 1, 2, 4))):
        data = rng.choice(DAMAGES)(rng, data, other)[:MOST]
    return data


def _flip(rng: Random, data: bytes, _other: bytes) -> bytes:
    damaged = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 2, 8, 40))):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def _truncate(rng: Random, data: bytes, _other: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _span(rng: Random, data: bytes) -> tuple[int, int]:
    """Return where a block of chance begins and ends, often at ends of lines."""
    start, end = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    end = min(end, start + rng.choice((8, 100, 2000, MOST)))
    if rng.random() < 0.6:
        start, end = data.rfind(b"\n", 0, start) + 1, data.find(b"\n", end) + 1 or len(data)
    return start, end


def _cut(rng: Random, data: bytes, _other: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[end:]


def _duplicate(rng: Random, data: bytes, _other: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 70)) + data[end:]


def _splice(rng: Random, data: bytes, other: bytes) -> bytes:
    (start, end), (first, last) = _span(rng, data), _span(rng, other)
    return data[:start] + other[first:last] + data[end:]


def _replace(rng: Random, data: bytes, pattern: re.Pattern[bytes], new: Callable[[bytes], bytes]) -> bytes:
    """Return the data with something else in one of the places, or a few, that a pattern finds."""
    found = list(pattern.finditer(data))
    for place in sorted(rng.sample(found, min(len(found), rng.choice((1, 1, 1, 3)))), key=re.Match.start, reverse=True):
        data = data[: place.start()] + new(place[0]) + data[place.end() :]
    return data


def _number(rng: Random, data: bytes, _other: bytes) -> bytes:
    return _replace(rng, data, NUMBER, lambda _: rng.choice(EXTREMES))


def _nudge(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Multiply a number, so that more of what is damaged is taken."""
    factors = (-1.0, 0.0, 0.1, 0.5, 2.0, 10.0, 1e3)
    return _replace(rng, data, NUMBER, lambda old: b"%g" % (float(old) * rng.choice(factors)))


def _swap(rng: Random, data: bytes, _other: bytes) -> bytes:
    words = TOKEN.findall(data)
    return _replace(rng, data, TOKEN, lambda _: rng.choice(words))


def _borrow(rng: Random, data: bytes, other: bytes) -> bytes:
    words = TOKEN.findall(other) or [b""]
    return _replace(rng, data, TOKEN, lambda _: rng.choice(words))


def _nest(rng: Random, data: bytes, _other: bytes) -> bytes:
    (left, right), depth = rng.choice(BRACKETS), rng.choice(DEEP)
    return _replace(rng, data, TOKEN, lambda old: left * depth + old + right * (depth * (rng.random() < 0.7)))


def _lengthen(rng: Random, data: bytes, _other: bytes) -> bytes:
    return _replace(rng, data, TOKEN, lambda old: (old[:1] if rng.random() < 0.5 else old) * LONG)


def _misspell(rng: Random, data: bytes, _other: bytes) -> bytes:
    return _replace(rng, data, TOKEN, lambda old: rng.choice((old + rng.choice(BAD_TEXT), rng.choice(BAD_TEXT))))


DAMAGES: Sequence[Damage] = (
    _flip,
    _truncate,
    _cut,
    _duplicate,
    _splice,
    _number,
    _number,
    _nudge,
    _nudge,
    _nudge,
    _nudge,
    _swap,
    _borrow,
    _nest,
    _lengthen,
    _misspell,
)

DEEP_MARK, DIGITS_MARK = "@deep@", "@digits@"  # for what `json.dumps` does not write
STRANGE = (
    None,
    True,
    -1,
    0,
    7,
    0.5,
    1e308,
    -1e308,
    2**63,
    2**70,
    -3,
    float("nan"),
    float("inf"),
    DEEP_MARK,
    DIGITS_MARK,
)
STRANGE += ("", "\ud800", "a\0b", "x" * LONG, "../../x", "m:C", "\x1b[2J", [], {}, [[]], {"": {}}, [99], "nan", 1e-320)


def damage_json(rng: Random, data: bytes, other: bytes) -> bytes:
    """Return JSON that is damaged as a tree, or as bytes."""
    if rng.random() < 0.3:
        return damage(rng, data, other)
    tree = json.loads(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        tree = damage_tree(rng, tree)
    return dump(rng, tree)


def damage_tree(rng: Random, tree: Any) -> Any:
    """Return a tree of lists and maps that is damaged in one place; it is changed itself."""
    places = list(_places(tree))
    if not places:
        return copy.deepcopy(rng.choice(STRANGE))  # it may be damaged, too
    holder, key = rng.choice(places)
    how = rng.randrange(6)
    if how == 0:
        del holder[key]
    elif how == 1:
        there, other = rng.choice(places)
        holder[key] = copy.deepcopy(there[other])
    elif how == 2 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif how == 2:
        holder[f"{key}{rng.choice(('s', ' ', chr(0), 'x' * LONG))}"] = holder.pop(key)
    elif isinstance(holder[key], int | float) and how == 3:
        holder[key] *= rng.choice((-1, 2, 0.5, 10))
    else:
        holder[key] = copy.deepcopy(rng.choice(STRANGE))
    return tree


def _places(tree: Any) -> Any:
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _places(tree[key])


def dump(rng: Random, tree: Any) -> bytes:
    """Return a tree as JSON, with what no program of good will would write."""
    depth = rng.choice(DEEP)
    text = json.dumps(tree).replace(f'"{DEEP_MARK}"', "[" * depth + "]" * depth)
    return text.replace(f'"{DIGITS_MARK}"', "9" * LONG).encode()[:MOST]
