"""Environments that do on demand what environments must not, and some that are only unusual."""

import ctypes
import os
import signal
import subprocess
import sys
import time

import gymnasium
import numpy

from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete

PICTURE = numpy.arange(6 * 8 * 3, dtype=numpy.uint8).reshape(6, 8, 3)


class Bad(gymnasium.Env):
    """Misbehaves in its second step. Its observation is the processes that it has started, and itself."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 25}
    observation_space = Box(-numpy.inf, numpy.inf, (4,))
    action_space = Discrete(3, start=-1)

    def __init__(self, how="", render_mode=None):
        self.how, self.render_mode = how, render_mode
        if how == "refuse":
            raise ValueError("it must be so")
        self.processes = [os.getppid(), os.getpid()]
        if how in ("leave", "leave-and-hang"):
            # One that stays a child, and one that moves as far away as it can.
            self.processes.append(subprocess.Popen(["sleep", "1000"]).pid)
            shell = ["sh", "-c", "setsid sh -c 'trap \"\" TERM HUP; echo $$; exec sleep 1000' & wait"]
            daemon = subprocess.Popen(shell, stdout=subprocess.PIPE, text=True, start_new_session=True)
            self.processes.append(int(daemon.stdout.readline()))
            daemon.kill()

    def observe(self):
        return numpy.array((self.processes + [0, 0])[:4], numpy.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.observe(), {}

    def step(self, action):
        self.steps += 1
        if self.steps == 2:
            self.misbehave()
        reward = {"nan": float("nan"), "choice": action}.get(self.how, 1.0)
        return self.observe(), reward, False, False, {}

    def misbehave(self):
        if self.how == "raise":
            raise RuntimeError("the wheel has come off")
        if self.how == "exit":
            os._exit(7)
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "segfault":
            ctypes.string_at(0)
        if self.how in ("hang", "leave-and-hang"):
            print("not coming back", file=sys.stderr)
            # Without letting any other thread run.
            ctypes.PyDLL(None).sleep(1000)
        if self.how == "print":
            print("a line for standard output")
            os.write(1, b"and one past Python\n")
            os.system("echo and one of a shell")
            assert input_is_empty()

    def render(self):
        if self.how in ("opacity", "grey-opacity"):
            return numpy.dstack([PICTURE[..., : 3 if self.how == "opacity" else 1], 0 * PICTURE[..., :1] + 99])
        return numpy.flipud(PICTURE) if self.how != "float" else PICTURE / 255


def input_is_empty():
    return os.read(0, 1) == b""


class Seen(gymnasium.Env):
    """Is seen in its observations, which are of a shape, and knows no render mode."""

    action_space = Box(numpy.array([[-1.0], [0.0]]), numpy.array([[1.0], [4.0]]), dtype=numpy.float64)

    def __init__(self, colours):
        shape = {"none": (6, 8), "one": (6, 8, 1), "three": (6, 8, 3), "four": (6, 8, 4)}[colours]
        self.observation_space = Box(0, 255, shape, numpy.uint8)

    def reset(self, *, seed=None, options=None):
        shape = self.observation_space.shape
        return numpy.resize(PICTURE, shape), {}

    def step(self, action):
        assert action.shape == (2, 1)
        return self.reset()[0], float(action.sum()), False, True, {}


class Spaces(gymnasium.Env):
    """Has spaces that are of no use."""

    metadata = {"render_modes": ["rgb_array"]}
    observation_space = Dict(a=Discrete(2))

    def __init__(self, space, render_mode=None):
        self.render_mode = render_mode
        self.action_space = {
            "multi": MultiDiscrete([2, 3]),
            "whole": Box(0, 5, (2,), numpy.int64),
            "endless": Box(-numpy.inf, numpy.inf, (1,)),
            "good": Box(-1, 1, (1,)),
        }[space]

    def reset(self, *, seed=None, options=None):
        return {"a": 0}, {}

    def step(self, action):
        return {"a": 0}, 0.0, True, True, {}

    def render(self):
        return PICTURE


for kind in (Bad, Seen, Spaces):
    gymnasium.register(f"{kind.__name__}-v0", kind)
