"""What `ezjail-admin config -n` leaves of a jail's file and of its fstab, and what has to be put back.

ezjail writes the file anew from the 22 variables that it knows and the lines that begin with #; all else is
lost, and so are lines that someone added to the fstab.

Source: reference ezjail §0.7, §3.2, §3.3, §3.5, §5; captures ezjail (config-rename, file-renamed).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from apps.freebsd.errors import Conflict
from apps.freebsd.jail_file import JailFile
from apps.freebsd.parsers.ezjail_file import VARIABLES
from apps.freebsd.shellfile import Kind, Piece
from apps.freebsd.values import JailName

FILE_IMAGES = ("simple", "bde", "eli")


@dataclass(frozen=True, slots=True)
class Renamed:
    """A jail before and after its rename.

    Args:
        file: Its file as it is.
        fstab: Its /etc/fstab.SAFENAME as it is; empty when there is none.
        new: The name that it gets.
        jaildir: ezjail's directory of roots.
        jailbase: The basejail.
        jailzfs: The dataset above all others, which counts where the jail names none; or empty.
        fstab_root: Where the fstab says that the root is, when that is not where the file says.
    """

    file: JailFile
    fstab: str
    new: JailName
    jaildir: str
    jailbase: str
    jailzfs: str = ""
    fstab_root: str = ""
    values: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._check_certain()
        self.values.update({name: self.file.value(name) for name in VARIABLES})
        self.values["exec_start"] = self.values["exec_start"] or self.file.value("exec")
        self.values["parentzfs"] = self.values["parentzfs"] or self.jailzfs
        self._move()

    def _check_certain(self) -> None:
        """Refuse a file of which nobody knows what ezjail would make.

        Raises:
            Conflict: It is one.
        """
        for name in VARIABLES:
            if doubt := self.file.doubt(name):
                raise Conflict(
                    f"{name} in ezjail's file is not certain, so the panel renames nothing: {doubt}"
                )

    @property
    def old_root(self) -> str:
        """Where its root is."""
        return self.file.value("rootdir")

    @property
    def new_root(self) -> str:
        """Where its root will be."""
        return self.values["rootdir"]

    @property
    def moves(self) -> bool:
        """Whether ezjail moves the root: only where it is where the name says."""
        return self.new_root != self.old_root

    def _move(self) -> None:
        was = self.old_root
        if was == f"{self.jaildir}/{self.file.value('hostname')}":
            self.values["rootdir"] = f"{self.jaildir}/{self.new}"
        if self._is_image and self.moves and self.values["image"] == f"{was}.img":
            self.values["image"] = f"{self.new_root}.img"
        self.values["hostname"] = self.new.hostname

    @property
    def _is_image(self) -> bool:
        return self.values["imagetype"] in FILE_IMAGES

    def file_as_ezjail_writes_it(self) -> str:
        """Return the new file's text right after the call."""
        lines = self.file.text.splitlines(keepends=True)
        header = "".join(line for line in lines if line.startswith("#"))
        prefix = f"jail_{self.new.safe_name}_"
        exports = "".join(f'export {prefix}{name}="{self.values[name]}"\n' for name in VARIABLES)
        return f"{header}\n{exports}"

    def file_with_the_rest(self) -> str:
        """Return the new file's text with what ezjail drops put back behind it.

        Raises:
            Conflict: The rest would change what ezjail's own variables say.
        """
        plain = self.file_as_ezjail_writes_it()
        rest = [
            self._under_the_new_name(piece) for piece in self.file.shell.pieces if self._is_dropped(piece)
        ]
        if not rest:
            return plain
        whole = plain + "".join(text if text.endswith("\n") else f"{text}\n" for text in rest)
        self._check(whole)
        return whole

    def _is_dropped(self, piece: Piece) -> bool:
        if piece.kind is Kind.BLANK:
            return False
        if piece.kind is Kind.COMMENT:
            return not self._begins_line(piece) or not piece.raw.startswith(b"#")
        if piece.kind is Kind.KEPT:
            return True
        names = [made.name.decode() for made in piece.assignments]
        known = {f"{self.file.prefix}{name}" for name in (*VARIABLES, "exec")}
        return not set(names) <= known or piece.operands != len(names)

    def _begins_line(self, piece: Piece) -> bool:
        return piece.start == 0 or self.file.shell.data[piece.start - 1 : piece.start] == b"\n"

    def _under_the_new_name(self, piece: Piece) -> str:
        text = piece.raw.decode("utf-8", "surrogateescape").lstrip(" \t")
        return re.sub(rf"(?<![A-Za-z0-9_]){self.file.prefix}", f"jail_{self.new.safe_name}_", text)

    def _check(self, whole: str) -> None:
        made = JailFile(self.new.safe_name, whole)
        for name in VARIABLES:
            if made.doubt(name) or made.value(name) != self.values[name]:
                raise Conflict(
                    f"ezjail's file has shell in it that has to do with {name}, and that the panel cannot "
                    "carry over to the new name with certainty: rename this jail by hand."
                )

    def fstab_as_ezjail_writes_it(self) -> str:
        """Return the new fstab's text right after the call."""
        return self._standard(self.new_root)

    def fstab_with_the_rest(self) -> str:
        """Return the new fstab's text with the lines that someone added put back, at the new root."""
        usual = [line.split() for line in self._standard(self.fstab_root or self.old_root).splitlines()]
        lines = self.fstab.splitlines()
        rest = [self._at_the_new_root(line) for line in lines if line.split() not in usual]
        while rest and not rest[-1].strip():
            rest.pop()
        return self.fstab_as_ezjail_writes_it() + "".join(f"{line}\n" for line in rest)

    def _standard(self, root: str) -> str:
        device = f"{root}.device {root} ufs rw 0 0\n" if self._is_image else ""
        return f"{device}{self.jailbase} {root}/basejail nullfs ro 0 0\n"

    def _at_the_new_root(self, line: str) -> str:
        root = re.escape(self.fstab_root or self.old_root)
        return re.sub(rf"(?<!\S){root}(?=[/\s]|$)", lambda _: self.new_root, line)
