"""The program that stands at a tool's place in a simulated host's tree.

It is put where FreeBSD has the tool (`server.place`) and finds the simulator's socket beside the
tree that it stands in. It tells the simulator what it was called with, passes the streams on and
ends with the tool's status; when it is killed, the line breaks and the call ends in the middle.
It is started for every call of every tool, so it imports nothing that costs time: no site, no io.

From here: one head (NUL-ended fields behind a length), then an answer to each `r`. To here:
frames of a letter, a length and bytes: `o` and `e` are output, `r` asks for input, `x` ends.
"""

import _signal  # type: ignore[import-not-found]  # typeshed leaves it out
import _socket
import posix
import sys

FULL = (27, 28)  # EFBIG, ENOSPC; importing errno would cost time
FILE_TYPE, FIFO = 0o170000, 0o010000  # importing stat would cost time
DEEPEST = 6  # folders between a tool and the tree's root: usr/local/etc/rc.d, and room


def encode(text: str) -> bytes:
    """Give back the bytes that Python was handed."""
    return text.encode(sys.getfilesystemencoding(), "surrogateescape")


def program(cwd: bytes) -> str:
    """Name this very file by its real absolute path."""
    path = sys.argv[0]
    return path if path[:1] == "/" else cwd.decode() + "/" + path


def head(cwd: bytes) -> bytes:
    """Pack what the tool was called with; counts stand before lists."""
    env = [name + b"=" + value for name, value in posix.environ.items()]
    argv = [encode(word) for word in sys.argv[1:]]
    tty = b"1" if posix.isatty(0) else b"2" if is_fifo() else b"0"
    fields = [encode(program(cwd)), cwd, tty, b"%d" % len(env), *env, b"%d" % len(argv), *argv]
    packed = b"".join(field + b"\0" for field in fields)
    return len(packed).to_bytes(4, "big") + packed


def is_fifo() -> bool:
    """Tell whether standard input is a FIFO, in which somebody may answer later."""
    try:
        return posix.fstat(0).st_mode & FILE_TYPE == FIFO
    except OSError:
        return False


def hold_standard_descriptors() -> None:
    """Open those of 0, 1 and 2 that were closed, lest the line to the simulator become one of them."""
    while posix.open("/dev/null", posix.O_RDWR) < 3:
        pass


def reach() -> _socket.socket:
    """Connect to the simulator of the tree that this file stands in, however long its path is."""
    posix.chdir(sys.argv[0].rpartition("/")[0] or ".")
    line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    for depth in range(2, DEEPEST):
        try:
            line.connect("../" * depth + "socket")
        except FileNotFoundError:
            continue
        return line
    raise FileNotFoundError


def here() -> bytes:
    """Name the working folder, which may have been removed."""
    try:
        return posix.getcwdb()
    except OSError:
        return b"/"


def typed() -> bytes:
    """Read what stands ready on standard input; a closed one is at its end."""
    try:
        return posix.read(0, 65536)
    except OSError:
        return b""


def take(line: _socket.socket, size: int) -> bytes:
    """Read exactly so many bytes; a line that breaks is the machine's going down."""
    data = b""
    while len(data) < size:
        piece = line.recv(size - len(data))
        if not piece:
            posix._exit(255)  # noqa: SLF001 - os._exit, without os
        data += piece
    return data


def put(descriptor: int, data: bytes) -> None:
    """Write all of the bytes; a full disk takes no more of them, and tools go on regardless."""
    try:
        while data:
            data = data[posix.write(descriptor, data) :]
    except OSError as error:
        if error.errno not in FULL:
            raise


def serve(line: _socket.socket) -> int:
    """Pass the streams on until the tool has ended; give its status."""
    while True:
        kind, size = take(line, 1), int.from_bytes(take(line, 4), "big")
        data = take(line, size)
        if kind == b"x":
            return data[0]
        if kind == b"r":
            data = typed()
            line.sendall(len(data).to_bytes(4, "big") + data)
        else:
            put(1 if kind == b"o" else 2, data)


def main() -> int:
    """Be the tool."""
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    hold_standard_descriptors()
    try:
        packed = head(here())
        line = reach()
        line.sendall(packed)
    except OSError as error:
        put(2, encode(f"{sys.argv[0]}: the simulator is not there: {error}\n"))
        return 255
    return serve(line)


if __name__ == "__main__":
    posix._exit(main())  # noqa: SLF001 - os._exit, without os
