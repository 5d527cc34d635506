"""What a jail was set to, put back into the file that `create -a` makes anew for it.

An archive brings back files alone: ezjail's restore drops cpuset, fib, parameters, hooks and all that it does
not know, and create writes what ezjail.conf says.

Source: reference ezjail §0.8, §3.2, §8.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from apps.freebsd.shellfile import ShellFile
from apps.freebsd.values import JailName

# What the jail is by now, whatever it was.
_NEW = ("hostname", "ip", "rootdir", "image", "imagetype", "parentzfs")
_ADDRESSES = re.compile(r"ip_multi\d+|vnet_interface|interface")


def restored_text(old: str, old_safe_name: str, name: JailName, values: Mapping[str, str]) -> str:
    """Return a jail's old file for the jail as it is made now.

    Args:
        old: The old file.
        old_safe_name: What its variables are named after.
        name: The jail's name now.
        values: What create writes for it, by variable.

    Raises:
        ParseError: The old file has shell in it that we cannot follow.
        InvalidInput: A value may not stand in such a file.
    """
    prefix = f"jail_{name.safe_name}_"
    text = re.sub(rf"(?<![A-Za-z0-9_])jail_{re.escape(old_safe_name)}_", prefix, old)
    file = ShellFile(text.encode("utf-8", "surrogateescape"))
    for key in _NEW:
        file = file.set(prefix + key, values[key], export=True)
    if name.safe_name != old_safe_name:
        for variable in file.names:
            if _ADDRESSES.fullmatch(variable.removeprefix(prefix)):
                file = file.unset(variable)
    return file.data.decode("utf-8", "surrogateescape")


def restored_fstab(old: str, old_root: str, root: str) -> str:
    """Return a jail's old fstab for its root now.

    Args:
        old: The old fstab.
        old_root: Where its root was.
        root: Where it is now.
    """
    return old.replace(f"{old_root}/", f"{root}/") if old_root else old
