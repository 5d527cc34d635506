"""What a host says of the inside of a jail that runs: all that the panel shows of it can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.parsers import inside

if TYPE_CHECKING:
    from apps.freebsd.values import JailName
    from tests.contract.trial import Trial

PARTS = ("processes", "ports", "users", "services", "packages", "vulnerable", "logs")


async def a_running_jail_can_be_looked_into(trial: Trial, name: JailName) -> None:
    found = await trial.agent.inside.look(name.safe_name, PARTS)
    for key in ("processes", "ports", "users", "services-all", "services-on", "logs"):
        trial.expect(f"{key} can be read", "0", f"{found[key].status} {found[key].error_text}".strip())
    commands = [row.command for row in inside.parse_processes(found["processes"].text)]
    trial.expect("cron runs in it", True, any("cron" in command for command in commands))
    texts = [found[f"services-{key}"].text for key in ("all", "on", "running")]
    enabled = {row.name: row.running for row in inside.parse_services(*texts) if row.enabled}
    trial.expect("and its service says so", True, enabled.get("cron"))
    trial.expect("nobody is logged in", (), inside.parse_logins(found["users"].text))
    trial.expect("a new jail has no pkg", "1", str(found["pkg"].status))
    tail = await trial.agent.inside.tail(name.safe_name, "messages", 5)
    trial.expect("the end of a log can be read", "0", str(tail.status))
