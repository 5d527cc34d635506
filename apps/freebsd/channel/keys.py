"""SSH keys: the panel's own, and those that hosts show."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import asyncssh

from apps.freebsd.channel.reasons import unreachable
from apps.freebsd.errors import AccessRefused, HostUnreachable, InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

_PREFERRED = (  # the order in which ssh(1) asks, so that people compare the fingerprint that they know
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


def read_public_key(line: str) -> asyncssh.SSHKey:
    """Return the key of one OpenSSH line (`type base64 [comment]`).

    Raises:
        InvalidInput: It is no public key.
    """
    try:
        return asyncssh.import_public_key(line)
    except (asyncssh.KeyImportError, ValueError):
        raise InvalidInput("This is not an SSH public key.") from None


def public_line(key: asyncssh.SSHKey) -> str:
    """Return the key's public half as `type base64`, without a comment: the form in which keys are pinned."""
    return " ".join(key.export_public_key().decode().split()[:2])


def fingerprint(key: str) -> str:
    """Return the fingerprint as `ssh-keygen -l` prints it, `SHA256:…`, of a public key line.

    Raises:
        InvalidInput: It is no public key.
    """
    return str(read_public_key(key).get_fingerprint("sha256"))


def signature_algorithms(key: asyncssh.SSHKey) -> list[str]:
    """Return the only algorithms with which the holder of `key` may prove itself.

    A host usually has keys of several types; asking for the pinned one's type makes it show that one.
    """
    name = key.get_algorithm()
    return list(_SIGNATURES.get(name, (name,)))


async def scan_host_key(address: str, port: int, timeout_s: float) -> str:
    """Return the public key that a host shows, without trusting it and without signing in.

    Args:
        address: Host name or address.
        port: TCP port of its SSH server.
        timeout_s: Seconds for all of it.

    Raises:
        HostUnreachable: With the reason.
    """
    try:
        async with asyncio.timeout(timeout_s):
            key = await asyncssh.get_server_host_key(
                address, port, config=None, server_host_key_algs=list(_PREFERRED)
            )
    except (OSError, ValueError, asyncssh.Error) as error:  # ValueError: packets that are none
        raise unreachable(error, address, port, timeout_s) from None
    if key is None:
        raise HostUnreachable(f"{address} shows no host key.")
    return public_line(key)


def load_private_key(path: Path) -> asyncssh.SSHKey:
    """Return the panel's own key.

    Raises:
        AccessRefused: It cannot be read: no host would let the panel in.
    """
    try:
        return asyncssh.read_private_key(path)
    except (OSError, asyncssh.KeyImportError):
        raise AccessRefused(f"The panel's own SSH key {path} is missing or cannot be read.") from None


def make_key_pair(path: Path, comment: str = "jailpanel") -> str:
    """Make the panel's own Ed25519 key with mode 0600, unless it is there, and return its public line.

    Args:
        path: File for the private key; its folder exists.
        comment: Words at the end of the public line, for whoever reads authorized_keys.
    """
    if not path.exists():
        private = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
        _write_new(path, private.export_private_key())
    return f"{public_line(load_private_key(path))} {comment}"


def _write_new(path: Path, content: bytes) -> None:
    """Put the whole file in place at once; when another process was first, its key stays."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
