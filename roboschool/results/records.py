"""The record of verifications, `verified.json` beside the rows. It holds for the bytes of a row's file alone."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from roboschool.readers import read_json
from roboschool.results.row_file import VERIFIED
from roboschool.results.verification import Verification
from roboschool.schema import Size, convert
from roboschool.writers import replace

LARGEST = 64 * 2**20  # [bytes]


@dataclass(frozen=True)
class Records:
    """The content of the file."""

    verified: Annotated[tuple[Verification, ...], Size(0, 100_000)] = ()


def read_records(folder: Path) -> dict[str, Verification]:
    """Return the verifications of rows by the SHA-256 of their files; none if there is no record.

    Raises:
        InvalidInput: the record is damaged.
    """
    path = folder / VERIFIED
    if not os.path.isfile(path):
        return {}
    records: Records = convert(read_json(path, largest=LARGEST), Records, str(path))
    return {each.sha256: each for each in records.verified}


def record_all(folder: Path, found: Iterable[Verification]) -> None:
    """Add verifications to the record; of each file only the last one stays.

    Raises:
        InvalidInput: the record is damaged or cannot be written.
    """
    by_file = {each.file: each for each in read_records(folder).values()}
    by_file |= {each.file: each for each in found}
    records = Records(tuple(by_file[name] for name in sorted(by_file)))
    replace(folder / VERIFIED, (json.dumps(asdict(records), indent=1) + "\n").encode())
