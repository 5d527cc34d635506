"""The per-jail files in /usr/local/etc/ezjail: names, loading, writing, order.

Source: reference ezjail.md §2, §3; captures/ezjail.json (file-…).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.simulator import shellvars
from apps.simulator.rcorder import Order, rcorder
from apps.simulator.rcscript import safe
from apps.simulator.tools.ezjail.session import CONTROL

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

VARIABLES = (
    *(
        "hostname",
        "ip",
        "rootdir",
        "exec_start",
        "exec_stop",
        "mount_enable",
        "devfs_enable",
        "devfs_ruleset",
    ),
    *(
        "procfs_enable",
        "fdescfs_enable",
        "image",
        "imagetype",
        "attachparams",
        "attachblocking",
        "forceblocking",
    ),
    *("zfs_datasets", "cpuset", "fib", "parentzfs", "parameters", "post_start_script", "retention_policy"),
)
HEADER = """# To specify the start up order of your ezjails, use these lines to
# create a Jail dependency tree. See rcorder(8) for more details.
#
# PROVIDE: standard_ezjail
# REQUIRE: \n# BEFORE: \n#
"""
NORUN = ".norun"


@dataclass(slots=True)
class EzJail:
    """A jail as ezjail-admin has loaded it; `config` is empty when there is no file for it.

    Attributes:
        name: as it was given.
        config: path of the file that counts.
        values: its variables by their short names.
        jid: when it runs, else empty.
    """

    name: str
    config: str = ""
    values: dict[str, str] = field(default_factory=dict)
    jid: str = ""

    @property
    def safe_name(self) -> str:
        """The name in files and in the kernel."""
        return safe(self.name)

    @property
    def norun(self) -> bool:
        """It is kept from starting."""
        return self.config.endswith(NORUN)

    @property
    def hostname(self) -> str:
        """Its real name, with "/" and "~" gone."""
        return self.values.get("hostname", "")

    @property
    def rootdir(self) -> str:
        """Its root."""
        return self.values.get("rootdir", "")

    @property
    def imagetype(self) -> str:
        """Empty for a plain directory."""
        return self.values.get("imagetype", "")

    @property
    def zfs(self) -> bool:
        """It has a dataset of its own."""
        return self.imagetype == "zfs"

    @property
    def dataset(self) -> str:
        """The dataset's name."""
        return f"{self.values.get('parentzfs', '')}/{self.hostname}"

    @property
    def image(self) -> str:
        """The image file's path; empty when there is none."""
        return self.values.get("image", "")


def hostname_of(name: str) -> str:
    """Make a jail's hostname of its name."""
    return name.replace("/", "_").replace("~", "_")


def load(session: Session, name: str) -> EzJail:
    """Load a jail's file; its `.norun` form wins when there are both."""
    jail, files = EzJail(name), session.files
    for suffix in ("", NORUN):
        if files.lexists(f"{CONTROL}/{jail.safe_name}{suffix}"):
            jail.config = f"{CONTROL}/{jail.safe_name}{suffix}"
    if not jail.config or not files.is_file(jail.config):
        return jail
    prefix = f"jail_{jail.safe_name}_"
    found = shellvars.parse(files.read_text(jail.config), session.call.env)
    jail.values = {key.removeprefix(prefix): value for key, value in found.items() if key.startswith(prefix)}
    jail.values["exec_start"] = jail.values.get("exec_start") or jail.values.get("exec", "")
    jail.values["parentzfs"] = jail.values.get("parentzfs") or session.get("jailzfs")
    jail.jid = running_jid(session, jail.safe_name)
    return jail


def running_jid(session: Session, safe_name: str) -> str:
    """Read the id file; it counts when any jail in the kernel has that JID (a stale one may mislead)."""
    path = f"/var/run/jail_{safe_name}.id"
    if not session.files.is_file(path):
        return ""
    jid = session.files.read_text(path).strip()
    return jid if jid.isdecimal() and session.machine.kernel.jail(jid) else ""


def text_of(safe_name: str, values: dict[str, str], header: str = HEADER) -> str:
    """Write a jail's file: comments, an empty line, the variables that ezjail knows, in its order."""
    lines = [f'export jail_{safe_name}_{name}="{values.get(name, "")}"' for name in VARIABLES]
    return header + "\n" + "\n".join(lines) + "\n"


def ordered(session: Session) -> Order:
    """List the control folder as `ls -A | xargs rcorder` does.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    files = session.files
    names = [name for name in files.names(CONTROL) if files.is_file(f"{CONTROL}/{name}")]
    return rcorder({name: files.read_text(f"{CONTROL}/{name}") for name in names})
