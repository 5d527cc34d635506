"""Import and drift: jails as they are wanted and as they were seen, side by side, and the ways out."""

from __future__ import annotations


def register() -> None:
    """Take part in the ends of jobs, and tell the engine the kind of job and jails their tab."""
    from apps.jails.drift import bulk  # noqa: PLC0415  needs the app registry
    from apps.jails.drift.endings import job_ended  # noqa: PLC0415  needs the app registry
    from apps.jails.drift.job_kinds import register_kinds  # noqa: PLC0415  needs the app registry
    from apps.jobs.ports import register_ending  # noqa: PLC0415  needs the app registry
    from apps.pages.tabs import Tab, register_tab  # noqa: PLC0415  needs the app registry

    register_ending(job_ended)
    register_kinds()
    bulk.register()
    register_tab(Tab("jail", "Drift", "jails:jail-drift", 40))
