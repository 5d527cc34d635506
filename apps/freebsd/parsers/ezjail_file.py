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
from apps.freebsd.values import InterfaceAddress

VARIABLES = (
    "hostname", "ip", "rootdir", "exec_start", "exec_stop", "mount_enable", "devfs_enable", "devfs_ruleset",
    "procfs_enable", "fdescfs_enable", "image", "imagetype", "attachparams", "attachblocking",
    "forceblocking", "zfs_datasets", "cpuset", "fib", "parentzfs", "parameters", "post_start_script",
    "retention_policy",
)  # fmt: skip

_SETS = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<rest>.*)", re.DOTALL)
_VALUE = re.compile(
    r"""(?:"(?P<double>[^"\\$`]*)"|'(?P<single>[^']*)'|(?P<bare>[A-Za-z0-9_./:,@%+=-]*))(?:\s+\#.*|\s*;?\s*)""",
    re.DOTALL | re.VERBOSE,
)
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_TRICKY = frozenset("'\\#")
_WORD_ENDS = " \t;&|()"  # after these a # begins a comment
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
    """One statement of the file, which is one line but where a quoted value goes on.

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
    lines = tuple(_line(statement, f"jail_{safe_name}_") for statement in _statements(text))
    values = {line.variable: line.value or "" for line in lines if line.variable}
    _check_whole(values, safe_name)
    return EzjailJail(
        safe_name=safe_name,
        lines=lines,
        hostname=values["hostname"],
        root=values["rootdir"],
        kind=_KINDS.get(values["imagetype"], JailKind.DIRECTORY),
        addresses=_addresses(values),
    )


def _check_whole(values: dict[str, str], safe_name: str) -> None:
    missing = [variable for variable in VARIABLES if variable not in values]
    if missing:
        raise ParseError(
            f"The jail file {safe_name} lacks {len(missing)} of its {len(VARIABLES)} variables, the first is "
            f"jail_{safe_name}_{missing[0]}: it was cut short, or belongs to another jail or another ezjail."
        )
    if not values["hostname"] or not values["rootdir"].startswith("/"):
        raise ParseError(f"The jail file {safe_name} names no host name or no absolute root directory.")


def _line(statement: str, prefix: str) -> Line:
    form = _SETS.fullmatch(statement)
    if form is None or not form["name"].startswith(prefix):
        return Line(statement)
    variable = form["name"].removeprefix(prefix)
    value = _plain_value(form["rest"])
    if value is None and variable in VARIABLES:
        raise ParseError(f"The value in “{excerpt(statement)}” is no plain text, or was cut short.")
    return Line(statement, variable, value)


def _plain_value(rest: str) -> str | None:
    form = _VALUE.fullmatch(rest)
    if form is None:
        return None
    if form["bare"] is not None:
        # Without quotes nothing but the line feed shows that the value is whole.
        return form["bare"] if rest.endswith("\n") else None
    return form["double"] if form["double"] is not None else form["single"]


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


def _statements(text: str) -> list[str]:
    statements: list[str] = []
    quote = ""
    for line in _LINES.findall(text):
        if quote:
            statements[-1] += line
        else:
            statements.append(line)
        quote = _quote_left_open(line, quote)
    if quote:
        raise ParseError(f"The jail file was cut short: “{excerpt(statements[-1])}” has no closing quote.")
    return statements


def _quote_left_open(line: str, quote: str) -> str:
    """Return the quote that a shell still waits for at the end of `line`, having begun it within `quote`."""
    if not quote and line.count('"') in (0, 2) and not _TRICKY & set(line):
        return ""  # nearly every line; a probe may bring a thousand files
    before, escaped = " ", False
    for char in line:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif char == "#" and not quote and before in _WORD_ENDS:
            return ""
        elif char in "'\"" and quote in ("", char):
            quote = "" if quote else char
        before = char
    return quote
