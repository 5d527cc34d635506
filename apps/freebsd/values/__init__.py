"""Value types: text is parsed once, and what has a type here is trusted from then on.

Each class checks itself when it is made, so no instance can hold what `parse` would refuse, and
`str(value)` gives back exactly what the FreeBSD tool is told. What is refused is refused with a sentence
that says what is wrong and what is allowed. All of them are allow-lists: ezjail's files are run as shell
by root, so nothing is ever escaped.
"""

from __future__ import annotations

from apps.freebsd.values.addresses import InterfaceAddress, IpAddress, IpNetwork, JailAddresses, is_private
from apps.freebsd.values.locations import DEFAULT_MIRROR, AbsolutePath, Mirror
from apps.freebsd.values.names import FlavourName, InterfaceName, JailName, RunId, safe_name
from apps.freebsd.values.releases import Release

__all__ = [
    "DEFAULT_MIRROR",
    "AbsolutePath",
    "FlavourName",
    "InterfaceAddress",
    "InterfaceName",
    "IpAddress",
    "IpNetwork",
    "JailAddresses",
    "JailName",
    "Mirror",
    "Release",
    "RunId",
    "is_private",
    "safe_name",
]
