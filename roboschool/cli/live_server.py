"""The server of what runs live in a browser."""

import io
import queue
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import click

from roboschool.errors import InvalidInput
from roboschool.system_info import install


class Wanted:
    """What browsers ask for, on threads of viser's; it is done on the thread that owns the world."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def add(self, act: Callable[[], None]) -> None:
        """Ask for something."""
        self._queue.put(act)

    def handle(self) -> bool:
        """Do what was asked for since the last time; return whether something was."""
        some = not self._queue.empty()
        while not self._queue.empty():
            self._queue.get()()
        return some


@contextmanager
def open_server(host: str, port: int, label: str) -> Iterator[Any]:
    """Serve a page of viser's to browsers, and print its address.

    Args:
        host: address to serve.
        port: 0: any that is free.
        label: name of the page.

    Raises:
        InvalidInput: viser is not installed, or the port is taken.
    """
    try:
        import viser
    except ImportError:
        raise InvalidInput(f"the viewer needs {install('view')}") from None
    check_port(host, port)
    with redirect_stdout(io.StringIO()):  # its banner
        server = viser.ViserServer(host=host, port=port, verbose=False, label=label)
    click.echo(f"http://{host}:{server.get_port()}  (Ctrl-C ends it)", err=True)
    try:
        yield server
    finally:
        server.stop()


def check_port(host: str, port: int) -> None:
    """Check that a port is free: viser takes the next one without a word.

    Raises:
        InvalidInput: it is taken, or the host is none of this machine's.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InvalidInput(f"{host}:{port} cannot be used: {reason}; give --port, or --host") from None
