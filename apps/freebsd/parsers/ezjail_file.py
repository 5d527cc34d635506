"""One jail's file below /usr/local/etc/ezjail: shell that root runs, read here without a shell.

ezjail sources the file and takes `jail_<safe name>_<variable>`. We read assignments of plain text only: a
value that a shell would compute is refused, never guessed. What we don't know is kept to the byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.parsers.lines import excerpt
from apps.freebsd.shellfile import Kind, ShellFile
from apps.freebsd.values import InterfaceAddress

VARIABLES = (
    "hostname", "ip", "rootdir", "exec_start", "exec_stop", "mount_enable", "devfs_enable", "devfs_ruleset",
    "procfs_enable", "fdescfs_enable", "image", "imagetype", "attachparams", "attachblocking",
    "forceblocking", "zfs_datasets", "cpuset", "fib", "parentzfs", "parameters", "post_start_script",
    "retention_policy",
)  # fmt: skip

_PLAIN = re.compile(rb"""(?:"[^"\\$`]*"|'[^']*'|(?P<bare>[A-Za-z0-9_./:,@%+=-]*))""")
_SETS = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=")
_MORE_ADDRESSES = re.compile(r"ip_multi[0-9]+")


class JailKind(StrEnum):
    """What a jail's root is, by the letter that `ezjail-admin list` shows."""

    DIRECTORY = "D"
    ZFS = "Z"
    IMAGE = "I"
    GBDE = "B"
    GELI = "E"


_KINDS = {"zfs": JailKind.ZFS, "simple": JailKind.IMAGE, "bde": JailKind.GBDE, "eli": JailKind.GELI}


@dataclass(frozen=True, slots=True)
class Line:
    """One piece of the file: a line, but where a statement goes on over several or shares one.

    Args:
        text: It to the byte, with its line feed.
        variable: What follows `jail_<safe name>_`, when it sets a variable of this jail.
        value: The value, when it is plain text.
    """

    text: str
    variable: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ObservedAddress:
    """One address as the file holds it, which may be anything: ezjail checks none.

    Args:
        text: To the byte.
        address: The address, or None when the text is none.
    """

    text: str
    address: InterfaceAddress | None


@dataclass(frozen=True, slots=True)
class EzjailJail:
    """A jail as its file describes it.

    Args:
        safe_name: The file's name without `.norun`.
        lines: The whole file.
        hostname: The jail's name.
        root: Its root directory.
        kind: What the root is.
        addresses: In order; the first IPv4 address is what 127.0.0.1 means inside.
    """

    safe_name: str
    lines: tuple[Line, ...]
    hostname: str
    root: str
    kind: JailKind
    addresses: tuple[ObservedAddress, ...]

    def value(self, variable: str) -> str:
        """Return what the shell would see for `variable`: the last value that is set, or nothing."""
        return next((line.value or "" for line in reversed(self.lines) if line.variable == variable), "")

    @property
    def blocking(self) -> bool:
        """Whether it is passed over at boot, since starting it may ask for a passphrase."""
        return "YES" in (self.value("attachblocking"), self.value("forceblocking"))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Its jail(8) parameters, such as `allow.raw_sockets=1`."""
        return tuple(self.value("parameters").split())

    @property
    def unknown(self) -> tuple[Line, ...]:
        """The statements that `ezjail-admin config` would drop."""
        return tuple(
            line for line in self.lines if line.variable not in VARIABLES and not _is_comment(line.text)
        )

    def render(self) -> str:
        """Return the file as it was, to the byte."""
        return "".join(line.text for line in self.lines)


def parse_ezjail_file(text: str, safe_name: str) -> EzjailJail:
    """Read one jail's file.

    Args:
        text: The whole file.
        safe_name: Its name without `.norun`.

    Raises:
        ParseError: It is cut short, a variable is missing, or a shell would compute a value that we need.

    Source: reference ezjail §3.2, §3.3, §3.6, §11; captures ezjail.json (file-test, file-two, file-renamed).
    """
    if "\0" in text:
        raise ParseError(f"The jail file {safe_name} holds NUL bytes, as after a crash of the host.")
    prefix = f"jail_{safe_name}_"
    file = ShellFile(text.encode("utf-8", "surrogateescape"))
    if file.problem:
        raise ParseError(
            f"The jail file was cut short or is no sh: in “{excerpt(file.kept[-1])}” {file.problem}."
        )
    lines = tuple(_line(file, at, prefix) for at in range(len(file.pieces)))
    values = {line.variable: line.value or "" for line in lines if line.variable}
    _check_whole(values, safe_name)
    _check_certain(file, prefix, values)
    return EzjailJail(
        safe_name=safe_name,
        lines=lines,
        hostname=values["hostname"],
        root=values["rootdir"],
        kind=_KINDS.get(values["imagetype"], JailKind.DIRECTORY),
        addresses=_addresses(values),
    )


def _check_certain(file: ShellFile, prefix: str, values: dict[str, str]) -> None:
    for variable in values:
        if variable in VARIABLES and (doubt := file.doubt(f"{prefix}{variable}")):
            raise ParseError(f"What the jail file says of {prefix}{variable} is not sure: {doubt}")


def _check_whole(values: dict[str, str], safe_name: str) -> None:
    missing = [variable for variable in VARIABLES if variable not in values]
    if missing:
        raise ParseError(
            f"The jail file {safe_name} lacks {len(missing)} of its {len(VARIABLES)} variables, the first is "
            f"jail_{safe_name}_{missing[0]}: it was cut short, or belongs to another jail or another ezjail."
        )
    if not values["hostname"] or not values["rootdir"].startswith("/"):
        raise ParseError(f"The jail file {safe_name} names no host name or no absolute root directory.")


def _line(file: ShellFile, at: int, prefix: str) -> Line:
    piece = file.pieces[at]
    text = piece.raw.decode("utf-8", "surrogateescape")
    ours = [made for made in piece.assignments if made.name.decode().startswith(prefix)]
    if not ours:
        if piece.kind is Kind.KEPT:
            _check_no_part_of_ours(text, prefix)
        return Line(text)
    variable = ours[0].name.decode().removeprefix(prefix)
    value = _plain_value(file, at) if len(ours) == 1 else None
    if value is None and any(made.name.decode().removeprefix(prefix) in VARIABLES for made in ours):
        raise ParseError(f"The value in “{excerpt(text)}” is no plain text, or was cut short.")
    return Line(text, variable, value)


def _check_no_part_of_ours(text: str, prefix: str) -> None:
    form = _SETS.match(text)
    if form and form["name"].startswith(prefix) and form["name"].removeprefix(prefix) in VARIABLES:
        raise ParseError(f"The value in “{excerpt(text)}” is no plain text, or was cut short.")


def _plain_value(file: ShellFile, at: int) -> str | None:
    """Return the value that a piece sets, or None unless it is one plain word on a line of its own."""
    piece = file.pieces[at]
    made = piece.assignments[0]
    form = _PLAIN.fullmatch(file.data, made.value_start, made.end)
    if form is None or made.text is None or not _is_alone(file, at):
        return None
    if form["bare"] is not None and made.end == len(file.data):
        return None  # Without quotes nothing but the line feed shows that the value is whole.
    return made.text.decode("utf-8", "surrogateescape")


def _is_alone(file: ShellFile, at: int) -> bool:
    piece, after = file.pieces[at], file.pieces[at + 1 : at + 2]
    begins_line = at == 0 or file.pieces[at - 1].raw.endswith(b"\n")
    ends_line = piece.raw.endswith(b"\n") or not after or after[0].kind in (Kind.BLANK, Kind.COMMENT)
    return begins_line and ends_line and piece.operands == 1


def _addresses(values: dict[str, str]) -> tuple[ObservedAddress, ...]:
    lists = [values["ip"], *(values[name] for name in values if _MORE_ADDRESSES.fullmatch(name))]
    return tuple(_observed(part) for text in lists if text for part in text.split(","))


def _observed(text: str) -> ObservedAddress:
    try:
        return ObservedAddress(text, InterfaceAddress.parse_observed(text))
    except InvalidInput:
        return ObservedAddress(text, None)


def _is_comment(text: str) -> bool:
    return not text.strip() or text.lstrip().startswith("#")
