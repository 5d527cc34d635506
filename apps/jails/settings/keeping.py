"""What a jail's file says besides what can be changed in the form: shown, and kept to the byte."""

from __future__ import annotations

from apps.freebsd.jail_file import JailFile
from apps.freebsd.jail_params import Parameters
from apps.freebsd.jail_variables import jail_variable
from apps.jails.settings.catalogue import SETTINGS

BY_FORM = {setting.key for setting in SETTINGS.values() if not setting.is_parameter} | {"ip", "parameters"}
HOSTNAME = "ezjail's own name of it, after which its files and its root are called: rename it to change this."
UNKNOWN = "Neither ezjail nor rc.d/jail is known to read it."


def kept_settings(file: JailFile) -> list[tuple[str, str, str]]:
    """Return name, value and a remark of each."""
    shown = [_variable(file, name) for name in file.variables if not _has_a_field(name)]
    words = Parameters.parse(file.value("parameters")).words
    shown += [("parameters", word.text, "A parameter that the panel does not know.") for word in words
              if word.parameter is None]  # fmt: skip
    shell = [("shell", text.strip(), "Root of the host runs it with the file.") for text in file.shell.kept]
    return [one for one in (*shown, *shell) if one[1]]


def _has_a_field(variable: str) -> bool:
    known = jail_variable(variable)
    return known is not None and (known.name in BY_FORM or known.name == "ip_multi")


def _variable(file: JailFile, variable: str) -> tuple[str, str, str]:
    known = jail_variable(variable)
    found = file.shell.reading(file.prefix + variable)
    value = found.words if found and found.text is None else file.value(variable)
    if variable == "hostname":
        return variable, value, HOSTNAME
    return variable, value, known.meaning if known else UNKNOWN
