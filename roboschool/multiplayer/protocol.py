"""The messages between a server and its players: msgpack maps behind their length. Pure: no socket, no clock.

Player and server prove to each other that they know the key (`Challenge`, `Answer`, `Proof`). The player then takes a
seat (`Hello`, `Welcome`) and sends requests (`Reset`, `Step`, `Look`) one at a time. A request and its reply have the
same number, so that a late reply is not taken for the one awaited.
"""

import hmac
import math
import struct
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
import numpy as np

from roboschool.errors import one_line

VERSION = 1
LARGEST = 2**20  # length of a message [bytes]
LARGEST_OF_STRANGERS = 2**10  # of a peer that has no seat [bytes]
LONGEST_NAME = 300  # of an agent, or the id of a scene [letters]
LONGEST_TEXT = 4000  # of a text in a message [letters]
LONGEST_FAULT = 300  # of the description of a faulty message [letters]
SECRET = 32  # length of the key, of a nonce and of a proof [bytes]
ACTION = "<f8"  # keeps all digits of float32 and float64
LENGTH = struct.Struct("<I")

Secret: TypeAlias = Annotated[bytes, msgspec.Meta(min_length=SECRET, max_length=SECRET)]
Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class Violation(Exception):
    """The other end violates the protocol; the message is always one printable line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message, LONGEST_FAULT))


class Message(msgspec.Struct, forbid_unknown_fields=True, tag=str.lower, tag_field="is"):
    """A map with exactly these keys, and "is", which says which of the messages it is."""


class Challenge(Message):
    """The server's first message; the nonce is new every time."""

    version: int
    nonce: Secret


class Answer(Message):
    """A player proves that it knows the key."""

    nonce: Secret
    proof: Secret


class Proof(Message):
    """The server proves that it knows the key, too."""

    proof: Secret


class Hello(Message):
    """A player requests the seat of an agent, or the first that is free."""

    agent: Name | None


class Space(Message):
    """A box: arrays of this shape, and the least and greatest they hold, as little-endian numbers."""

    shape: tuple[Count, ...]
    dtype: Literal["<f4", "<f8"]
    low: bytes
    high: bytes


class Welcome(Message):
    """The player has the seat."""

    agent: Name
    scene: Name
    reasons: tuple[Text, ...]
    metadata: dict[str, Any]
    render_mode: Name | None
    observation: Space
    action: Space


class Reset(Message):
    """Ask for the next episode."""

    number: Count
    seed: int | None


class Step(Message):
    """Act for a timestep: as many little-endian float64 as the agent has joints."""

    number: Count
    action: bytes


class Look(Message):
    """Ask for a picture."""

    number: Count


class Withdraw(Message):
    """Take back the last request."""


class Ping(Message):
    """Ask whether the server is alive."""


class Leave(Message):
    """Give the seat up."""


class ResetReply(Message):
    """An episode has begun."""

    number: Count
    observation: bytes
    info: dict[str, Any]


class StepReply(Message):
    """The world has moved."""

    number: Count
    observation: bytes
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]


class Picture(Message):
    """A picture: height x width x 3 bytes."""

    number: Count
    height: Count
    width: Count
    pixels: bytes


class Pong(Message):
    """The server is alive."""


class Refused(Message):
    """A request is refused: with `InvalidInput`, or with `WorldClosed` if all later ones are, too."""

    number: Count
    closed: bool
    text: Text


class Closed(Message):
    """The server ends; later requests get no reply."""

    text: Text


Request: TypeAlias = Reset | Step | Look | Withdraw | Ping | Leave
Reply: TypeAlias = ResetReply | StepReply | Picture | Pong | Refused | Closed

FROM_STRANGERS: "msgspec.msgpack.Decoder[Answer]" = msgspec.msgpack.Decoder(Answer)
FROM_GUESTS: "msgspec.msgpack.Decoder[Hello]" = msgspec.msgpack.Decoder(Hello)
FROM_PLAYERS: "msgspec.msgpack.Decoder[Request]" = msgspec.msgpack.Decoder(Request)
GREETING: "msgspec.msgpack.Decoder[Challenge]" = msgspec.msgpack.Decoder(Challenge)
PROOF: "msgspec.msgpack.Decoder[Proof | Refused]" = msgspec.msgpack.Decoder(Proof | Refused)
WELCOME: "msgspec.msgpack.Decoder[Welcome | Refused]" = msgspec.msgpack.Decoder(Welcome | Refused)
FROM_SERVER: "msgspec.msgpack.Decoder[Reply]" = msgspec.msgpack.Decoder(Reply)


def _plain(value: Any) -> Any:
    """Return a value that msgpack can encode: an info may hold numpy's numbers."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be sent")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plain)
Anything = msgspec.msgpack.Decoder[Any]


def pack(message: Message) -> bytes:
    """Return a message as it is sent."""
    body = _ENCODER.encode(message)
    return LENGTH.pack(len(body)) + body


def unpack(body: bytes, decoder: Anything) -> Any:
    """Return the message that the bytes behind a length are.

    Raises:
        Violation: they are none of those expected now.
    """
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Violation(f"not a message that is expected now: {error}") from None


class Inbox:
    """Splits received bytes into messages.

    Args:
        largest: the longest message that is taken [bytes].
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self.largest = largest
        self._bytes = bytearray()

    def put(self, arrived: bytes) -> None:
        """Add received bytes."""
        self._bytes += arrived

    def take(self) -> bytes | None:
        """Return the body of the next message, once it is whole.

        Raises:
            Violation: the message is too long.
        """
        if len(self._bytes) < LENGTH.size:
            return None
        (size,) = LENGTH.unpack_from(self._bytes)
        if size > self.largest:
            raise Violation(f"a message of {size} bytes, more than {self.largest}")
        end = LENGTH.size + size
        if len(self._bytes) < end:
            return None
        body = bytes(self._bytes[LENGTH.size : end])
        del self._bytes[:end]
        return body


class Numbers:
    """Arrays of one shape, as little-endian numbers: "<f4", "<f8" or "|u1"."""

    def __init__(self, dtype: str, shape: tuple[int, ...]) -> None:
        self.dtype = np.dtype(dtype)
        self.shape = shape
        self.bytes = self.dtype.itemsize * math.prod(shape)

    def pack(self, array: np.ndarray) -> bytes:
        """Return an array's numbers."""
        return np.asarray(array, self.dtype).tobytes()

    def unpack(self, data: bytes) -> np.ndarray:
        """Return an array of this machine's own that may be written to.

        Raises:
            Violation: there are too few or too many bytes, or no array has such a shape.
        """
        if len(data) != self.bytes:
            raise Violation(f"an array of {len(data)} bytes, not {self.bytes}")
        try:
            array = np.frombuffer(bytearray(data), self.dtype).reshape(self.shape)
        except (ValueError, OverflowError) as error:  # too many dimensions, or too large beside one of 0
            raise Violation(f"an array of shape {self.shape!s:.80}: {error}") from None
        return array.astype(self.dtype.newbyteorder("="), copy=False)


def prove(key: bytes, who: Literal["player", "server"], challenge: bytes, answer: bytes) -> bytes:
    """Return the proof of knowing the key, for both nonces; it differs between player and server."""
    return hmac.digest(key, who.encode() + challenge + answer, "sha256")


def is_proof(key: bytes, who: Literal["player", "server"], challenge: bytes, answer: bytes, proof: bytes) -> bool:
    """Return whether a proof shows knowledge of the key."""
    return hmac.compare_digest(prove(key, who, challenge, answer), proof)
