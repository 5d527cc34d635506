"""How states look: one colour, sign and word for each, the same on every page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """How one state is shown; never by colour alone.

    Args:
        label: The word.
        colour: green, red, orange, blue or grey.
        icon: A symbol of static/icons.svg.
        busy: Whether it is on its way to another state.
    """

    label: str
    colour: str
    icon: str
    busy: bool = False


LOOKS = {
    # jails
    "running": Look("Running", "green", "player-play"),
    "stopped": Look("Stopped", "grey", "player-stop"),
    "dying": Look("Dying", "orange", "hourglass"),
    "missing": Look("Missing", "red", "alert-triangle"),
    # hosts
    "new": Look("Being added", "blue", "circle-dashed"),
    "unverified": Look("Key not confirmed", "orange", "fingerprint"),
    "online": Look("Online", "green", "circle-check"),
    "unreachable": Look("Unreachable", "red", "plug-connected-x"),
    "key_changed": Look("Host key changed", "red", "fingerprint"),
    "refused": Look("Access refused", "red", "lock-access"),
    "agent_missing": Look("Agent missing", "orange", "server-off"),
    "unreadable": Look("Answer not understood", "orange", "help-circle"),
    # jobs and steps
    "awaiting_approval": Look("Awaiting approval", "orange", "hourglass"),
    "held": Look("Waits its turn", "grey", "hourglass"),
    "queued": Look("Queued", "blue", "clock"),
    "pending": Look("Pending", "grey", "circle-dashed"),
    "job.running": Look("Running", "blue", "loader-2", busy=True),
    "succeeded": Look("Succeeded", "green", "circle-check"),
    "failed": Look("Failed", "red", "circle-x"),
    "cancelled": Look("Cancelled", "grey", "ban"),
    "lost": Look("Lost", "orange", "help-circle"),
    "skipped": Look("Skipped", "grey", "circle-dashed"),
    # schedules
    "ran": Look("Ran", "green", "circle-check"),
    "off": Look("Switched off", "grey", "player-stop"),
    # batches
    "batch.running": Look("Running", "blue", "loader-2", busy=True),
    "batch.stopped": Look("Stopped", "orange", "player-stop"),
    "batch.ended": Look("Ended", "grey", "circle-check"),
    "differs": Look("Differs", "orange", "alert-triangle"),
    # basejails and whatever is being made
    "installed": Look("Installed", "green", "circle-check"),
    "installing": Look("Installing", "blue", "loader-2", busy=True),
    "starting": Look("Starting", "blue", "loader-2", busy=True),
    "stopping": Look("Stopping", "blue", "loader-2", busy=True),
    "restarting": Look("Restarting", "blue", "loader-2", busy=True),
    "changing": Look("Changing", "blue", "loader-2", busy=True),
    "renaming": Look("Renaming", "blue", "loader-2", busy=True),
    "deleting": Look("Deleting", "blue", "loader-2", busy=True),
    "creating": Look("Creating", "blue", "loader-2", busy=True),
    "moving": Look("Moving", "blue", "loader-2", busy=True),
    "absent": Look("None", "grey", "circle-dashed"),
    "unknown": Look("Unknown", "grey", "help-circle"),
}


def look_of(state: str, kind: str = "") -> Look:
    """Return how a state looks; one that is not listed is shown as its own word, in grey.

    Args:
        state: The state's value.
        kind: "job" or "batch" where the word means something else for jobs, their steps or batches.
    """
    plain = Look(state.replace("_", " ").capitalize() or "Unknown", "grey", "help-circle")
    return LOOKS.get(f"{kind}.{state}") or LOOKS.get(state, plain)
