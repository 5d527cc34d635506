"""Which rc.d scripts a FreeBSD host and a jail have, in the order of rcorder(8), and what turns each on.

Source: captures/host.json (service-enabled), captures/jail.json (service-list).
"""

from __future__ import annotations

from collections.abc import Mapping

# name, rcvar, the default of the rcvar; scripts without an rcvar are never listed as enabled
_HOST = """hostid hostid_enable YES
hostid_save hostid_enable YES
zfs zfs_enable NO
cleanvar cleanvar_enable YES
kldxref kldxref_enable YES
ip6addrctl ip6addrctl_enable YES
mixer mixer_enable YES
rctl rctl_enable YES
netif netif_enable YES
ipfw firewall_enable NO
resolv resolv_enable YES
os-release osrelease_enable YES
gptboot gptboot_enable YES
motd update_motd YES
dmesg dmesg_enable YES
syslogd syslogd_enable YES
ntpd ntpd_enable NO
cron cron_enable YES
sshd sshd_enable NO
bgfsck background_fsck YES
jail jail_enable NO"""
_JAIL = """cleanvar ip6addrctl netif motd os-release syslogd ntpd sshd cron jail"""
LOCAL = "/usr/local/etc/rc.d"

RCVARS: Mapping[str, tuple[str, str]] = {
    name: (rcvar, default) for name, rcvar, default in (line.split() for line in _HOST.splitlines())
}
HOST_ORDER = tuple(RCVARS)
JAIL_ORDER = tuple(_JAIL.split())
DAEMONS = frozenset({"syslogd", "cron", "sshd", "ntpd"})
