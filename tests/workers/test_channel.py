"""Channels between processes: a reply is told apart from a child that has died, is late, or was stopped."""

import os
import signal
from collections.abc import Iterator

import pytest
from waits import LONG, process_state, until

from roboschool.workers.channel import Channel, ChildDied, ChildStopped, ChildTimedOut, Requests, wait
from roboschool.workers.process import ChildProcess


def echo(descriptor: int, packets: bool) -> None:
    """Send each request back, but for some; the entry of a child process."""
    requests = Requests(descriptor, packets)
    for request in requests:
        if request == b"exit":
            os._exit(3)
        if request == b"twice":
            requests.reply(request)
        if request != b"silence":
            requests.reply(request)


@pytest.fixture(params=[False, True], ids=["stream", "packets"])
def channel(request: pytest.FixtureRequest) -> Iterator[Channel]:
    made = Channel(ChildProcess("test_channel:echo", request.param, packets=request.param), detect_stop=True)
    yield made
    made.kill()


def test_replies_come_in_the_order_of_requests(channel: Channel) -> None:
    for message in (b"twice", b"\0" * 100_000):
        channel.send(message, LONG)
    assert [channel.receive() for _ in range(3)] == [b"twice", b"twice", b"\0" * 100_000]


def test_a_child_that_has_ended_says_how(channel: Channel) -> None:
    channel.send(b"exit", LONG)
    with pytest.raises(ChildDied, match=r"^ended with exit status 3$"):
        channel.receive()
    channel.send(b"more")
    with pytest.raises(ChildDied, match="it has ended"):
        channel.receive()


def test_a_late_child_is_killed_unless_it_is_given_more_time(channel: Channel) -> None:
    channel.send(b"silence", 0.1)
    assert wait([channel]) == [channel]
    channel.restart_timeout()
    assert channel.remaining() > 0.0
    with pytest.raises(ChildTimedOut, match=r"no reply within 0\.1 s"):
        channel.receive()
    assert channel.closed
    assert channel.child.process.poll() == -signal.SIGKILL


def test_a_child_that_is_stopped_is_killed(channel: Channel) -> None:
    channel.child.process.send_signal(signal.SIGSTOP)
    until(lambda: process_state(channel.child.process.pid) == "T")
    channel.send(b"silence")
    with pytest.raises(ChildStopped):
        channel.receive()
    assert channel.closed


def test_a_reply_that_is_there_counts_however_late_it_is_read(channel: Channel) -> None:
    channel.send(b"hello", LONG)
    assert wait([channel]) == [channel]
    channel.timeout = -1.0
    channel.restart_timeout()
    assert channel.receive() == b"hello"
