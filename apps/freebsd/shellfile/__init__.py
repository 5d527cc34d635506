"""Files that sh sources, such as ezjail.conf and ezjail's file of a jail, read without a shell.

`ShellFile` holds a whole file, of any bytes. It understands assignments, keeps all other shell word for word,
says where that could matter, and changes one value without touching another byte.

Note for who writes ezjail's file of a jail: `ezjail-admin config` writes all values anew within double quotes
and escapes nothing, so `"`, `$`, backquotes and backslashes have to be refused before they get here
(`ezjail_settings.check_jail_value`).

Source: reference ezjail §3.2, §4; sh(1).
"""

from __future__ import annotations

from apps.freebsd.shellfile.document import Reading, ShellFile
from apps.freebsd.shellfile.pieces import Assignment, Kind, Piece

__all__ = ["Assignment", "Kind", "Piece", "Reading", "ShellFile"]
