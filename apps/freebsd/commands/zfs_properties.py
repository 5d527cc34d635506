"""zfs set: the few properties of a jail's dataset that the panel sets.

ezjail itself gives properties to `zfs create` and does not look whether that worked; set as steps of their
own they are, and one that fails ends the job.

Source: zfsprops(7); reference ezjail §7.
"""

from __future__ import annotations

from apps.freebsd.commands import Command
from apps.freebsd.commands.new_jail import check_dataset, size_bytes
from apps.freebsd.commands.zfs import ZFS
from apps.freebsd.errors import InvalidInput

COMPRESSIONS = ("off", "on", "lz4", "zstd", "gzip")
SIZES = ("quota", "reservation")
PROPERTIES = ("compression", *SIZES)
SET_TIMEOUT_S = 60

_MEANING = {
    "compression": "Compress what is written to {} from now on with {}",
    "quota": "Let {} and what is below it take no more than {}",
    "reservation": "Keep for {} and what is below it {} of the pool, whether it is used or not",
}


def set_property(dataset: str, name: str, value: str) -> Command:
    """Build the call that sets a property of a dataset.

    Args:
        dataset: The jail's dataset.
        name: One of PROPERTIES.
        value: One of COMPRESSIONS, or a size such as 10g.

    Raises:
        InvalidInput: It is no such property, value or dataset; `field` says which property.
    """
    check_property(name, value)
    argv = (ZFS, "set", f"{name}={value}", check_dataset(dataset))
    undo = f"{ZFS} inherit {name} {dataset}" if name == "compression" else f"{ZFS} set {name}=none {dataset}"
    return Command(argv, f"{_MEANING[name].format(dataset, value)}.", undo=undo, timeout_s=SET_TIMEOUT_S)


def check_property(name: str, value: str) -> None:
    """Refuse what is no property that the panel sets, or no value of it.

    Raises:
        InvalidInput: `field` is the property's name.
    """
    if name not in PROPERTIES:
        raise InvalidInput(f"The panel sets no property {name}.", field=name)
    if name == "compression" and value not in COMPRESSIONS:
        raise InvalidInput(f"“{value}” is none of {', '.join(COMPRESSIONS)}.", field=name)
    if name in SIZES:
        try:
            size_bytes(value)
        except InvalidInput as error:
            raise InvalidInput(error.message, field=name) from None
