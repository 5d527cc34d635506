"""Answer the agent's reading verbs without a process; everything else goes to the real script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import agent

if TYPE_CHECKING:
    from apps.simulator.call import Call


async def run(call: Call) -> int:
    """Be the agent for one forced command."""
    return await agent.run(call)
