"""Whole probes, put together from what a real 13.2 host said (captures) and the agent's own sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.parsers.sections import FactSections, Section
from tests.freebsd.cases import captured

if TYPE_CHECKING:
    from collections.abc import Mapping

NONCE = "0123456789abcdef" * 2

_LINKS = (
    "bin", "boot", "lib", "libexec", "rescue", "sbin", "usr/bin", "usr/include", "usr/lib", "usr/libdata",
    "usr/libexec", "usr/sbin", "usr/src", "usr/share", "usr/lib32", "usr/ports",
)  # fmt: skip

WHOLE_BASEJAIL = (
    "basejail/bin/sh file\nbasejail/libexec/ld-elf.so.1 file\nbasejail/usr/bin/env file\n"
    "basejail/bin/freebsd-version file\nbasejail/usr/lib32 missing\nbasejail/usr/src dir\n"
    "basejail/usr/src/Makefile missing\nbasejail/usr/ports missing\nbasejail/usr/ports/Makefile missing\n"
    "newjail/etc/rc file\nnewjail/basejail dir\n"
    + "".join(f"newjail/{part} link /basejail/{part}\n" for part in _LINKS)
    + "fulljail missing\nezjailtemp missing\n"
)

SETTINGS = (
    "jaildir=/usr/jails\njailbase=/usr/jails/basejail\njailtemplate=/usr/jails/newjail\n"
    "flavours_dir=/usr/jails/flavours\narchivedir=/usr/jails/ezjail_archives\nftphost=ftp.freebsd.org\nuse_zfs=NO\n"
    "use_zfs_for_jails=\njailzfs=\ndefault_flavour=\nexec_stop=\n"
)

ROOTS = (
    "d basejail\nd flavours\nd newjail\nd six\nd test\nd two.example\n"
    "root /usr/jails/six yes\nroot /usr/jails/test yes\nroot /usr/jails/two.example yes\n"
)


def jail_file(name: str, safe_name: str, addresses: str) -> str:
    """Return the file of a jail as ezjail writes it."""
    text = str(captured("ezjail")["file-test"]["stdout"])
    text = text.replace("jail_test_", f"jail_{safe_name}_").replace('hostname="test"', f'hostname="{name}"')
    return text.replace("/usr/jails/test", f"/usr/jails/{name}").replace("lo0|10.0.0.2/24", addresses)


def out(text: str, status: int = 0, stderr: str = "") -> Section:
    """Return a section that printed `text`."""
    return Section(text.encode(), stderr.encode(), status)


def _said(file: str, case: str) -> Section:
    found = captured(file)[case]
    return out(found["stdout"], found["exit_status"], found["stderr"])


def whole_probe(**changed: Section | None) -> FactSections:
    """Return the sections of a probe of the captured host while test, two.example and six run.

    Args:
        changed: Sections to put in place of the captured ones, with `__` for `-` in keys and `_file_`,
            `_fstab_` for `file:`, `fstab:`; None leaves a section out.
    """
    sections: dict[str, Section | None] = {
        "now": out("1795486510\n"),
        "id": out("0\n"),
        "uname": _said("host", "uname"),
        "version": _said("host", "freebsd-version"),
        "sysctl": _said("host", "sysctl-facts"),
        "jails": _said("jls", "json-named"),
        "jailsv": _said("jls", "json-verbose"),
        "interfaces": _said("jail", "ifconfig-host"),
        "mounts": _said("jail", "mounts"),
        "df": _said("host", "df-json"),
        "ezjail-version": out("ezjail-admin v3.4.2\n"),
        "ezjail-enable": out("YES\n"),
        "ezjail-conf": out("", 1, "not a regular file"),
        "ezjail-settings": out(SETTINGS),
        "jail-files": out("six\ntest\ntwo_example\n"),
        "jail-files-odd": out("0\n"),
        "file:six": out(jail_file("six", "six", "lo1|10.0.0.7/24,lo1|fd00::7/64")),
        "file:test": _said("ezjail", "file-test"),
        "file:two_example": _said("ezjail", "file-two"),
        "fstab:test": _said("ezjail", "fstab-test"),
        "id-files": out("six 3\ntest 1\ntwo_example 2\n"),
        "jail-roots": out(ROOTS),
        "jail-roots-odd": out("0\n"),
        "flavours": out("example\n"),
        "basejail": out(WHOLE_BASEJAIL),
        "basejail-release": out('USERLAND_VERSION="13.2-RELEASE"\n'),
    }
    for name, section in changed.items():
        key = name.replace("_file_", "file:").replace("_fstab_", "fstab:").replace("__", "-")
        sections[key] = section
    return {key: section for key, section in sections.items() if section is not None}


def envelope(sections: Mapping[str, Section], *, nonce: str = NONCE, done: int = 0) -> bytes:
    """Return the sections as the agent sends them."""
    whole = {**sections, "done": Section(b"", b"", done)}
    return b"".join(_enveloped(key, section, nonce) for key, section in whole.items())


def _enveloped(key: str, section: Section, nonce: str) -> bytes:
    out_mark, err_mark = (f"\n@@{nonce} {stream} {key}\n".encode() for stream in ("OUT", "ERR"))
    closing = f"\n@@{nonce} RC {key} {section.status}\n".encode()
    return out_mark + section.stdout + err_mark + section.stderr + closing
