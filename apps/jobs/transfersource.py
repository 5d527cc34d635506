"""Where a transferred file comes from: another host, or the panel's own store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist

from apps.freebsd.channel import loop
from apps.freebsd.channel.agent import Agent
from apps.freebsd.channel.large import Piece
from apps.freebsd.commands import PANEL, Transfer
from apps.freebsd.errors import CommandFailed
from apps.jobs import ports
from apps.jobs.store import store_open, store_sha256, store_size


class Source(Protocol):
    """A large file that can be read in pieces."""

    def read(self, offset: int, limit: int) -> Piece:
        """Return at most `limit` bytes from `offset` on, and the size of the whole.

        Raises:
            PanelError: It cannot be read.
        """
        ...

    def sha256(self) -> str:
        """Return the SHA-256 of the whole, in hex.

        Raises:
            PanelError: It cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class HostSource:
    """A file of another host."""

    agent: Agent
    path: str

    def read(self, offset: int, limit: int) -> Piece:
        """Ask the host for a piece."""
        return loop.run(self.agent.large.pull(self.path, offset, limit))

    def sha256(self) -> str:
        """Have the host read the file through."""
        return loop.run(self.agent.large.sum(self.path))


@dataclass(frozen=True, slots=True)
class StoreSource:
    """A file of the panel's own store."""

    name: str

    def read(self, offset: int, limit: int) -> Piece:
        """Read a piece."""
        with store_open(self.name) as file:
            file.seek(offset)
            return Piece(file.read(limit), store_size(self.name))

    def sha256(self) -> str:
        """Read the file through."""
        return store_sha256(self.name)


def source_of(transfer: Transfer) -> Source:
    """Return where a transfer's file comes from.

    Raises:
        PanelError: The panel knows no way to it.
    """
    if transfer.source == PANEL:
        return StoreSource(transfer.source_path)
    try:
        agent = ports.gateway().agent(UUID(transfer.source))
    except (ObjectDoesNotExist, ValueError):
        raise CommandFailed("The host that has the file is not one of the panel's any more.") from None
    return HostSource(agent, transfer.source_path)
