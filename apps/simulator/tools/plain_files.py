"""cp, rm, chmod and install as programs of their own, for those who call them by their paths.

The agent's script takes its own from the machine below (`command -p`): these know the host's tree only.

Source: cp(1), rm(1), chmod(1), install(1); the texts of errors: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.tools.registry import tool
from apps.simulator.utilities import files

if TYPE_CHECKING:
    from apps.simulator.call import Call


@tool("/bin/cp")
async def cp(call: Call) -> int:
    """Play cp."""
    return await files.cp(call)


@tool("/bin/rm")
async def rm(call: Call) -> int:
    """Play rm."""
    return await files.rm(call)


@tool("/bin/chmod")
async def chmod(call: Call) -> int:
    """Play chmod."""
    return await files.chmod(call)


@tool("/usr/bin/install")
async def install(call: Call) -> int:
    """Play install."""
    return await files.install(call)
