"""Where a server is and what opens it: addresses, and the private folder with its socket and its key."""

import contextlib
import errno
import ipaddress
import os
import re
import secrets
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from roboschool.errors import InvalidInput, suggest
from roboschool.multiplayer.protocol import SECRET
from roboschool.scratch import scratch_folder

VARIABLE = "ROBOSCHOOL_KEY"  # of the environment: the key as 64 hexadecimal digits
KEY_FILE = "key"  # holds the same, beside the socket
HOW = "it is written unix:PATH or tcp:HOST:PORT"
BACKLOG = 4096  # callers not accepted yet; many systems allow fewer
RETRY = 0.01  # pause before calling again where such a queue is full [s]


@dataclass(frozen=True)
class Address:
    """A socket's path, or host and port."""

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"unix:{self.path}" if self.path else f"tcp:{host}:{self.port}"


def read_address(text: str) -> Address:
    """Return the address written as unix:PATH or tcp:HOST:PORT.

    Raises:
        InvalidInput: it is written otherwise.
    """
    kind, _, rest = str(text).partition(":")
    if kind == "unix" and Path(rest).name:
        return Address(path=rest)
    if kind == "tcp":
        return read_host(rest, f"address {text!r}: {HOW}")
    raise InvalidInput(f"address {text!r}: {HOW}{suggest(kind, ['unix', 'tcp'])}")


def read_host(text: str, wrong: str) -> Address:
    """Return the address written as HOST:PORT, or [HOST]:PORT where the host has colons.

    Raises:
        InvalidInput: it is written otherwise; the message is `wrong`.
    """
    parts = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]+)):(\d{1,5})", text)
    if not parts or int(parts[3]) > 65535:
        raise InvalidInput(wrong)
    return Address(host=parts[1] or parts[2], port=int(parts[3]))


def call(address: Address, seconds: float) -> socket.socket:
    """Return a connection to a server; nothing on it waits longer than some seconds.

    Raises:
        OSError: there is no server.
    """
    if not address.path:
        connection = socket.create_connection((address.host, address.port), seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(seconds)
    try:
        _connect(connection, address.path, time.monotonic() + seconds)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(connection: socket.socket, path: str, end: float) -> None:
    """Connect to a socket's path; where the queue before it is full try until `end`, as TCP does by itself."""
    while (fault := connection.connect_ex(path)) == errno.EAGAIN and time.monotonic() < end:
        time.sleep(RETRY)
    if fault:
        raise OSError(fault, os.strerror(fault))


def find_key(address: Address, given: bytes | str | os.PathLike[str] | None) -> tuple[bytes, str]:
    """Return a server's key, and where it comes from.

    Args:
        address: of the server.
        given: the key, or the path of its file. None: what the environment's ROBOSCHOOL_KEY holds, else the file
            beside the server's socket.

    Raises:
        InvalidInput: there is no key, or it is not one.
        FileNotFoundError: there is no server's socket beside which it could be.
    """
    if isinstance(given, bytes):
        return _check_key(given, "key")
    if given is None and VARIABLE in os.environ:
        return environment_key(), VARIABLE
    if given is None and not address.path:
        raise InvalidInput(f"no key for {address}: give key=FILE, or set {VARIABLE}; the server says where its file is")
    if given is None and not Path(address.path).exists():
        raise FileNotFoundError(address.path)
    path = Path(given) if given is not None else Path(address.path).with_name(KEY_FILE)
    try:
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: no key can be read there: {error}") from None
    return _check_key(_from_digits(text, str(path)), str(path))


def environment_key() -> bytes:
    """Return the key that ROBOSCHOOL_KEY holds, or a new one if it is not set.

    Raises:
        InvalidInput: it holds something else.
    """
    text = os.environ.get(VARIABLE)
    return secrets.token_bytes(SECRET) if text is None else _check_key(_from_digits(text, VARIABLE), VARIABLE)[0]


def _from_digits(text: str, where: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise InvalidInput(f"{where}: a key is written as {2 * SECRET} hexadecimal digits") from None


def _check_key(key: bytes, where: str) -> tuple[bytes, str]:
    if len(key) != SECRET:
        raise InvalidInput(f"{where}: a key has {SECRET} bytes, not {len(key)}")
    return key, where


class Listener:
    """A socket that listens, and a private folder with the key; both go with `close`.

    Args:
        tcp: host and port to listen at; port 0 is any that is free. None: a socket in the folder.
        allow_remote: whether the host may be one that other machines reach.

    Raises:
        InvalidInput: the address cannot be used, other machines could reach it and may not, or no folder can be made.
    """

    def __init__(self, tcp: Address | None = None, allow_remote: bool = False) -> None:
        if tcp is not None and not allow_remote:
            _check_loopback(tcp)
        self.key = environment_key()
        self.socket = socket.socket(socket.AF_UNIX) if tcp is None else _listen(tcp)
        try:
            self.folder = scratch_folder()
        except InvalidInput:
            self.socket.close()
            raise
        try:
            self._write_key()
            if tcp is None:
                self.address = Address(path=str(self.folder / "world.sock"))
                self.socket.bind(self.address.path)
                os.chmod(self.address.path, 0o600)
            else:
                self.address = Address(host=tcp.host, port=self.socket.getsockname()[1])
            self.socket.setblocking(False)
            self.socket.listen(BACKLOG)
        except OSError as error:
            self.close()
            raise InvalidInput(f"cannot listen in {self.folder}: {error}; TMPDIR may name another") from None
        except BaseException:
            self.close()
            raise

    @property
    def key_file(self) -> Path:
        """The file that holds the key."""
        return self.folder / KEY_FILE

    def _write_key(self) -> None:
        handle = os.open(self.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w") as file:
            file.write(self.key.hex() + "\n")

    def close(self) -> None:
        """Listen no more, and remove socket, key and folder; a second call does nothing."""
        self.socket.close()
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)


def _check_loopback(address: Address) -> None:
    try:
        found = {place[4][0] for place in socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise InvalidInput(f"host {address.host!r}: {error}") from None
    for number in found:
        if not ipaddress.ip_address(str(number).partition("%")[0]).is_loopback:
            raise InvalidInput(
                f"host {address.host!r} is not this machine alone: others could read what is sent; use 127.0.0.1 and an"
                " SSH tunnel, or allow it with --allow-remote"
            )


def _listen(address: Address) -> socket.socket:
    try:
        family = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        raise InvalidInput(f"cannot listen at {address}: {error}") from None
