"""df(1): how full the host's file systems are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt

_BLOCK_BYTES = 1024  # -k


@dataclass(frozen=True, slots=True)
class Filesystem:
    """One mounted file system.

    Args:
        device: What is mounted.
        kind: Such as `ufs` or `zfs`.
        mounted_on: Where.
        size_bytes: All of it.
        used_bytes: What is taken.
        available_bytes: What is left to others than root; below zero on a full UFS.
    """

    device: str
    kind: str
    mounted_on: str
    size_bytes: int
    used_bytes: int
    available_bytes: int


def parse_df_json(text: str) -> tuple[Filesystem, ...]:
    """Read `df --libxo json -k -T`.

    Raises:
        ParseError: It is no such output.

    Source: reference jail-tools §8.5; captures host.json (df-json: types come padded with blanks).
    """
    try:
        rows = json.loads(text)["storage-system-information"]["filesystem"]
        return tuple(_filesystem(row) for row in rows)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ParseError(f"What df printed is not understood ({excerpt(repr(error))}).") from error


def _filesystem(row: dict[str, Any]) -> Filesystem:
    return Filesystem(
        device=row["name"].strip(),
        kind=row["type"].strip(),
        mounted_on=row["mounted-on"].strip(),
        size_bytes=int(row["total-blocks"]) * _BLOCK_BYTES,
        used_bytes=int(row["used-blocks"]) * _BLOCK_BYTES,
        available_bytes=int(row["available-blocks"]) * _BLOCK_BYTES,
    )
