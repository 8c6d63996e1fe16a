"""An environment of Gymnasium, served to the program that started this process.

Standard input is a socket: requests come from it, and each is answered on it, laid out as protocol.rs has
them. Standard output is memory shared with that program, which pictures are put into. Both are moved
elsewhere at once, so that what environments print goes to standard error and does no harm.

There are two processes. The first only waits: for the second, which has the environment, and for the other
end of the socket. When either is gone, it ends every process that is left below it.
"""

import ctypes
import faulthandler
import glob
import mmap
import os
import select
import signal
import struct
import sys
import threading
import time

MAGIC = b"crl1"
HEADER = struct.Struct("<4sII")
MAKE, RESET, STEP, RENDER = range(1, 5)
# Modules that register the environments of a namespace.
MODULES = {"ALE": "ale_py"}
# Seconds for closing an environment, or for finishing a step, once nobody waits for it.
GRACE = 1.0
# Longer observations are not sent: they are pictures in some form of their own.
MAX_OBSERVATION = 4096
# A smaller array is a map of some kind rather than a picture, and seen only where nothing is drawn.
PICTURE_SIDE = 32
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main():
    requests, pictures = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)
    # Processes whose parent ends become the first process's children, wherever they have moved to.
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    watcher = os.getpid()
    server = os.fork()
    if server:
        watch(server, requests)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == watcher:
        faulthandler.enable()
        serve(requests, Shared(pictures))


def prctl(option, value):
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def watch(server, requests):
    """Waits for the server's end, brings it about when nobody listens any more, and ends all that is left."""

    alone = threading.Event()

    def end_with_the_other_end():
        closed = select.poll()
        closed.register(requests, 0)
        closed.poll()
        time.sleep(GRACE)
        alone.set()
        os.kill(server, signal.SIGKILL)

    threading.Thread(target=end_with_the_other_end, daemon=True).start()
    _, status = os.waitpid(server, 0)
    end_children()
    code = os.waitstatus_to_exitcode(status)
    if code < 0 and not alone.is_set():
        print(f"the environment's process was ended by {signal.Signals(-code).name}", file=sys.stderr)
    os._exit(code if code >= 0 else 128 - code)


def end_children():
    """Kills all processes below this one. The children of one that is killed become ours."""
    while True:
        for path in glob.glob("/proc/self/task/*/children"):
            with open(path) as children:
                for child in children.read().split():
                    os.kill(int(child), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


class Shared:
    """The memory that pictures are put into."""

    def __init__(self, file):
        self.file, self.size, self.bytes = file, 0, None

    def put(self, picture):
        if picture.nbytes > self.size:
            os.ftruncate(self.file, picture.nbytes)
            self.size = picture.nbytes
            self.bytes = numpy.frombuffer(mmap.mmap(self.file, self.size), numpy.uint8)
        numpy.copyto(self.bytes[: picture.nbytes].reshape(picture.shape), picture)


def serve(socket, pictures):
    """Answers requests until the other end is closed."""
    kind, payload = receive(socket)
    served = Served(make(payload), pictures)
    send(socket, kind, served.spec())
    answers = {RESET: served.reset, STEP: served.step, RENDER: served.render}
    while (request := receive(socket)) is not None:
        kind, payload = request
        send(socket, kind, answers[kind](payload))
    served.env.close()


def receive(socket):
    """The next request's kind and payload, or None at the end."""
    data = b""
    while len(data) < HEADER.size or len(data) < HEADER.size + HEADER.unpack_from(data)[2]:
        more = os.read(socket, 1 << 16)
        if not more:
            return None
        data += more
    return HEADER.unpack_from(data)[1], data[HEADER.size :]


def send(socket, kind, payload):
    left = HEADER.pack(MAGIC, kind, len(payload)) + payload
    while left:
        left = left[os.write(socket, left) :]


def make(payload):
    """The environment that a request names."""
    # Not before the fork: the first process is to stay small.
    global gymnasium, numpy
    # There is no screen to draw on.
    os.environ.setdefault("MUJOCO_GL", "egl")
    import gymnasium
    import numpy

    name, at = text(payload, 0)
    options = {}
    while at < len(payload):
        key, at = text(payload, at)
        kind = payload[at]
        value, at = text(payload, at + 1)
        options[key] = (int, float, "true".__eq__, str)[kind](value)
    module = MODULES.get(name.split("/")[0])
    if module and ":" not in name:
        name = f"{module}:{name}"
    try:
        return gymnasium.make(name, **{"render_mode": "rgb_array", **options})
    except TypeError as error:
        # Some whose observations are pictures know of no other ones.
        if "render_mode" not in str(error) or "render_mode" in options:
            raise
        return gymnasium.make(name, **options)


def text(payload, at):
    (length,) = struct.unpack_from("<I", payload, at)
    start = at + 4
    return payload[start : start + length].decode(), start + length


def packed(string):
    string = string.encode()
    return struct.pack("<I", len(string)) + string


class Served:
    """An environment, and its part of the protocol."""

    def __init__(self, env, pictures):
        self.env, self.pictures = env, pictures
        space = env.observation_space
        box = isinstance(space, gymnasium.spaces.Box)
        self.draws = env.render_mode == "rgb_array"
        # Four channels may be as many frames as well as colours and opacity: not where something is drawn.
        self.observes_pictures = box and (
            is_picture(space, ((), (1,), (3,))) and min(space.shape[:2]) >= PICTURE_SIDE
            if self.draws
            else is_picture(space, ((), (1,), (3,), (4,)))
        )
        self.observes_numbers = box and not self.observes_pictures and len(box_numbers(space)) <= MAX_OBSERVATION
        self.observation = None

    def spec(self):
        import platform

        space = self.env.observation_space
        spec = self.env.spec
        return b"".join(
            [
                packed(platform.python_version()),
                packed(gymnasium.__version__),
                packed_actions(self.env.action_space),
                bytes([not self.observes_pictures and not self.draws]),
                struct.pack(
                    "<IdQ",
                    len(box_numbers(space)) if self.observes_numbers else 0,
                    self.env.metadata.get("render_fps") or 0,
                    (spec and spec.max_episode_steps) or 0,
                ),
            ]
        )

    def reset(self, payload):
        (seed,) = struct.unpack("<I", payload)
        self.observation, _ = self.env.reset(seed=seed)
        return self.numbers()

    def step(self, payload):
        action = self.action(payload)
        self.observation, reward, terminated, truncated, _ = self.env.step(action)
        return struct.pack("<d??", reward, terminated, truncated) + self.numbers()

    def action(self, payload):
        space = self.env.action_space
        if isinstance(space, gymnasium.spaces.Discrete):
            return space.dtype.type(struct.unpack("<Q", payload)[0] + space.start)
        return numpy.frombuffer(payload, "<f8").astype(space.dtype).reshape(space.shape)

    def numbers(self):
        """The flat observation."""
        if not self.observes_numbers:
            return b""
        return numpy.asarray(self.observation, "<f8").tobytes()

    def render(self, _):
        picture = self.observation if self.observes_pictures else self.env.render()
        picture = numpy.asarray(picture)
        if picture.dtype != numpy.uint8 or picture.ndim not in (2, 3):
            raise ValueError(f"a picture is {picture.dtype} of shape {picture.shape}, not uint8 (height, width, 3)")
        if picture.shape[2:] in ((2,), (4,)):
            # The last channel is opacity, which no agent sees.
            picture = picture[..., :-1]
        self.pictures.put(picture)
        return struct.pack("<III", *(picture.shape + (1,))[:3])


def is_picture(space, channels):
    """Whether a Box is one of pictures: height and width, then one of these shapes of channels."""
    sides = space.shape[:2]
    return space.dtype == numpy.uint8 and len(sides) == 2 and space.shape[2:] in channels


def box_numbers(space):
    return space.low.ravel()


def packed_actions(space):
    """The space of actions: bounds, number of choices, or what else it is."""
    if isinstance(space, gymnasium.spaces.Discrete):
        return struct.pack("<BQ", 1, space.n)
    if isinstance(space, gymnasium.spaces.Box) and numpy.issubdtype(space.dtype, numpy.floating):
        bounds = [numpy.asarray(bound, "<f8").tobytes() for bound in (space.low, space.high)]
        return struct.pack("<BI", 0, len(box_numbers(space))) + b"".join(bounds)
    return struct.pack("<B", 2) + packed(str(space)[:200])


main()
