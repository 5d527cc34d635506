"""Which options a new jail can have on a host as it was last seen, and how the host's ezjail is set."""

from __future__ import annotations

from collections.abc import Iterable

from apps.freebsd.commands.new_jail import CreateOptions, Storage
from apps.freebsd.errors import InvalidInput
from apps.freebsd.new_jail_file import Defaults, foretell, is_dataset
from apps.freebsd.values import AbsolutePath, FlavourName, JailAddresses, JailName
from apps.hosts.models import Host
from apps.jails.models import Archive, Jail
from apps.jails.new_options import NewJailOptions
from apps.jails.queries import host_flavours

Errors = list[tuple[str, str]]

# Where the system itself lives. Below some of them there are places for jails all the same.
_SYSTEM = ("bin", "boot", "dev", "etc", "lib", "libexec", "proc", "rescue", "root", "sbin", "sys", "tmp",
           "usr", "var", "compat")  # fmt: skip
_FOR_JAILS = ("/usr/jails/", "/usr/local/jails/", "/usr/home/", "/var/jails/")
_ENDINGS = (".img", ".device")


def ezjail_settings(host: Host) -> dict[str, object]:
    """Return ezjail's settings in effect on a host; empty when nobody has seen them."""
    settings = host.facts.get("ezjail", {}).get("settings", {})
    return settings if isinstance(settings, dict) else {}


def defaults_of(host: Host) -> Defaults:
    """Return what a host's ezjail.conf gives to new jails."""
    settings = ezjail_settings(host)
    return Defaults.read(
        host.facts.get("ezjail", {}).get("config_text", ""),
        jaildir=str(settings.get("jaildir") or "/usr/jails"),
        jailzfs=str(settings.get("jailzfs") or ""),
        zfs_for_jails=bool(settings.get("use_zfs_for_jails")),
    )


def has_zfs(host: Host) -> bool:
    """Tell whether a host has a pool."""
    return bool(host.facts.get("zpools"))


def makes_datasets(host: Host) -> bool:
    """Tell whether ezjail can make a jail a dataset on a host; it asks for a dataset of its own before."""
    return has_zfs(host) and bool(ezjail_settings(host).get("jailzfs"))


def archive_path(host: Host, file_name: str) -> AbsolutePath:
    """Return where an archive of a host is.

    Raises:
        InvalidInput: Its name is none that the panel would pass on.
    """
    folder = str(ezjail_settings(host).get("archivedir") or "/usr/jails/ezjail_archives")
    return AbsolutePath.parse(f"{folder}/{file_name}")


def foretells(host: Host) -> bool:
    """Tell whether the panel knows what create will write into a jail's file."""
    try:
        name, addresses = JailName.parse("a"), JailAddresses.parse("lo0|127.0.0.2/8")
        foretell(name, addresses, CreateOptions(), defaults_of(host))
    except InvalidInput:
        return False
    return True


def why_no_clean_stop(host: Host) -> str:
    """Return why a new jail's exec_stop need not or cannot be chosen; empty where it can."""
    if not foretells(host):
        return (
            "How its services end when it stops, its parameters, CPUs and routing table cannot be chosen "
            "here: the host's ezjail.conf computes what jails get. Set them on the jail's own page later."
        )
    if own := defaults_of(host).text("ezjail_exec_stop"):
        return f"When it stops it runs {own}, as the host's ezjail.conf says."
    return ""


def check_options(host: Host, name: JailName, flavour: FlavourName | None, options: NewJailOptions) -> Errors:
    """Return what is wrong with a new jail's options on a host, by field."""
    told, defaults = options.create, defaults_of(host)
    errors = _flavour_errors(host, flavour, told)
    if told.root:
        errors += _root_errors(host, str(told.root), defaults.jaildir)
    if told.archive:
        errors += _archive_errors(host, told.archive)
    errors += _zfs_errors(host, options, is_zfs=is_dataset(told, defaults))
    errors += _cpu_errors(host, options)
    if options.settings:
        errors += _file_errors(name, told, defaults)
    return errors


def _flavour_errors(host: Host, flavour: FlavourName | None, told: CreateOptions) -> Errors:
    known = host_flavours(host)
    unknown = [str(name) for name in told.more_flavours if str(name) not in known]
    errors = [("more_flavours", f"The host has no flavour {name}.") for name in unknown]
    if told.archive and flavour:
        errors.append(
            ("archive", "ezjail lays no flavour over what comes from an archive. Choose one of them.")
        )
    if told.more_flavours and not flavour:
        errors.append(("more_flavours", "Choose the first flavour above, and here those that follow it."))
    if flavour in told.more_flavours:
        errors.append(("more_flavours", f"{flavour} is laid over the jail first already."))
    return errors


def _root_errors(host: Host, root: str, jaildir: str) -> Errors:
    parts = root.split("/")[1:]
    if root.endswith(_ENDINGS):
        return [("root", "A root cannot end in .img or .device: ezjail keeps images under such names.")]
    is_for_jails = any(root.startswith(place) for place in (f"{jaildir}/", *_FOR_JAILS))
    if len(parts) < 2 or (parts[0] in _SYSTEM and not is_for_jails):
        return [
            ("root", f"Choose a place below {jaildir}, or below a directory that is not the system's own.")
        ]
    jails = Jail.objects.filter(host=host).values_list("name", "root")
    taken = [(f"the jail {name}", path) for name, path in jails if path] + _ezjails_own(host, jaildir)
    return [("root", f"{path} is there for {what}.") for what, path in taken if _overlap(root, path)][:1]


def _ezjails_own(host: Host, jaildir: str) -> list[tuple[str, str]]:
    settings = ezjail_settings(host)
    names = ("jailbase", "jailtemplate", "flavours_dir", "archivedir")
    own = [str(settings[name]) for name in names if settings.get(name)]
    own += [f"{jaildir}/{name}" for name in ("basejail", "newjail", "fulljail", "ezjailtemp", "flavours",
                                             "ezjail_archives")]  # fmt: skip
    return [("ezjail itself", path) for path in own]


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _archive_errors(host: Host, path: AbsolutePath) -> Errors:
    names = Archive.objects.filter(host=host).values_list("file_name", flat=True)
    if str(path).rpartition("/")[2] in names and path == archive_path(host, str(path).rpartition("/")[2]):
        return []
    return [("archive", "The host has no such archive.")]


def _zfs_errors(host: Host, options: NewJailOptions, *, is_zfs: bool) -> Errors:
    told, settings = options.create, ezjail_settings(host)
    errors: Errors = []
    if told.storage is Storage.ZFS and not has_zfs(host):
        errors.append(("storage", "The host has no ZFS pool."))
    elif told.storage is Storage.ZFS and not settings.get("jailzfs"):
        errors.append(("storage", "ezjail makes datasets only where ezjail.conf sets ezjail_jailzfs."))
    if not is_zfs:
        errors += [(name, "Only a jail on a dataset of its own has this.") for name, _ in options.properties]
    if told.keep_snapshot and not (is_zfs and settings.get("use_zfs")):
        what = "Only where template and jail are datasets is there a snapshot to keep."
        errors.append(("keep_snapshot", what))
    return errors


def _cpu_errors(host: Host, options: NewJailOptions) -> Errors:
    text, ncpu = dict(options.settings).get("cpuset", ""), host.facts.get("ncpu")
    if not text or not isinstance(ncpu, int) or max(_numbers(text)) < ncpu:
        return []
    return [("cpuset", f"The host has {ncpu} CPUs, 0 to {ncpu - 1}.")]


def _numbers(text: str) -> Iterable[int]:
    return [int(number) for part in text.split(",") for number in part.split("-")]


def _file_errors(name: JailName, told: CreateOptions, defaults: Defaults) -> Errors:
    try:
        foretell(name, JailAddresses.parse("lo0|127.0.0.2/8"), told, defaults)
    except InvalidInput as error:
        return [("settings", error.message)]
    return []
