"""The machine on which the captures were taken, as far as they show it."""

from __future__ import annotations

from typing import Any

from apps.simulator.spec import HostSpec, InterfaceSpec

_RC_CONF = """blanktime=NO clear_tmp_enable=YES cron_enable=YES defaultrouter=10.0.2.2 devd_enable=NO
devmatch_enable=NO dumpdev=NO entropy_save_num=0 gateway_enable=YES growfs_enable=NO
ipv6_activate_all_interfaces=YES jail_enable=YES newsyslog_enable=NO savecore_enable=NO sendmail_enable=NONE
sshd_dsa_enable=NO sshd_ecdsa_enable=NO sshd_flags= syslogd_flags=-ss"""
RC_CONF = {name: value for name, _, value in (pair.partition("=") for pair in _RC_CONF.split())}
# The machine's base.txz was made of its own tree, whose rc.conf had not all of the host's lines yet.
JAIL_RC_CONF = "".join(
    f'{name}="{value}"\n'
    for name, value in {
        **{name: value for name, value in RC_CONF.items() if name != "sshd_flags"},
        "cloned_interfaces": "lo1",
        "hostname": "fbsd13",
        "ifconfig_vtnet0": "inet 10.0.2.15/24",
        "sshd_enable": "YES",
    }.items()
)
CAPTURED_HOST = HostSpec(
    "fbsd13",
    release="13.2-RELEASE",
    interfaces=(
        InterfaceSpec("vtnet0", ("10.0.2.15/24",), ether="52:54:00:12:34:56"),
        InterfaceSpec("lo0"),
        InterfaceSpec("pflog0"),
        InterfaceSpec("lo1", cloned=True),
    ),
    ncpu=2,
    physmem_bytes=3200798720,
    disk_kb=1831932,
    rc_conf=RC_CONF,
    hostuuid="ee6df920-035a-4b80-8e14-a80605db3193",
    lacks=frozenset({"/usr/sbin/freebsd-update"}),
    distributions={"/dist/base.txz": "13.2-RELEASE"},
    world_rc_conf=JAIL_RC_CONF,
    fetchable=(),
)
ENV = {
    "PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
    "HOME": "/root",
    "SHELL": "/bin/sh",
    "LC_ALL": "C",
    "USER": "root",
}
# Its root had no password and a POSIX shell; the sets of the tests were not installed.
PASSWD = "root::0:0:Charlie &:/root:/bin/sh\n"
# pf was loaded, someone sat at the console, and the captures were taken over a session of sshd's.
HOST_PROCESSES: tuple[dict[str, Any], ...] = (
    {"pid": 4, "ppid": 0, "command": "[pf purge]", "state": "DL"},
    {"pid": 618, "ppid": 576, "command": "sshd: root@notty (sshd)", "state": "Ss"},
    {"pid": 592, "ppid": 1, "command": "login [pam] (login)", "state": "Is", "tty": "v0"},
    {"pid": 594, "ppid": 592, "command": "-sh (sh)", "state": "I+", "tty": "v0"},
)
