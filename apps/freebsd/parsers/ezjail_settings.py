"""ezjail's settings in effect on a host: ezjail.conf over ezjail's defaults, as the agent's shell saw it."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt, split_lines


@dataclass(frozen=True, slots=True)
class EzjailSettings:
    """What `ezjail.conf` and ezjail's defaults come to.

    Args:
        jaildir: The directory of everything, and of the jails' roots.
        jailbase: The basejail.
        jailtemplate: The template for new jails.
        flavours_dir: The flavours.
        archivedir: The archives.
        ftphost: Where `install` fetches from unless it is told.
        use_zfs: Whether basejail and template are ZFS datasets.
        use_zfs_for_jails: Whether each new jail is a dataset of its own.
        jailzfs: The dataset above them, or empty.
        default_flavour: The flavours that a new jail gets unless it is told.
        exec_stop: What new jails run to stop. When empty, their processes are killed without rc.shutdown.

    Source: reference ezjail §4.
    """

    jaildir: str
    jailbase: str
    jailtemplate: str
    flavours_dir: str
    archivedir: str
    ftphost: str
    use_zfs: bool
    use_zfs_for_jails: bool
    jailzfs: str
    default_flavour: str
    exec_stop: str

    @property
    def own_directories(self) -> tuple[str, ...]:
        """The directories that are ezjail's own, and no jail's root."""
        return self.jailbase, self.jailtemplate, self.flavours_dir, self.archivedir


def parse_ezjail_settings(text: str) -> EzjailSettings:
    """Read one `name=value` a line.

    Raises:
        ParseError: A setting is missing, which it also is when its value holds a control character.
    """
    values = dict(_pair(line) for line in split_lines(text))
    try:
        return EzjailSettings(
            jaildir=values["jaildir"],
            jailbase=values["jailbase"],
            jailtemplate=values["jailtemplate"],
            flavours_dir=values["flavours_dir"],
            archivedir=values["archivedir"],
            ftphost=values["ftphost"],
            use_zfs=values["use_zfs"] == "YES",
            use_zfs_for_jails=values["use_zfs_for_jails"] == "YES",
            jailzfs=values["jailzfs"],
            default_flavour=values["default_flavour"],
            exec_stop=values["exec_stop"],
        )
    except KeyError as error:
        raise ParseError(f"ezjail's setting {error.args[0]} could not be read on the host.") from error


def parse_in_effect(text: str) -> dict[str, str]:
    """Return the value in effect of each of ezjail's settings, by its name in ezjail.conf.

    One that is not set is empty where ezjail has no default; one that the host could not say is missing.

    Raises:
        ParseError: A line is none of a setting.
    """
    return {f"ezjail_{name}": value for name, value in map(_pair, split_lines(text))}


def _pair(line: str) -> tuple[str, str]:
    name, equals, value = line.partition("=")
    if not equals:
        raise ParseError(
            f"The host's answer on ezjail's settings holds “{excerpt(line)}”, which is not understood."
        )
    return name, value
