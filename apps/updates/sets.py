"""Distribution sets that the panel fetches and proves itself, for hosts without a way out.

Source: reference ezjail §9 (pre-download and verify).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import IO
from urllib.request import build_opener

from django.conf import settings
from django.core.cache import cache

from apps.freebsd.errors import PanelError
from apps.freebsd.set_mirror import place_of
from apps.freebsd.small_file import MirrorAway, NotGenuine, StayHere
from apps.freebsd.values import Release
from apps.jobs.store import store_has, store_write
from apps.jobs.wakeups import send
from apps.updates.manifests import manifest_known

MOST_BYTES = 2 * 1024**3
PIECE_BYTES = 1024 * 1024
TIMEOUT_S = 60
# A worker that died over it is not waited for any longer.
AT_WORK_S = 2 * 3600


def store_name(release: Release, machine: str, name: str) -> str:
    """Return the name of a set in the panel's own store."""
    return f"sets/{machine}-{release.name}/{name}.txz"


def sets_missing(release: Release, machine: str, names: list[str]) -> list[str]:
    """Return which of a release's sets the panel does not have, and have workers fetch them."""
    missing = [name for name in names if not store_has(store_name(release, machine, name))]
    for name in missing:
        if not cache.get(_key(release, machine, name)):
            send("apps.updates.tasks.fetch_set", release.name, machine, name)
    return missing


def set_problem(release: Release, machine: str, name: str) -> str:
    """Return why a set could not be fetched the last time; empty when nothing is known against it."""
    return str(cache.get(f"{_key(release, machine, name)}:problem") or "")


def set_fetch(release: Release, machine: str, name: str) -> None:
    """Fetch a set into the panel's store, and keep it only if it is what the MANIFEST says.

    Called from a worker; of several at once, one fetches.
    """
    key = _key(release, machine, name)
    if store_has(store_name(release, machine, name)) or not cache.add(key, "at work", AT_WORK_S):
        return
    try:
        _fetch(release, machine, name)
        cache.delete(f"{key}:problem")
    except (PanelError, OSError, HTTPException) as error:
        cache.set(f"{key}:problem", getattr(error, "message", str(error)), 600)
    finally:
        cache.delete(key)


def _fetch(release: Release, machine: str, name: str) -> None:
    known = manifest_known(release, machine)
    wanted = known.sets[name].sha256
    digest, size, until = hashlib.sha256(), 0, monotonic() + AT_WORK_S
    with store_write(store_name(release, machine, name)) as kept, _opened(release, machine, name) as source:
        while piece := source.read(PIECE_BYTES):
            size += len(piece)
            if size > MOST_BYTES or monotonic() > until:
                raise NotGenuine(f"The mirror gave more for {name}.txz than a set is long, or too slowly.")
            digest.update(piece)
            kept.write(piece)
        if digest.hexdigest() != wanted:
            raise NotGenuine(
                f"What the mirror gave for {name}.txz is not what the MANIFEST of {release.name} says: it "
                "was thrown away."
            )


@contextmanager
def _opened(release: Release, machine: str, name: str) -> Iterator[IO[bytes]]:
    """Open a set where an operator laid it, or else on the mirror."""
    by_hand = Path(settings.MIRROR_DIR) / place_of(release, machine) / f"{name}.txz"
    if by_hand.is_file():
        with by_hand.open("rb") as file:
            yield file
        return
    url = f"{manifest_known(release, machine).folder}/{name}.txz"
    if not url.startswith("https://"):
        raise MirrorAway("The mirror is not known yet.")
    with build_opener(StayHere).open(url, timeout=TIMEOUT_S) as answer:
        yield answer


def _key(release: Release, machine: str, name: str) -> str:
    return f"set:{machine}:{release.name}:{name}"
