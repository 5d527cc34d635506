"""ezjail-admin: the dispatch to its sub-commands.

Source: reference ezjail.md §0, §1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.tools.ezjail import startstop
from apps.simulator.tools.ezjail.archives import archive
from apps.simulator.tools.ezjail.config import config
from apps.simulator.tools.ezjail.create import create
from apps.simulator.tools.ezjail.delete import delete
from apps.simulator.tools.ezjail.flavours import freeze
from apps.simulator.tools.ezjail.install import install
from apps.simulator.tools.ezjail.listing import list_jails
from apps.simulator.tools.ezjail.restore import restore
from apps.simulator.tools.ezjail.session import ADMIN, Exit, Session, read_settings
from apps.simulator.tools.ezjail.snapshot import snapshot, troubleshoot
from apps.simulator.tools.ezjail.update import update
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from apps.simulator.call import Call

VERSION = "ezjail-admin v3.4.2"
COMMANDS: dict[str, Callable[[Session, list[str]], Awaitable[int | None]]] = {
    "archive": archive,
    "config": config,
    "console": startstop.console,
    "create": create,
    "delete": delete,
    "freeze": freeze,
    "install": install,
    "list": list_jails,
    "restore": restore,
    "setup": update,
    "snapshot": snapshot,
    "troubleshoot": troubleshoot,
    "update": update,
}


@tool(ADMIN)
async def ezjail_admin(call: Call) -> int:
    """Play ezjail-admin: status 1 for an error that it noticed itself, else 0 (console: the command's)."""
    session = Session(call, read_settings(call))
    try:
        return await _dispatch(session, *(call.args or ("",)))
    except Exit as end:
        return await call.fail(str(end))


async def _dispatch(session: Session, word: str, *words: str) -> int:
    """Run a sub-command; any word that ends like an action goes to the rc script."""
    if word in COMMANDS:
        return await COMMANDS[word](session, list(words)) or 0
    if word.endswith(startstop.ENDINGS):
        await startstop.act(session, word, list(words))
        return 0
    raise Exit(f"{VERSION}\n{session.usage('')}")
