"""How the brain's processes speak: frames on a stream for turns, JSON packets with descriptors for control."""

import ctypes
import json
import os
import signal
import socket
import struct
from typing import Any

TURN = 1
READ = 2

REQUEST_HEAD = struct.Struct(">IB")  # length of the body, kind
REPLY_HEAD = struct.Struct(">IH")  # length of the body, HTTP status

CONTROL_BYTES = 65_536  # a control packet is never longer

_PR_SET_PDEATHSIG = 1  # prctl(2)


def read_exactly(sock: socket.socket, length: int) -> bytes | None:
    """`length` bytes from a blocking socket, or None when the other side has closed."""
    buffer = bytearray(length)
    view = memoryview(buffer)
    filled = 0
    while filled < length:
        received = sock.recv_into(view[filled:])
        if not received:
            return None
        filled += received
    return bytes(buffer)


def control_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a control channel that keeps packets whole."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send_control(sock: socket.socket, packet: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
    """Send one packet with its descriptors. Raises OSError when the other side is gone."""
    data = json.dumps(packet).encode()
    if len(data) > CONTROL_BYTES:
        raise ValueError(f"a control packet of {len(data)} bytes is too long")
    socket.send_fds(sock, [data], list(fds))


def receive_control(sock: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next packet and its descriptors, or None when the other side has closed."""
    try:
        data, fds, _, _ = socket.recv_fds(sock, CONTROL_BYTES, 1)
    except ConnectionResetError:
        return None
    return (json.loads(data), list(fds)) if data else None


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent dies, and die at once if it already has. Linux only."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:
        os._exit(1)
