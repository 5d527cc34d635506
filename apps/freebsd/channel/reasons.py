"""Why a host could not be reached, in plain sentences."""

from __future__ import annotations

import errno
import re
import socket

import asyncssh

from apps.freebsd.channel.request import plain_text
from apps.freebsd.errors import AccessRefused, HostUnreachable, PanelError

_NO_ROUTE = frozenset(
    {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL}
)
_DROPPED = frozenset({errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE})
_ERRNO = re.compile(r"Errno (\d+)")


def unreachable(error: Exception, address: str, port: int, timeout_s: float) -> HostUnreachable:
    """Return the error for a connection that did not come about.

    Args:
        error: What the operating system or asyncssh raised.
        address: Where to.
        port: TCP port.
        timeout_s: How long was waited, in seconds.
    """
    where = f"{address} port {port}"
    if isinstance(error, TimeoutError):
        return HostUnreachable(f"{where} did not answer within {timeout_s:g} seconds.")
    if isinstance(error, socket.gaierror):
        return HostUnreachable(f"The name {address} is not known: check its spelling and the panel's DNS.")
    if isinstance(error, OSError):
        return HostUnreachable(_system_reason(error, where))
    return HostUnreachable(_ssh_reason(error, where))


def _system_reason(error: OSError, where: str) -> str:
    numbers = _numbers(error)
    if errno.ECONNREFUSED in numbers:
        return f"{where} refused the connection: no SSH server listens there."
    if numbers & _NO_ROUTE:
        return f"There is no route to {where}."
    if errno.ETIMEDOUT in numbers:
        return f"{where} did not answer in time."
    if numbers & _DROPPED:
        return f"{where} closed the connection at once."
    return f"{where} cannot be reached: {error.strerror or error}."


def _numbers(error: OSError) -> set[int]:
    """Several addresses of one name fail together as one error without a number of its own."""
    return {error.errno} if error.errno is not None else {int(found) for found in _ERRNO.findall(str(error))}


def _ssh_reason(error: Exception, where: str) -> str:
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return f"{where} and the panel have no way of encryption in common."
    if isinstance(error, asyncssh.ProtocolNotSupported):
        return f"{where} answers, but not as an SSH server of version 2."
    if isinstance(error, asyncssh.ProtocolError | ValueError):
        return f"{where} answers, but not as an SSH server does."
    return f"{where} closed the connection before it let the panel in: {plain_text(str(error).encode())}"


def refused(error: asyncssh.DisconnectError, user: str, address: str) -> PanelError | None:
    """Return the error when the host turned our key away, else None."""
    turned_away = isinstance(error, asyncssh.PermissionDenied | asyncssh.IllegalUserName)
    if turned_away or "authentication" in error.reason.lower():  # OpenSSH: Too many authentication failures
        return AccessRefused(
            f"{address} does not let {user} in with the panel's key: is the key installed there?"
        )
    return None
