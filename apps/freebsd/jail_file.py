"""ezjail's file of one jail, changed variable by variable: what is not asked for stays to the byte.

`ezjail-admin config` writes the whole file anew from the variables that it knows, so it is never used for
this. Source: reference ezjail §0.7, §3.2, §3.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_variables import check_jail_value, jail_variable
from apps.freebsd.shellfile import ShellFile

CONTROL = "/usr/local/etc/ezjail"
LONGEST_VALUE = 4096
_NUMBERED = re.compile(r"[0-9]+")
LOST = "\N{REPLACEMENT CHARACTER}"  # what a look puts where a file holds bytes that are no text


def jail_file_path(safe_name: str, *, runs_at_boot: bool) -> str:
    """Return where a jail's file is: its ending says whether the jail runs at boot."""
    return f"{CONTROL}/{safe_name}{'' if runs_at_boot else '.norun'}"


class JailFile:
    """A jail's file; it never changes, `changed` returns another.

    Args:
        safe_name: The jail's name in files and in the kernel.
        text: The whole file.
    """

    def __init__(self, safe_name: str, text: str) -> None:
        self.safe_name = safe_name
        self.text = text
        self.prefix = f"jail_{safe_name}_"
        self.shell = ShellFile(text.encode("utf-8", "surrogateescape"))

    @property
    def problem(self) -> str:
        """Why nothing in it can be changed with certainty, or empty."""
        if not self.text:
            return "The panel has not seen ezjail's file of this jail yet."
        if LOST in self.text:
            return "ezjail's file holds bytes that are no text: change it by hand."
        if self.shell.problem:
            return f"ezjail's file was cut short or is no sh: {self.shell.problem}. Change it by hand."
        return ""

    @property
    def variables(self) -> tuple[str, ...]:
        """Its own variables without `jail_SAFENAME_`, in the order in which they stand there first."""
        return tuple(
            name.removeprefix(self.prefix) for name in self.shell.names if name.startswith(self.prefix)
        )

    def value(self, variable: str) -> str:
        """Return what it says of a variable; nothing where it says nothing, or has the shell compute it."""
        found = self.shell.reading(self.prefix + variable)
        return "" if found is None or found.text is None else found.text

    def numbered(self, stem: str) -> tuple[str, ...]:
        """Return its variables that are `stem` and a number, by number."""
        found = [name for name in self.variables if _NUMBERED.fullmatch(name.removeprefix(stem) or "-")]
        found = [name for name in found if name.startswith(stem)]
        return tuple(sorted(found, key=lambda name: int(name.removeprefix(stem))))

    def doubt(self, variable: str) -> str:
        """Return why a variable cannot be changed with certainty, or empty."""
        if self.problem:
            return self.problem
        found = self.shell.reading(self.prefix + variable)
        if found is not None and found.text is None:
            return f"The shell computes it, from {found.words}: change it by hand."
        doubt = self.shell.doubt(self.prefix + variable)
        return f"{doubt} Change it by hand." if doubt else ""

    def changed(self, values: Mapping[str, str | None]) -> Self:
        """Return the file with some variables set, or taken out where the value is None.

        Raises:
            InvalidInput: A value may not stand in such a file; `field` is its variable.
            ParseError: The file has shell in it that we cannot follow and that may set one of them.
        """
        shell = self.shell
        for variable, value in values.items():
            name = self.prefix + variable
            if value is None:
                shell = shell.unset(name)
            else:
                shell = shell.set(name, check_value(variable, value), beside=self.prefix, export=True)
        return type(self)(self.safe_name, shell.data.decode("utf-8", "surrogateescape"))


def check_value(variable: str, text: str) -> str:
    """Return a value that a variable of a jail's file may have.

    Raises:
        InvalidInput: It may not; `field` is the variable.
    """
    if len(text) > LONGEST_VALUE:
        raise InvalidInput(f"A value can have at most {LONGEST_VALUE} characters.", field=variable)
    known = jail_variable(variable)
    try:
        check_jail_value(text)
        if known is not None:
            known.read(text)
    except InvalidInput as error:
        raise InvalidInput(error.message, field=variable) from None
    return text
