"""Reading one file of a flavour from its host, as text."""

from __future__ import annotations

import re

from apps.freebsd.channel import loop
from apps.freebsd.channel.agent import NoSuchFile
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.gateway import agent_of
from apps.hosts.models import Host
from apps.jails.flavours.queries import LARGEST_BYTES

READ_TIMEOUT_S = 10
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def read_text(host: Host, path: str) -> str:
    """Return what a file of a flavour holds now.

    Args:
        host: Where.
        path: Absolute, below the directory of flavours.

    Raises:
        Conflict: It is gone.
        InvalidInput: It is no text, or too long to be edited here.
        PanelError: The host does not answer, or refuses.
    """
    try:
        data = loop.run(agent_of(host).read(path), timeout_s=READ_TIMEOUT_S)
    except NoSuchFile:
        raise Conflict(f"{path} is gone from the host meanwhile.") from None
    if len(data) > LARGEST_BYTES:
        raise InvalidInput("The file has grown meanwhile: it is too long to be edited here.", field="content")
    try:
        return check_text(data.decode())
    except UnicodeDecodeError:
        raise InvalidInput(
            "This file is no UTF-8 text, so it cannot be edited here.", field="content"
        ) from None


def check_text(text: str) -> str:
    """Return a text that can be edited in a browser without being changed by it.

    Raises:
        InvalidInput: It is too long, or holds control characters, as carriage returns are.
    """
    if _CONTROL.search(text):
        raise InvalidInput(
            "This holds control characters, which a form would lose or change: it cannot be edited here.",
            field="content",
        )
    if len(text.encode("utf-8", "replace")) > LARGEST_BYTES:
        raise InvalidInput(
            f"A file of a flavour has at most {LARGEST_BYTES // 1024} KiB here.", field="content"
        )
    return text
