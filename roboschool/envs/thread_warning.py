"""A warning of torch's threads, where others of ours would be slowed by them."""

import functools
import logging
import sys

log = logging.getLogger("roboschool")


def warn_of_threads() -> None:
    """Log a warning if torch is loaded and uses several threads; the same is logged once."""
    threads: int = getattr(sys.modules.get("torch"), "get_num_threads", lambda: 1)()
    if threads > 1:
        _warn(threads)


@functools.cache
def _warn(threads: int) -> None:
    log.warning(
        "torch uses %d threads, which compete with those that step the worlds: torch.set_num_threads(1) is faster with"
        " small networks",
        threads,
    )
