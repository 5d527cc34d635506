"""The files of a new simulated host, as the installers of FreeBSD and of ezjail leave them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from apps.simulator import packages, world

if TYPE_CHECKING:
    from apps.simulator.files import Files
    from apps.simulator.spec import HostSpec

EZJAIL_CONF = "/usr/local/etc/ezjail.conf"
EXAMPLE = "/usr/local/share/examples/ezjail/example"
CONF_SAMPLE = """# ezjail.conf - Example file, see ezjail.conf(5)
#
# Location of jail root directories
# ezjail_jaildir=/usr/jails

# Location of your copy of FreeBSD's source tree
# ezjail_sourcetree=/usr/src

# This is where the install sub command defaults to fetch its packages from
# ezjail_ftphost=ftp.freebsd.org
"""
_DIRS = """bin boot dev etc etc/defaults etc/rc.d etc/rc.conf.d etc/ssh home lib libexec media mnt proc rescue
root sbin tmp usr usr/bin usr/home usr/include usr/lib usr/libdata usr/libexec usr/local usr/obj usr/sbin
usr/share usr/src usr/tests usr/local/bin usr/local/etc usr/local/etc/rc.d usr/local/lib usr/local/sbin
usr/local/share var var/cron var/db var/db/freebsd-update var/empty var/log var/run var/tmp"""
_EXAMPLE_FILES = {
    "etc/make.conf": "WRKDIRPREFIX=/var/ports\nDISTDIR=/var/ports/distfiles\n",
    "etc/periodic.conf": 'daily_output="/var/log/daily.log"\nweekly_output="/var/log/weekly.log"\n',
    "etc/rc.conf": 'network_interfaces=""\nsendmail_enable="NONE"\nsyslogd_flags="-ss"\n',
    "etc/rc.d/ezjail.flavour.example": "#!/bin/sh\n#\n# BEFORE: DAEMON\n# PROVIDE: ezjail.example\n",
    "usr/local/etc/sudoers": "root ALL=(ALL) ALL\n%wheel ALL=(ALL) NOPASSWD: ALL\n",
}


def plant(files: Files, spec: HostSpec) -> None:
    """Make the tree of a new host.

    Args:
        files: an empty tree.
        spec: what the host is to be.
    """
    for name in _DIRS.split():
        files.mkdir(f"/{name}", parents=True)
    files.write_text("/etc/rc.conf", rc_conf(spec))
    files.write_text("/etc/rc.subr", "")
    script = world.freebsd_version_script(spec.userland or spec.release)
    files.write_text("/bin/freebsd-version", script, 0o555)
    files.write_text("/etc/hostid", f"{spec.hostuuid}\n")
    for path, release in spec.distributions.items():
        name = path.rpartition("/")[2].partition(".")[0]
        _put(files, path, world.set_text(name, release, spec.world_rc_conf if name == "base" else ""))
    if spec.pkg:
        packages.put(files, "pkg", *(("ezjail",) if spec.ezjail else ()))
    if spec.ezjail_conf:
        _put(files, EZJAIL_CONF, spec.ezjail_conf)
    if spec.ezjail:
        plant_ezjail(files)
        files.mkdir("/usr/jails", parents=True)
    if spec.ezjail and spec.ezjail_conf is None:
        files.remove(EZJAIL_CONF)


def plant_ezjail(files: Files) -> None:
    """Put the files of ezjail's package into a tree; an ezjail.conf that is there stays.

    Source: reference ezjail.md §12 (the port copies the sample when there is none); for pkg: inferred.
    """
    _put(files, f"{EZJAIL_CONF}.sample", CONF_SAMPLE)
    if not files.exists(EZJAIL_CONF):
        _put(files, EZJAIL_CONF, CONF_SAMPLE)
    for path, text in _EXAMPLE_FILES.items():
        _put(files, f"{EXAMPLE}/{path}", text)


def _put(files: Files, path: str, text: str) -> None:
    files.mkdir(path.rpartition("/")[0], parents=True)
    files.write_text(path, text, 0o644)


def rc_conf(spec: HostSpec) -> str:
    """Make the text of a new host's /etc/rc.conf."""
    values = {"hostname": spec.hostname or spec.name}
    for interface in spec.interfaces:
        values.update(_interface_lines(interface.name, interface.addresses))
    if clones := " ".join(interface.name for interface in spec.interfaces if interface.cloned):
        values["cloned_interfaces"] = clones
    values["sshd_enable"] = "YES"
    if spec.pool:
        values["zfs_enable"] = "YES"
    if spec.ezjail:
        values["ezjail_enable"] = "YES"
    values.update(spec.rc_conf)
    return "".join(f'{name}="{value}"\n' for name, value in values.items())


def _interface_lines(name: str, addresses: tuple[str, ...]) -> dict[str, str]:
    """Give rc.conf's variables for an interface: the first IPv4 address is its own, others are aliases."""
    if name == "lo0":
        addresses = tuple(address for address in addresses if address not in {"127.0.0.1/8", "::1/128"})
    lines: dict[str, str] = {}
    for address in addresses:
        parsed = ipaddress.ip_interface(address)
        family = "inet" if parsed.version == 4 else "inet6"
        plain = f"ifconfig_{name}" if family == "inet" else f"ifconfig_{name}_ipv6"
        aliases = sum(1 for key in lines if "_alias" in key)
        key = plain if plain not in lines and name != "lo0" else f"ifconfig_{name}_alias{aliases}"
        lines[key] = f"{family} {address}"
    return lines
