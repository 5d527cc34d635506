"""The one line that someone runs on a new host, and the script behind it."""

from __future__ import annotations

import hashlib
import shlex

from apps.hosts.gateway import AGENT_PATH
from apps.hosts.models import ChannelKind, Host
from apps.hosts.panel_key import AGENT_SCRIPT, public_key_line

_SCRIPT = """\
#!/bin/sh
# Installs jailpanel-agent, and the panel's key for the user named as the first argument (default: root).
# The key can run nothing but the agent. Run it as root; running it again is safe.
set -eu
umask 022
user=${{1:-root}}
root=${{JAILPANEL_ROOT:-}}
agent={agent_path}
key={public_key}

case $user in
local) home='' command='' ;;
root) home=/root command=$agent ;;
*) home=$(getent passwd "$user" | cut -d: -f6) command="doas -n $agent \\$SSH_ORIGINAL_COMMAND"
   [ -n "$home" ] || {{ echo "There is no user $user on this host." >&2; exit 1; }} ;;
esac

mkdir -p "$root${{agent%/*}}"
new=$(mktemp "$root$agent.XXXXXX")
cat > "$new" <<'END-OF-JAILPANEL-AGENT'
{agent_text}END-OF-JAILPANEL-AGENT
chmod 0555 "$new"
mv "$new" "$root$agent"
[ "$user" != local ] || {{ echo "The agent is installed in $agent."; exit 0; }}

mkdir -p "$root$home/.ssh"
chmod 0700 "$root$home/.ssh"
keys=$root$home/.ssh/authorized_keys
line="restrict,command=\\"$command\\" $key"
touch "$keys"
chmod 0600 "$keys"
# A last line without its end would swallow ours.
[ -z "$(tail -c 1 "$keys")" ] || echo >> "$keys"
grep -qxF "$line" "$keys" || printf '%s\\n' "$line" >> "$keys"
[ "$user" = root ] || chown -R "$user" "$root$home/.ssh"
echo "The agent is installed in $agent, and the panel's key in $keys."
"""


def install_script() -> str:
    """Return the script that puts the agent and the panel's key on a host."""
    return _SCRIPT.format(
        agent_path=AGENT_PATH,
        agent_text=AGENT_SCRIPT.read_text(),
        public_key=shlex.quote(public_key_line()),
    )


def install_command(script_url: str, host: Host) -> str:
    """Return the one line for the host: fetch the script, compare its checksum, run it.

    It means the same in sh and in csh, which is root's shell before FreeBSD 14.

    Args:
        script_url: Where the panel serves the script.
        host: The host; its user decides whose key it becomes.

    Source: fetch(1), sha256(1) (-c ends with status 2 when the checksum is another).
    """
    checksum = hashlib.sha256(install_script().encode()).hexdigest()
    user = "local" if host.channel != ChannelKind.SSH else host.user
    # Only root writes there, so nobody can change the file between the comparison and the run.
    file = "/var/db/jailpanel-install.sh"
    fetch = f"fetch -qo {file} {shlex.quote(script_url)}"
    return f"{fetch} && sha256 -c {checksum} {file} && sh {file} {shlex.quote(user)}"


def fingerprint_command(host: Host) -> str:
    """Return what someone runs on the host's console to see the fingerprint of its key."""
    kind = host.offered_key.partition(" ")[0]
    file = {"ssh-ed25519": "ed25519", "ssh-rsa": "rsa"}.get(
        kind, "ecdsa" if kind.startswith("ecdsa") else "*"
    )
    return f"ssh-keygen -lf /etc/ssh/ssh_host_{file}_key.pub"


def local_rule(host: Host) -> str:
    """Return the line with which the panel's user may call the agent on the panel's own machine."""
    if host.channel == ChannelKind.SUDO:
        return f"jailpanel ALL=(root) NOPASSWD: {AGENT_PATH}"
    return f"permit nopass jailpanel as root cmd {AGENT_PATH}"
