"""Edit files of shell assignments as sysrc(8) edits them: a line stays where it is.

Source: captures/host.json (sysrc-…); reference jail-tools.md §7.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.simulator import shellvars

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.simulator.files import Files

FILES = ("/etc/rc.conf", "/etc/rc.conf.local")
# The part of /etc/defaults/rc.conf that anyone asks for.
DEFAULTS: Mapping[str, str] = {
    "background_fsck": "YES",
    "blanktime": "300",
    "clear_tmp_enable": "NO",
    "cloned_interfaces": "",
    "cron_enable": "YES",
    "defaultrouter": "NO",
    "devd_enable": "YES",
    "devmatch_enable": "YES",
    "dumpdev": "NO",
    "firewall_allowservices": "",
    "firewall_client_net": "192.0.2.0/24",
    "firewall_coscripts": "",
    "firewall_enable": "NO",
    "firewall_flags": "",
    "firewall_logdeny": "NO",
    "firewall_logging": "NO",
    "firewall_logif": "NO",
    "firewall_myservices": "",
    "firewall_nat_enable": "NO",
    "firewall_nat_flags": "",
    "firewall_nat_interface": "",
    "firewall_nologports": "135-139,445 1026,1027 1433,1434",
    "firewall_quiet": "NO",
    "firewall_script": "/etc/rc.firewall",
    "firewall_trusted": "",
    "firewall_type": "UNKNOWN",
    "gateway_enable": "NO",
    "growfs_enable": "NO",
    "hostid_enable": "YES",
    "hostname": "",
    "ifconfig_lo0": "inet 127.0.0.1/8",
    "ip6addrctl_enable": "YES",
    "ipv6_activate_all_interfaces": "NO",
    "ipv6_gateway_enable": "NO",
    "jail_conf": "/etc/jail.conf",
    "jail_confwarn": "YES",
    "jail_enable": "NO",
    "jail_list": "",
    "jail_parallel_start": "NO",
    "jail_reverse_stop": "NO",
    "mixer_enable": "YES",
    "network_interfaces": "auto",
    "newsyslog_enable": "YES",
    "ntpd_enable": "NO",
    "rctl_enable": "YES",
    "rctl_rules": "/etc/rctl.conf",
    "savecore_enable": "YES",
    "sendmail_enable": "NO",
    "sshd_enable": "NO",
    "sshd_flags": "",
    "static_routes": "",
    "syslogd_enable": "YES",
    "syslogd_flags": "-s",
    "zfs_enable": "NO",
}


def read(files: Files, path: str) -> str:
    """Read a file; one that is missing is empty."""
    return files.read_text(path) if files.is_file(path) else ""


def settings(files: Files, paths: tuple[str, ...] = FILES) -> dict[str, str]:
    """Read the variables that files set; the last one wins."""
    found: dict[str, str] = {}
    for path in paths:
        found.update(shellvars.parse(read(files, path), found))
    return found


def quoted(value: str) -> str:
    """Write a value in double quotes."""
    return '"' + re.sub(r'(["\\$`])', r"\\\1", value) + '"'


def put(files: Files, path: str, name: str, value: str) -> None:
    """Set a variable: its last line changes, or a line is added."""
    lines = read(files, path).splitlines(keepends=True)
    line = f"{name}={quoted(value)}\n"
    at = [index for index, text in enumerate(lines) if _sets(text, name)]
    if at:
        lines[at[-1]] = line
    else:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        lines.append(line)
    files.write_text(path, "".join(lines))


def drop(files: Files, path: str, name: str) -> bool:
    """Take every line of a variable away; False when there was none."""
    lines = read(files, path).splitlines(keepends=True)
    kept = [text for text in lines if not _sets(text, name)]
    if len(kept) == len(lines):
        return False
    files.write_text(path, "".join(kept))
    return True


def _sets(line: str, name: str) -> bool:
    return re.match(rf"\s*(export\s+)?{re.escape(name)}=", line) is not None


def changed(old: str, operator: str, text: str) -> str:
    """Work out `NAME+=text` and `NAME-=text`: a list whose separator may stand first in the text.

    Args:
        old: the value so far.
        operator: "+", "-" or "" for a plain assignment.
        text: what stands behind the "=".
    """
    if not operator:
        return text
    separator = text[0] if text and not text[0].isalnum() and text[0] not in "/._" else " "
    words = [word for word in text.split(separator) if word]
    have = [word for word in old.split(separator) if word]
    if operator == "+":
        return separator.join(have + [word for word in words if word not in have])
    return separator.join(word for word in have if word not in words)
