"""From how a host should be to the steps that it lacks. Pure: values in, plans out, nothing read or written.

What a step is for, and what proves it afterwards, is one and the same: the host lacks it, or it does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from apps.freebsd.commands import FileChange, PlanStep, host_setup
from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.shellfile import ShellFile
from apps.jails.ezjail.rules import warnings_of
from apps.jails.ezjail.situation import CONF, HANDS_OFF, IpInterface, Situation
from apps.jails.ezjail.wanted import HostSetup, Zfs
from apps.jobs.plan import Plan

_HEAD = b"# ezjail's settings, see ezjail.conf(5); ezjail.conf.sample beside this file names them all.\n"
NO_RC = (
    "/etc/rc.conf is no regular file, or could not be read: the panel cannot tell which lines are free. "
    "Choose none here, and set the address by hand."
)
_SWITCHES = ("ezjail_use_zfs", "ezjail_use_zfs_for_jails")


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a host lacks.

    Args:
        step: What brings it.
        sentence: That it is missing, for the job whose host still lacks it at its end.
        check: What must be true, for whoever reads the plan.
    """

    step: PlanStep
    sentence: str
    check: str


def setup_plan(wanted: HostSetup, seen: Situation) -> Plan:
    """Return the plan with the steps that the host still lacks; it has none where all is as wanted.

    Raises:
        InvalidInput: Something cannot be changed by the panel; `field` says what.
    """
    missing = lacks(wanted, seen)
    title = "Set up ezjail" if seen.installed else "Install ezjail"
    checks = dict.fromkeys(lack.check for lack in missing)
    return Plan(
        "jails.ezjail_setup",
        title,
        tuple(lack.step for lack in missing),
        tuple(checks),
        tuple(warnings_of(wanted, seen)),
    )


def lacks(wanted: HostSetup, seen: Situation) -> list[Lack]:
    """Return what the host lacks, in the order in which it has to come.

    ezjail.conf is written before the package is installed, which leaves one alone that is there: so what it
    holds is known to the byte.

    Raises:
        InvalidInput: As `setup_plan`.
    """
    found: list[Lack] = []
    if not seen.installed and not seen.has_pkg:
        found.append(Lack(host_setup.bootstrap_pkg(), "pkg is not there.", "pkg is there"))
    found += _settings(wanted, seen)
    if not seen.installed:
        found.append(Lack(host_setup.install_ezjail(), "ezjail is not installed.", "ezjail is installed"))
    return [*found, *_boot(wanted, seen), *_interface(wanted, seen)]


def _boot(wanted: HostSetup, seen: Situation) -> Iterator[Lack]:
    if not seen.enabled:
        yield Lack(
            host_setup.enable_ezjail(seen.rc.get("ezjail_enable")),
            "ezjail_enable is not YES, so that no jail starts at boot.",
            "ezjail starts its jails at boot",
        )
    if wanted.zfs is not Zfs.NO and not _is_yes(seen, "zfs_enable"):
        yield Lack(
            host_setup.enable_zfs(seen.rc.get("zfs_enable")),
            "zfs_enable is not YES in rc.conf.",
            "rc.conf has the datasets mounted at boot",
        )
    if wanted.quiet and seen.rc.get("jail_confwarn", "").upper() != "NO":
        yield Lack(
            host_setup.silence_jail_warning(seen.rc.get("jail_confwarn")),
            "jail_confwarn is not NO in rc.conf.",
            "rc.conf switches rc.d/jail's warning off",
        )


def _is_yes(seen: Situation, name: str) -> bool:
    return seen.rc.get(name, "").upper() in ("YES", "TRUE", "ON", "1")


# -- ezjail.conf ------------------------------------------------------------------------------------------


def _settings(wanted: HostSetup, seen: Situation) -> list[Lack]:
    differing = {
        name: value for name, value in wanted.settings().items() if _differs(name, value, seen.setting(name))
    }
    if not differing:
        return []
    change = FileChange(
        path=CONF,
        before=seen.config_text if seen.config_is == "text" else None,
        after=_written(differing, seen),
        purpose="Set what ezjail goes by; everything else in the file stays as it is."
        if seen.config_is == "text"
        else "Write ezjail's settings before ezjail comes: its package leaves a file alone that is there.",
    )
    names = ", ".join(differing)
    return [Lack(change, f"Not as wanted in ezjail.conf: {names}.", f"ezjail goes by the new {names}")]


def _differs(name: str, wanted: str, effective: str) -> bool:
    return (wanted == "YES") != (effective == "YES") if name in _SWITCHES else wanted != effective


def _written(values: dict[str, str], seen: Situation) -> str:
    if reason := HANDS_OFF.get(seen.config_is):
        raise InvalidInput(reason)
    file = seen.file if seen.config_is == "text" else ShellFile(_HEAD)
    for name, value in values.items():
        try:
            file = file.set(name, value, beside="ezjail_")
        except ParseError as error:
            raise InvalidInput(error.message, field=_FIELDS.get(name)) from error
    return file.render().decode()


_FIELDS = {
    "ezjail_jaildir": "jaildir",
    "ezjail_ftphost": "mirror",
    "ezjail_exec_stop": "exec_stop",
    "ezjail_use_zfs": "zfs",
    "ezjail_use_zfs_for_jails": "zfs",
    "ezjail_jailzfs": "jailzfs",
}


# -- the interface of the jails ---------------------------------------------------------------------------


def _interface(wanted: HostSetup, seen: Situation) -> Iterator[Lack]:
    name, address = wanted.interface, wanted.address
    if not name or address is None:
        return
    if name != "lo0" and name not in seen.rc.get("cloned_interfaces", "").split():
        _refuse_unclear("cloned_interfaces", seen)
        yield Lack(
            host_setup.clone_at_boot(name),
            f"rc.conf does not make {name} at boot.",
            f"rc.conf makes {name} at boot",
        )
    has = f"{name} has {address.ip}"
    if name not in seen.interfaces:
        yield Lack(host_setup.create_interface(name), f"There is no interface {name}.", has)
    if not any(address.ip == other.ip for other in seen.interfaces.get(name, ())):
        yield Lack(host_setup.add_address(name, address), f"{name} does not have {address.ip}.", has)
    if not _is_kept(name, address, seen):
        yield Lack(
            host_setup.keep_address(_variable(name, address, seen), address),
            f"rc.conf does not give {name} {address.ip} at boot.",
            f"rc.conf gives {name} {address.ip} at boot",
        )


def _is_kept(name: str, address: IpInterface, seen: Situation) -> bool:
    """Tell whether rc.conf gives the interface this address at boot."""
    own = f"ifconfig_{name}"
    lines = [value for key, value in seen.rc.items() if key == own or key.startswith(f"{own}_")]
    lines += seen.rc.get(f"ipv4_addrs_{name}", "").split()
    words = [word.partition("/")[0] for line in lines for word in line.split()]
    return str(address.ip) in words


def _variable(name: str, address: IpInterface, seen: Situation) -> str:
    """Return a variable of rc.conf that is free: the interface's own, or its next alias."""
    if not seen.knows_rc:
        raise InvalidInput(NO_RC, field="interface")
    own = f"ifconfig_{name}" if address.version == 4 else f"ifconfig_{name}_ipv6"
    aliases = [f"ifconfig_{name}_alias{number}" for number in range(100)]
    wanted = [*([] if name == "lo0" else [own]), *aliases]
    free = next((variable for variable in wanted if variable not in seen.rc), None)
    if free is None:
        raise InvalidInput(
            f"rc.conf has a hundred aliases of {name}: set the address by hand.", field="address"
        )
    _refuse_unclear(free, seen)
    return free


def _refuse_unclear(name: str, seen: Situation) -> None:
    if name in seen.unclear:
        raise InvalidInput(
            f"{name} in rc.conf is computed by the shell, and sysrc would write over that: set it by hand.",
            field="interface",
        )
