"""An environment that does nothing and shows the same picture."""

import gymnasium
import numpy


class Idle(gymnasium.Env):
    metadata = {"render_modes": ["rgb_array"]}
    observation_space = gymnasium.spaces.Box(-1, 1, (17,), numpy.float64)
    action_space = gymnasium.spaces.Box(-1, 1, (6,), numpy.float32)

    def __init__(self, height, width, render_mode=None):
        self.render_mode = render_mode
        self.picture = numpy.zeros((height, width, 3), numpy.uint8)
        self.observation = numpy.zeros(17)

    def reset(self, *, seed=None, options=None):
        return self.observation, {}

    def step(self, action):
        return self.observation, 0.0, False, False, {}

    def render(self):
        return self.picture


gymnasium.register("Idle-v0", Idle)
