"""Copy trees as ezjail-admin does: `find … | cpio -p -v`, every name on standard error.

Source: reference ezjail.md §0.2, §6.2, §7; captures/ezjail.json (install, create-…).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.simulator.files import Files
    from apps.simulator.tools.ezjail.session import Session

CHUNK = 8
BLOCKS_EACH = 43


def names_below(files: Files, folder: str, start: str) -> Iterator[str]:
    """Give the names that `cd folder && find start` prints."""
    yield start
    top = folder if start == "." else f"{folder}/{start}"
    if files.is_dir(top) and not files.is_link(top):
        for below in files.walk(top):
            yield f"{start}/{below}"


async def cpio(session: Session, source: str, start: str, target: str, seconds: float) -> bool:
    """Copy `source/start` and all below it to `target`, saying each name.

    Args:
        session: of the run.
        source: where `find` runs.
        start: what it is given.
        target: where cpio copies to.
        seconds: how long it takes in all, at the tools' own pace.

    Returns:
        False when a file could not be copied; what was copied stays.
    """
    files = session.files
    if not files.lexists(f"{source}/{start}"):
        await session.complain(f"find: {start}: No such file or directory")
        await session.complain("0 blocks")
        return True
    names, copy = list(names_below(files, source, start)), files.copier(source, target)
    for at in range(0, len(names), CHUNK):
        done, problem = _copy(copy, names[at : at + CHUNK], target)
        await session.call.err("".join(f"{target}/{name}\n" for name in done))
        if problem:
            await session.complain(f"cpio: {problem}")
            return False
        await session.call.pause(seconds * CHUNK / len(names))
    await session.complain(f"{len(names) * BLOCKS_EACH} blocks")
    return True


def _copy(copy: Callable[[str], None], names: list[str], target: str) -> tuple[list[str], str]:
    """Copy some; give those that were copied, and what stopped it."""
    done: list[str] = []
    for name in names:
        try:
            copy(name)
        except OSError as error:
            return done, f"Can't create '{target}/{name}': {error.strerror}"
        done.append(name)
    return done, ""
