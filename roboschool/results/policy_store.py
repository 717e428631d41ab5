"""The policies of rows, found by the hash of their file: shipped ones, and those in the folder `policies` of rows."""

import functools
import hashlib
import os
from pathlib import Path

from roboschool.errors import InvalidInput
from roboschool.paths import policies
from roboschool.policies.network import CARD_SUFFIX, LARGEST, SUFFIX, NetworkPolicy, read_network
from roboschool.readers import read_bytes
from roboschool.writers import make_folder, replace

FOLDER = "policies"


def hash_of(path: Path) -> str:
    """Return the SHA-256 of the file of a policy.

    Raises:
        InvalidInput: it cannot be read.
    """
    return hashlib.sha256(read_bytes(path, LARGEST)).hexdigest()


@functools.cache
def _shipped_hash(path: Path, _stamp: float) -> str:
    return hash_of(path)


def shipped_policies() -> dict[str, Path]:
    """Return the files of the policies that come with scenes, by their hash."""
    return {_shipped_hash(path, os.path.getmtime(path)): path for path in policies().values()}


def find_policy(folder: Path, digest: str) -> Path:
    """Return the file of the policy with a hash, for rows in a folder.

    Raises:
        InvalidInput: there is none, or its content has another hash.
    """
    path = folder / FOLDER / f"{digest}{SUFFIX}"
    if not os.path.isfile(path):
        if digest not in (known := shipped_policies()):
            raise InvalidInput(f"{path}: no such file, and no shipped policy has this hash")
        return known[digest]
    if (found := hash_of(path)) != digest:
        raise InvalidInput(f"{path}: its content has the hash {found}")
    return path


def load_stored(folder: Path, digest: str) -> NetworkPolicy:
    """Return the policy with a hash.

    Raises:
        InvalidInput: there is none, or it is damaged.
    """
    return read_network(find_policy(folder, digest))


def store(folder: Path, path: Path) -> str:
    """Copy a policy, with the JSON file beside it, to where its hash is its name, unless it is shipped.

    Returns:
        The hash.

    Raises:
        InvalidInput: a file cannot be read or written.
    """
    data = read_bytes(path, LARGEST)
    digest = hashlib.sha256(data).hexdigest()
    if digest not in shipped_policies():
        make_folder(folder / FOLDER)
        target = folder / FOLDER / f"{digest}{SUFFIX}"
        card = path.with_suffix(CARD_SUFFIX)
        if os.path.isfile(card):
            replace(target.with_suffix(CARD_SUFFIX), read_bytes(card, LARGEST))
        replace(target, data)
    return digest
