"""Speaks the protocol of server.py with nothing behind it, and badly where the environment's name asks for that.

Needs Python alone. `NAME` misbehaves at the reply of its kind: make-hang, reset-die, step-nan, ...
"""

import fcntl
import mmap
import os
import select
import struct
import sys
import time

MAKE, RESET, STEP, RENDER = range(1, 5)
F_SETPIPE_SZ = 1031
KINDS = {MAKE: "make", RESET: "reset", STEP: "step", RENDER: "render"}


def text(string):
    return struct.pack("<I", len(string)) + string.encode()


def message(kind, payload):
    return b"crl1" + struct.pack("<II", kind, len(payload)) + payload


def receive():
    data = os.read(0, 1 << 16)
    if not data:
        sys.exit()
    return struct.unpack_from("<I", data, 4)[0], data[12:]


def spec():
    actions = struct.pack("<BI4d", 0, 2, -2.0, 0.0, 2.0, 10.0)
    if name == "unbounded":
        actions = struct.pack("<BI2d", 0, 1, -1.0, float("inf"))
    if name == "discrete":
        actions = struct.pack("<BQ", 1, 5)
    if name == "other":
        actions = b"\2" + text("MultiDiscrete([2 2])")
    return text("3.0") + text("1.0") + actions + bytes([name == "blind"]) + struct.pack("<IdQ", 3, 50.0, 200)


def reply(kind, payload):
    """What a good process answers."""
    global steps
    if kind == MAKE:
        return spec()
    if kind == RENDER:
        shared = mmap.mmap(1, 6)
        shared[:] = bytes([10 * steps % 256] * 6)
        return struct.pack("<III", 1, 2, 3)
    steps = steps + 1 if kind == STEP else 0
    first = struct.unpack_from("<d" if len(payload) == 16 else "<q", payload)[0] if kind == STEP else 0
    observation = struct.pack("<3d", steps, first, 0.5)
    ended = struct.pack("??", name == "terminates", steps == 3)
    return struct.pack("<d", 0.25 * steps) + ended + observation if kind == STEP else observation


def misbehave(how, kind, good):
    """What a bad process answers, if it does."""
    print(f"about to {how}", file=sys.stderr)
    if how == "die":
        sys.exit(3)
    if how == "crash":
        os.abort()
    if how == "hang":
        time.sleep(1000)
    if how == "stall":
        # Until nobody listens.
        stream = select.poll()
        stream.register(0, 0)
        stream.poll()
        sys.exit()
    if how == "flood":
        # Faster than the lines can be taken in, until nobody listens.
        fcntl.fcntl(2, F_SETPIPE_SZ, 1 << 20)
        stream = select.poll()
        stream.register(0, 0)
        while not stream.poll(0):
            os.write(2, b"flood\n" + b"\n" * 65530)
        sys.exit()
    if how == "babble":
        for line in range(20000):
            print("babble", line, file=sys.stderr)
    if how == "leave":
        os.close(0)
        time.sleep(1000)
    return {
        "babble": message(kind, good),
        "garbage": b"Hello from a library that prints\n",
        "other": message(kind % 4 + 1, good),
        "short": message(kind, good[:-1]),
        "long": message(kind, good + b"!"),
        "much": b"crl1" + struct.pack("<II", kind, 0xFFFFFFFF),
        "twice": 2 * message(kind, good),
        "nan": message(kind, good[:-8] + struct.pack("<d", float("nan"))),
        "worthless": message(kind, struct.pack("<d", float("inf")) + good[8:]),
        "huge": message(kind, struct.pack("<III", 5000, 5000, 3)),
        "colours": message(kind, struct.pack("<III", 1, 2, 4)),
        "cut": message(kind, struct.pack("<III", 100, 100, 3)),
    }[how]


kind, payload = receive()
name = payload[4 : 4 + struct.unpack_from("<I", payload)[0]].decode()
bad_kind, _, how = name.partition("-")
steps = 0
os.ftruncate(1, 6)
while True:
    good = reply(kind, payload)
    if KINDS[kind] == bad_kind:
        os.write(0, misbehave(how, kind, good))
    else:
        os.write(0, message(kind, good))
    kind, payload = receive()
