"""Proving that a new jail has what the folded part of its form asked for: ezjail looks after little of it."""

from __future__ import annotations

from typing import Any

from apps.freebsd.commands.new_jail import Storage
from apps.freebsd.shellfile import ShellFile
from apps.hosts.models import Host
from apps.jails.models import Jail, Kind
from apps.jails.new_options import NewJailOptions
from apps.jails.new_rules import defaults_of
from apps.jobs.models import Job

_KIND = {Storage.ZFS: Kind.ZFS, Storage.IMAGE: Kind.IMAGE, Storage.ELI: Kind.GELI}


def wrong_of_options(job: Job, jail: Jail) -> list[str]:
    """Return a sentence for each option of a new jail that did not come true."""
    options = NewJailOptions.from_json(job.intent.get("options") or {})
    problems = _of_root(job.host, jail, options)
    problems += _of_settings(jail, options)
    if not options.runs_at_boot and jail.runs_at_boot:
        problems.append("The host would start it when it boots.")
    if options.starts and not jail.is_running:
        problems.append("It does not run.")
    return problems


def _of_root(host: Host, jail: Jail, options: NewJailOptions) -> list[str]:
    told, problems = options.create, []
    wanted = _KIND.get(told.storage, Kind.ZFS if defaults_of(host).zfs_for_jails else Kind.DIRECTORY)
    if jail.kind != wanted:
        problems.append(f"It is kept as {jail.get_kind_display()}, not as {wanted.label}.")
    if told.root and jail.root != str(told.root):
        problems.append(f"Its root is {jail.root}.")
    if wanted == Kind.ZFS and not _is_mounted(host.facts, jail.root):
        problems.append(f"No dataset is mounted at {jail.root}: zfs failed, and ezjail went on.")
    return problems


def _is_mounted(facts: dict[str, Any], root: str) -> bool:
    """Whether a file system is mounted at a root; a host that could not say does not count against it."""
    found = facts.get("filesystems")
    return found is None or root in (item.get("mounted_on") for item in found)


def _of_settings(jail: Jail, options: NewJailOptions) -> list[str]:
    file = ShellFile(jail.config_text.encode("utf-8", "surrogateescape"))
    values = {name: file.value(f"jail_{jail.safe_name}_{name}") for name, _ in options.settings}
    return [
        f"Its file says {name}={values[name] or ''}, not {value}."
        for name, value in options.settings
        if values[name] != value
    ]
