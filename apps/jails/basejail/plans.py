"""From what is asked of a basejail to the exact steps. Pure: values in, plans out, nothing looked up."""

from __future__ import annotations

from apps.freebsd.commands import ezjail
from apps.freebsd.values import DEFAULT_MIRROR, Release
from apps.jobs.plan import Plan


def basejail_install_plan(
    release: Release, host_release: Release, *, sources: bool, ports: bool, is_present: bool
) -> Plan:
    """Return the plan that installs the basejail, or lays a newer release over it."""
    command = ezjail.install(release, DEFAULT_MIRROR, sources=sources, ports=ports, host_release=host_release)
    warnings = [OVERLAY_WARNING] if is_present else []
    checks = (
        f"the basejail is complete and says that it is {release.name}",
        "the template for new jails has all its links into the basejail",
        "no half-made fulljail or ezjailtemp is left behind",
    )
    return Plan(
        "jails.basejail_install", f"Install the basejail {release.name}", (command,), checks, tuple(warnings)
    )


OVERLAY_WARNING = (
    "A basejail is there already: the new one is laid over it in place, so running jails see the new "
    "files at once and need a restart, and the template for new jails is replaced."
)
