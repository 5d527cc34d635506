"""The panel's own SSH key and its own copy of the agent's script."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from apps.freebsd.channel.agent import AgentVersion, expected_version
from apps.freebsd.channel.keys import make_key_pair

AGENT_SCRIPT = Path(__file__).parent / "agent" / "jailpanel-agent"


def private_key_path() -> Path:
    """Return where the panel's private key lies (0600)."""
    return Path(settings.STATE_DIR) / "panel_ed25519"


def public_key_line() -> str:
    """Return the panel's public key as authorized_keys wants it; the pair is made on first use."""
    return make_key_pair(private_key_path())


def our_agent() -> AgentVersion:
    """Return the version of the agent that hosts should have."""
    return expected_version(AGENT_SCRIPT)
