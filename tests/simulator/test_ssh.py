"""A simulated machine's sshd behaves as FreeBSD's does, and the agent behind it is the real script."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib

import asyncssh
import pytest

from apps.simulator import agent
from apps.simulator.ssh import KEYS
from tests.simulator.machines import READY
from tests.simulator.served import (
    DEADLINE_S,
    KEY,
    NONCE,
    PUBLIC_KEY,
    ask,
    connecting,
    only_host,
    say,
    serving,
    start_run,
)

EZJAIL = "/usr/local/bin/ezjail-admin"
OPEN_ENTRY = f"{PUBLIC_KEY.strip()}\n"


def play(folder, scenario, **options):
    """Serve one host and run a scenario with it."""

    async def whole():
        async with asyncio.timeout(DEADLINE_S), serving(folder, **options) as simulation:
            return await scenario(only_host(simulation))

    return asyncio.run(whole())


def give_a_prompt(host) -> None:
    """Let the key run anything."""
    host.machine.files.write_text(KEYS, OPEN_ENTRY, 0o600)


def test_forced_command_runs_the_real_script(tmp_path):
    said = play(tmp_path, lambda host: say(host, "version"))
    checksum = hashlib.sha256(agent.SCRIPT.read_bytes()).hexdigest()
    assert (said.status, said.stdout) == (0, f"jailpanel-agent 1 {checksum}\n".encode())


def test_forced_command_cannot_be_got_round(tmp_path):
    said = play(tmp_path, lambda host: say(host, "cat /etc/rc.conf"))
    assert (said.status, said.stdout) == (64, b"")
    assert said.stderr.startswith(b"jailpanel-agent: ")


def test_forced_command_answers_when_a_shell_is_asked(tmp_path):
    said = play(tmp_path, lambda host: say(host, None))
    assert said.status == 64


def test_no_terminal_is_given(tmp_path):
    async def scenario(host):
        async with connecting(host) as line:
            with pytest.raises(asyncssh.ChannelOpenError):
                await line.run("version", term_type="xterm")

    play(tmp_path, scenario)


@pytest.mark.parametrize("user", ["admin", "toor", ""])
def test_nobody_but_root_signs_in(tmp_path, user):
    async def scenario(host):
        with pytest.raises(asyncssh.PermissionDenied):
            await connecting(host, user=user)

    play(tmp_path, scenario)


def test_an_unknown_key_is_refused(tmp_path):
    stranger = asyncssh.generate_private_key("ssh-ed25519")

    async def scenario(host):
        with pytest.raises(asyncssh.PermissionDenied):
            await connecting(host, stranger)

    play(tmp_path, scenario)


def test_keys_count_from_the_moment_they_are_in_the_file(tmp_path):
    async def scenario(host):
        with pytest.raises(asyncssh.PermissionDenied):
            await connecting(host)
        await host.run(f"mkdir -m 700 .ssh; echo '{OPEN_ENTRY.strip()}' > .ssh/authorized_keys")
        return await say(host, "hostname")

    assert play(tmp_path, scenario, panel_key="").stdout == b"alpha\n"


@pytest.mark.parametrize("change", [f"chmod 666 {KEYS}", "chmod 777 /root/.ssh", f"echo nonsense > {KEYS}"])
def test_a_file_that_others_may_write_counts_for_nothing(tmp_path, change):
    async def scenario(host):
        await host.run(change)
        with pytest.raises(asyncssh.PermissionDenied):
            await connecting(host)

    play(tmp_path, scenario)


def test_from_option_is_honoured(tmp_path):
    async def scenario(host):
        host.machine.files.write_text(KEYS, f'from="192.0.2.1" {OPEN_ENTRY}', 0o600)
        with pytest.raises(asyncssh.PermissionDenied):
            await connecting(host)

    play(tmp_path, scenario)


def test_a_key_without_a_forced_command_gets_the_hosts_prompt(tmp_path):
    async def scenario(host):
        give_a_prompt(host)
        async with connecting(host) as line:
            script = b"cd /etc && grep hostname rc.conf\nexit 3\n"
            return await ask(line, "uname -r; echo $HOME >&2; false"), await ask(line, None, script)

    line, script = play(tmp_path, scenario)
    assert (line.status, line.stdout, line.stderr) == (1, b"13.2-RELEASE\n", b"/root\n")
    assert (script.status, script.stdout) == (3, b'hostname="alpha"\n')


def test_a_run_goes_on_without_its_connection_and_is_followed_from_any_byte(tmp_path):
    async def scenario(host):
        async with connecting(host) as line:
            started = await start_run(line, "run-00000001", EZJAIL, "create", "www", "lo1|10.0.0.2/24")
        whole = await say(host, "follow run-00000001 0")
        rest = await say(host, "follow run-00000001 20")
        return started, whole, rest, host.machine.files.exists("/usr/jails/www/etc")

    started, whole, rest, made = play(tmp_path, scenario, specs=[READY])
    assert (started.status, started.stdout) == (0, b"started run-00000001\n")
    assert (whole.status, whole.stderr) == (0, b"exit 0\n")
    assert whole.stdout.startswith(b"/usr/jails/www/.\n")
    assert rest.stdout == whole.stdout[20:]
    assert made


def test_a_cancelled_run_ends_the_tool_in_its_middle(tmp_path):
    async def scenario(host):
        host.machine.pace = 1000.0
        async with connecting(host) as line:
            await start_run(line, "run-00000001", EZJAIL, "onestart", "www")
            cancelled = await ask(line, "cancel run-00000001")
            followed = await ask(line, "follow run-00000001 0")
        return cancelled, followed, host.machine.files

    cancelled, followed, files = play(tmp_path, with_jail(scenario), specs=[READY])
    assert cancelled.stdout == b"cancelled run-00000001\n"
    assert followed.stderr == b"exit 143\n"
    assert files.exists("/var/run/jail.www.conf")
    assert not files.exists("/var/run/jail_www.id")


def with_jail(scenario):
    """Make a jail first, without any slowness."""

    async def whole(host):
        assert (await host.run("ezjail-admin create www 'lo1|10.0.0.2/24'")).status == 0
        return await scenario(host)

    return whole


def test_a_run_has_a_terminal_when_script_gives_it_one(tmp_path):
    argv = ("/usr/bin/env", "UNAME_r=13.2-RELEASE", "/usr/bin/script", "-q", "/dev/null", EZJAIL)

    async def scenario(host):
        async with connecting(host) as line:
            words = (*argv, "install", "-h", "file:///dist", "-r", "13.2-RELEASE")
            started = await start_run(line, "run-00000001", *words)
            return started, await ask(line, "follow run-00000001 0")

    started, followed = play(tmp_path, scenario)
    assert started.status == 0, started.stderr
    assert followed.stdout.startswith(b"^D\b\b")
    assert followed.stdout.endswith(b"\r\n")
    assert followed.stderr == b"exit 0\n"


def test_the_hosts_log_knows_who_did_what(tmp_path):
    async def scenario(host):
        async with connecting(host) as line:
            await start_run(line, "run-00000001", EZJAIL, "onestart", "www")
            await ask(line, "follow run-00000001 0")
        return host.machine.files.read_text("/var/log/auth.log")

    log = play(tmp_path, scenario)
    assert f" alpha jailpanel: user=alice job=job-1 verb=start run=run-00000001 {EZJAIL} onestart www" in log


def test_installing_the_agent_by_the_panels_line_works(tmp_path):
    """What the panel shows: fetch a script from it, compare its checksum, run it."""
    script = f"""#!/bin/sh
set -eu
umask 022
user=${{1:-root}}
root=${{JAILPANEL_ROOT:-}}
agent={agent.AGENT}
mkdir -p "$root${{agent%/*}}"
new=$(mktemp "$root$agent.XXXXXX")
cat > "$new" <<'END-OF-JAILPANEL-AGENT'
{agent.SCRIPT.read_text()}END-OF-JAILPANEL-AGENT
chmod 0555 "$new"
mv "$new" "$root$agent"
case $user in
local) exit 0 ;;
root) home=/root command=$agent ;;
esac
mkdir -p "$root$home/.ssh"
chmod 0700 "$root$home/.ssh"
keys=$root$home/.ssh/authorized_keys
line="restrict,command=\\"$command\\" {PUBLIC_KEY.strip()}"
touch "$keys"
chmod 0600 "$keys"
grep -qxF "$line" "$keys" || printf '%s\\n' "$line" >> "$keys"
""".encode()

    async def scenario(host):
        async with serving_text(script) as url:
            checksum, file = hashlib.sha256(script).hexdigest(), "/var/db/install.sh"
            line = f'fetch -qo {file} {url} && [ "$(sha256 -q {file})" = {checksum} ] && sh {file} root'
            done = await host.run(line)
        return done, await say(host, f"facts {NONCE}")

    done, said = play(tmp_path, scenario, panel_key="")
    assert (done.status, done.stderr) == (0, "")
    assert said.stdout.endswith(f"@@{NONCE} RC done 0\n".encode())


@contextlib.asynccontextmanager
async def serving_text(text: bytes):
    """Serve one text over HTTP."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/install.sh"


def test_the_host_key_lies_in_the_hosts_tree_and_can_change(tmp_path):
    async def scenario(host):
        before = host.sshd.public_key
        assert before in host.machine.files.read_text("/etc/ssh/ssh_host_ed25519_key.pub")
        await host.sshd.change_host_key()
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            await asyncssh.connect(
                host.sshd.address,
                host.sshd.port,
                username="root",
                client_keys=[KEY],
                known_hosts=([asyncssh.import_public_key(before)], [], []),
                config=None,
                agent_path=None,
            )
        return await say(host, "version")

    assert play(tmp_path, scenario).status == 0


def test_standard_input_reaches_the_script_whole(tmp_path):
    content = b"# " + b"x" * 300_000 + b"\n"

    async def scenario(host):
        path = "/etc/fstab.www"
        return await say(
            host, f"write {path} - {len(content)} alice job-1", content
        ), host.machine.files.read_bytes(path)

    said, written = play(tmp_path, scenario, specs=[READY])
    assert said.stderr == b""
    assert written == content
