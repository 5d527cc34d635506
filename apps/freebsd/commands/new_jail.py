"""What `ezjail-admin create` can be told of a new jail besides its name and addresses.

Source: reference ezjail §7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput

if TYPE_CHECKING:
    from apps.freebsd.values import AbsolutePath, FlavourName

_SIZE = re.compile(r"(?P<number>[1-9][0-9]{0,8})(?P<unit>[kmg])", re.IGNORECASE)
_UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3}
_DATASET = re.compile(r"[A-Za-z][A-Za-z0-9._:-]*(?:/[A-Za-z0-9][A-Za-z0-9._:-]*)*")


class Storage(StrEnum):
    """What the jail's root is to be."""

    HOSTS = ""  # what ezjail.conf makes of every jail: a directory, or a dataset
    ZFS = "zfs"
    IMAGE = "image"
    ELI = "eli"


def size_bytes(text: str) -> int:
    """Return how many bytes a size such as 10g is.

    Raises:
        InvalidInput: It is none that ezjail and zfs both understand.
    """
    form = _SIZE.fullmatch(text)
    if form is None:
        raise InvalidInput("A size is a whole number and k, m or g, as in 10g.", field="size")
    return int(form["number"]) * _UNITS[form["unit"].lower()]


def check_dataset(text: str) -> str:
    """Return a dataset's name that may be passed on.

    Raises:
        InvalidInput: It is none.
    """
    if len(text) > 200 or not _DATASET.fullmatch(text):
        raise InvalidInput(
            "A dataset's name is as in zroot/ezjail: letters, digits and . _ : - between the /.",
            field="parent",
        )
    return text


@dataclass(frozen=True, slots=True)
class CreateOptions:
    """The options of create that change what is made.

    Args:
        more_flavours: Laid over the jail after its first flavour, in order.
        root: Where its root goes; None where ezjail puts it.
        storage: What its root is.
        parent: The dataset above the jail's own; for ZFS.
        size: How large the image is, such as 10g.
        archive: The archive that fills the root instead of the template.
        blocking: Whether the jail is passed over at boot in any case.
        keep_snapshot: Whether the snapshot that its dataset began as is kept.

    Raises:
        InvalidInput: ezjail would refuse these together, or do another thing; `field` says which.
    """

    more_flavours: tuple[FlavourName, ...] = ()
    root: AbsolutePath | None = None
    storage: Storage = Storage.HOSTS
    parent: str = ""
    size: str = ""
    archive: AbsolutePath | None = None
    blocking: bool = False
    keep_snapshot: bool = False

    def __post_init__(self) -> None:
        self._check_size()
        self._check_parent()
        if self.archive and self.more_flavours:
            raise InvalidInput("ezjail lays no flavour over what comes from an archive.", field="archive")

    def _check_size(self) -> None:
        if self.storage not in (Storage.IMAGE, Storage.ELI):
            if self.size:
                raise InvalidInput("Only an image has a size; a dataset can have a quota.", field="size")
        elif not self.size:
            raise InvalidInput("An image needs a size, for example 10g.", field="size")
        else:
            size_bytes(self.size)

    def _check_parent(self) -> None:
        if self.storage is Storage.ZFS:
            check_dataset(self.parent)
        elif self.parent:
            raise InvalidInput("Only a jail on a dataset has a dataset above it.", field="parent")

    @property
    def image_type(self) -> str:
        """What ezjail calls the image; empty where it is none."""
        return {Storage.IMAGE: "simple", Storage.ELI: "eli"}.get(self.storage, "")

    def words(self, flavour: FlavourName | None) -> tuple[str, ...]:
        """Return the options as create is told them, in the one order that the host agent lets through."""
        flavours = " ".join(map(str, (*((flavour,) if flavour else ()), *self.more_flavours)))
        return (
            *(("-f", flavours) if flavours else ()),
            *(("-r", str(self.root)) if self.root else ()),
            *(("-i", "-s", self.size) if self.storage is Storage.IMAGE else ()),
            *(("-c", "eli", "-s", self.size) if self.storage is Storage.ELI else ()),
            *(("-z", self.parent) if self.storage is Storage.ZFS else ()),
            *(("-a", str(self.archive)) if self.archive else ()),
            *(("-b",) * self.blocking),
            *(("-k",) * self.keep_snapshot),
        )

    def reasons(self) -> list[str]:
        """Return what each option is for, a clause each."""
        storage = {
            Storage.IMAGE: f"-i makes it an image file of {self.size}, which is written in full",
            Storage.ELI: (
                f"-c eli makes it an encrypted image file of {self.size}, filled with random bytes before "
                "geli asks for a new passphrase, twice and then once more, for two hours at most"
            ),
            Storage.ZFS: (
                f"-z makes it a dataset below {self.parent}, and since ezjail does not look whether zfs "
                "could, the panel does"
            ),
        }
        said = {
            f"-r puts its root at {self.root}": self.root,
            storage.get(self.storage, ""): self.storage,
            "-a fills it from the archive, of whose settings nothing is taken over": self.archive,
            "-b has it passed over when the host boots": self.blocking,
            "-k keeps the snapshot that it began as, for freeze to compare with": self.keep_snapshot,
        }
        return [clause for clause, holds in said.items() if holds]
