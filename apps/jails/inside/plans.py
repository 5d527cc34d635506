"""From what is asked of a jail's inside to the exact commands. Pure: values in, plans out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apps.freebsd.commands import Command, inside
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values.inside import CommandWords, PackageName, ServiceName
from apps.jobs.plan import Plan

SERVICE, PACKAGES, COMMAND = "jails.inside_service", "jails.inside_packages", "jails.command"

_SAID = {
    "onestart": ("Start {}", "{} runs, if its script has a status"),
    "onestop": ("Stop {}", "{} does not run, if its script has a status"),
    "onerestart": ("Restart {}", "{} runs, if its script has a status"),
    "enable": ("Enable {}", "{} is set to start with the jail"),
    "disable": ("Disable {}", "{} is not set to start with the jail"),
}
_DEPENDING = "pkg does not ask: packages that need one of these go as well."
_OLD_FILES = "A service of an upgraded package runs on with its old files until it is restarted."
_IN_RECORD = (
    "It runs as root in the jail. Its words stay in the record and its output with the job: put no password "
    "in it."
)
_NO_SHELL = (
    "No shell reads this: |, >, ;, *, $ and the like reach the program as they stand. "
    "For a shell write /bin/sh -c '…' yourself."
)
_A_SHELL = "A shell runs what stands behind -c, with all that a shell can do."
_SHELLS = ("sh", "csh", "tcsh", "bash", "zsh", "ksh", "fish", "dash")


@dataclass(frozen=True, slots=True)
class Wish:
    """What someone wants done in a jail.

    Args:
        do: A word of service(8); `install`, `upgrade`, `delete`, `bootstrap`, `fetch_list`; or `command`.
        words: The service, the packages, or the command's words.
    """

    do: str
    words: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of job that it makes."""
        if self.do == "command":
            return COMMAND
        return SERVICE if self.do in inside.SERVICE_WORDS else PACKAGES


def plan(jail: str, name: str, wish: Wish) -> Plan:
    """Return the plan for a wish.

    Args:
        jail: The jail's name in the kernel.
        name: Its name as people know it.
        wish: What is wanted.

    Raises:
        InvalidInput: A word cannot be passed on; `field` says which field it came from.
    """
    if wish.kind == SERVICE:
        return _service_plan(jail, name, wish)
    if wish.kind == COMMAND:
        return _command_plan(jail, name, CommandWords(wish.words))
    return _packages_plan(jail, name, wish)


def _service_plan(jail: str, name: str, wish: Wish) -> Plan:
    service = ServiceName.parse(wish.words[0] if wish.words else "")
    title, check = _SAID[wish.do]
    step = inside.service(jail, service, wish.do)
    return Plan(SERVICE, f"{title.format(service)} in the jail {name}", (step,), (check.format(service),))


_PACKAGE_PLANS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "install": ("Install {}", "{} is installed", ()),
    "upgrade": ("Upgrade {}", "", (_OLD_FILES,)),
    "delete": ("Remove {}", "{} is not installed any more", (_DEPENDING,)),
    "bootstrap": ("Install pkg", "pkg is there", ()),
    "fetch_list": ("Fetch the list of vulnerabilities", "", ()),
}


def _packages_plan(jail: str, name: str, wish: Wish) -> Plan:
    if wish.do not in _PACKAGE_PLANS:
        raise InvalidInput("Packages are installed, upgraded or removed.", field="do")
    names = tuple(PackageName.parse(word) for word in wish.words)
    if wish.do in ("install", "delete") and not names:
        raise InvalidInput("Name at least one package.", field="names")
    title, check, warnings = _PACKAGE_PLANS[wish.do]
    checks = tuple(check.format(one) for one in names or ("",)) if check else ()
    shown = ", ".join(map(str, names)) or "all packages"
    step = _package_step(jail, wish.do)(names)
    return Plan(PACKAGES, f"{title.format(shown)} in the jail {name}", (step,), checks, warnings)


def _package_step(jail: str, do: str) -> Callable[[tuple[PackageName, ...]], Command]:
    return {
        "install": lambda names: inside.install_packages(jail, names),
        "upgrade": lambda names: inside.upgrade_packages(jail, names),
        "delete": lambda names: inside.delete_packages(jail, names),
        "bootstrap": lambda _names: inside.bootstrap_pkg(jail),
        "fetch_list": lambda _names: inside.fetch_vulnerabilities(jail),
    }[do]


def _command_plan(jail: str, name: str, words: CommandWords) -> Plan:
    is_shell = words.words[0].rpartition("/")[2] in _SHELLS and "-c" in words.words
    step = inside.command(jail, words)
    title = f"Run {words.words[0].rpartition('/')[2][:40]} in the jail {name}"
    warnings = (_A_SHELL if is_shell else _NO_SHELL, _IN_RECORD)
    return Plan(COMMAND, title, (step,), ("the command ends with status 0",), warnings)
