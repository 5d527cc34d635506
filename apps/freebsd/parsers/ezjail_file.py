"""One jail's file below /usr/local/etc/ezjail: shell that root runs, read here without a shell.

ezjail sources the file and takes `jail_<safe name>_<variable>`. What is read is what a shell would make of it
for certain; a value that it would compute, or that other shell in the file may change, is in doubt and never
guessed. All of the file is kept to the byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.parsers.lines import excerpt
from apps.freebsd.shellfile import ShellFile
from apps.freebsd.values import InterfaceAddress

VARIABLES = (
    "hostname", "ip", "rootdir", "exec_start", "exec_stop", "mount_enable", "devfs_enable", "devfs_ruleset",
    "procfs_enable", "fdescfs_enable", "image", "imagetype", "attachparams", "attachblocking",
    "forceblocking", "zfs_datasets", "cpuset", "fib", "parentzfs", "parameters", "post_start_script",
    "retention_policy",
)  # fmt: skip
# The last variable of the files that older ezjails wrote; a file that ends elsewhere was cut short.
OLD_ENDS = frozenset({"forceblocking", "fib", "post_start_script"})

_MORE_ADDRESSES = re.compile(r"ip_multi[0-9]+")
_MOST_SHOWN = 3


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
        variables: What follows `jail_<safe name>_` in the names that it sets.
        is_ezjails: Whether `ezjail-admin config` keeps all that it says: a comment, or variables of ezjail.
    """

    text: str
    variables: tuple[str, ...]
    is_ezjails: bool


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
        values: What is certain, by variable without `jail_<safe name>_`.
        doubts: Why a variable is not certain, by variable.
        root: Its root directory.
    """

    safe_name: str
    lines: tuple[Line, ...]
    values: Mapping[str, str]
    doubts: Mapping[str, str]
    root: str

    def value(self, variable: str) -> str:
        """Return what the shell sees for `variable`: the last value that is set, or nothing."""
        return self.values.get(variable, "")

    @property
    def hostname(self) -> str:
        """The jail's name; empty when the file gives none for certain."""
        return self.value("hostname")

    @property
    def kind(self) -> JailKind:
        """What the root is."""
        return _KINDS.get(self.value("imagetype"), JailKind.DIRECTORY)

    @property
    def addresses(self) -> tuple[ObservedAddress, ...]:
        """Its addresses in order; the first IPv4 address is what 127.0.0.1 means inside."""
        more = [name for name in self.values if _MORE_ADDRESSES.fullmatch(name)]
        lists = [self.value(name) for name in ("ip", *more)]
        return tuple(_observed(part) for text in lists if text for part in text.split(","))

    @property
    def has_all_addresses(self) -> bool:
        """Whether no variable that holds addresses is in doubt."""
        return not any(name == "ip" or _MORE_ADDRESSES.fullmatch(name) for name in self.doubts)

    @property
    def blocking(self) -> bool:
        """Whether it is passed over at boot, since starting it may ask for a passphrase."""
        return "YES" in (self.value("attachblocking"), self.value("forceblocking"))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Its jail(8) parameters, such as `allow.raw_sockets=1`."""
        return tuple(self.value("parameters").split())

    @property
    def missing(self) -> tuple[str, ...]:
        """The variables of ezjail that it does not set, as in files of older ezjails; they count as empty."""
        return tuple(name for name in VARIABLES if name not in self.values and name not in self.doubts)

    @property
    def unknown(self) -> tuple[Line, ...]:
        """The statements that `ezjail-admin config` would drop."""
        return tuple(line for line in self.lines if not line.is_ezjails)

    @property
    def problem(self) -> str:
        """A sentence on what is in doubt, or empty."""
        known = [name for name in self.doubts if name in VARIABLES or _MORE_ADDRESSES.fullmatch(name)]
        if not known:
            return ""
        shown = ", ".join(known[:_MOST_SHOWN]) + (
            f" and {len(known) - _MOST_SHOWN} more" if len(known) > _MOST_SHOWN else ""
        )
        return f"What the jail file says of {shown} is not sure: {self.doubts[known[0]]}"

    def render(self) -> str:
        """Return the file as it was, to the byte."""
        return "".join(line.text for line in self.lines)


def parse_ezjail_file(text: str, safe_name: str) -> EzjailJail:
    """Read one jail's file.

    Args:
        text: The whole file; bytes that are no UTF-8 as os.fsdecode gives them.
        safe_name: Its name without `.norun`.

    Raises:
        ParseError: It is cut short, or does not say for certain where the jail's root is.

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
    lines = _lines(file, prefix)
    values, doubts = _read(file, prefix)
    _check_whole(text, lines, safe_name)
    return EzjailJail(safe_name, lines, values, doubts, _root(values, doubts, safe_name))


def _lines(file: ShellFile, prefix: str) -> tuple[Line, ...]:
    made = []
    for piece in file.pieces:
        text = piece.raw.decode("utf-8", "surrogateescape")
        names = [one.name.decode() for one in piece.assignments]
        variables = tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))
        known = [name for name in variables if name in VARIABLES]
        made.append(Line(text, variables, _is_comment(text) or 0 < len(known) == piece.operands))
    return tuple(made)


def _read(file: ShellFile, prefix: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the variables that are certain, and why others are not."""
    values: dict[str, str] = {}
    doubts: dict[str, str] = {}
    named = [name.removeprefix(prefix) for name in file.names if name.startswith(prefix)]
    for variable in dict.fromkeys((*named, *VARIABLES)):
        found = file.reading(f"{prefix}{variable}")
        if doubt := found.doubt if found else file.doubt(f"{prefix}{variable}"):
            doubts[variable] = doubt
        elif found:
            _take(values, doubts, variable, found.text, found.words)
    return values, doubts


def _take(
    values: dict[str, str], doubts: dict[str, str], variable: str, text: str | None, words: str
) -> None:
    if text is None:
        doubts[variable] = f"the shell computes “{excerpt(words)}”."
    elif not _is_text(text):
        doubts[variable] = "it holds bytes that are no text."
    else:
        values[variable] = text


def _is_text(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _check_whole(text: str, lines: tuple[Line, ...], safe_name: str) -> None:
    """Refuse what ezjail began to write and did not end; others that lack variables are by hand, or old.

    Source: reference ezjail §11 (create: during config write).
    """
    held = {name for line in lines for name in line.variables}
    there = tuple(name for name in VARIABLES if name in held)
    missing = [name for name in VARIABLES if name not in held]
    if missing and (not there or _was_cut(text, lines, there)):
        raise ParseError(
            f"The jail file {safe_name} lacks {len(missing)} of its {len(VARIABLES)} variables, the first is "
            f"jail_{safe_name}_{missing[0]}: it was cut short, or belongs to another jail."
        )
    if text.endswith("="):
        raise ParseError(f"The jail file {safe_name} was cut short: it ends before its last value.")


def _was_cut(text: str, lines: tuple[Line, ...], there: tuple[str, ...]) -> bool:
    """Whether a file that lacks variables is the beginning of a whole one, rather than an older ezjail's."""
    last = next((line.variables for line in reversed(lines) if line.text.strip()), ())
    ends_a_line = text.endswith("\n")
    if there == VARIABLES[: len(there)] and last[-1:] == there[-1:]:
        return there[-1] not in OLD_ENDS or not ends_a_line
    return not (ends_a_line or last)


def _root(values: Mapping[str, str], doubts: Mapping[str, str], safe_name: str) -> str:
    if doubt := doubts.get("rootdir"):
        raise ParseError(f"What the jail file says of jail_{safe_name}_rootdir is not sure: {doubt}")
    if not values.get("rootdir", "").startswith("/"):
        raise ParseError(f"The jail file {safe_name} names no absolute root directory.")
    return values["rootdir"]


def _observed(text: str) -> ObservedAddress:
    try:
        return ObservedAddress(text, InterfaceAddress.parse_observed(text))
    except InvalidInput:
        return ObservedAddress(text, None)


def _is_comment(text: str) -> bool:
    return not text.strip() or text.lstrip().startswith("#")
