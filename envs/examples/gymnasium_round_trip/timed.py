"""An environment that is another one, and tells in its observation what that one took in seconds: the
last step, and the last picture before it."""

import time

import gymnasium
import numpy


class Timed(gymnasium.Env):
    metadata = {"render_modes": ["rgb_array"]}
    observation_space = gymnasium.spaces.Box(0, numpy.inf, (2,), numpy.float64)

    def __init__(self, inner, render_mode=None, **options):
        if inner.startswith("ALE/"):
            import ale_py  # noqa: F401: registers the environments
        self.env = gymnasium.make(inner, render_mode=render_mode, **options)
        self.render_mode = render_mode
        self.action_space = self.env.action_space
        self.took = numpy.zeros(2)

    def reset(self, *, seed=None, options=None):
        self.env.reset(seed=seed)
        return self.took, {}

    def step(self, action):
        begun = time.perf_counter()
        _, reward, terminated, truncated, _ = self.env.step(action)
        self.took[0] = time.perf_counter() - begun
        return self.took, float(reward), terminated, truncated, {}

    def render(self):
        begun = time.perf_counter()
        picture = self.env.render()
        self.took[1] = time.perf_counter() - begun
        return picture


gymnasium.register("Timed-v0", Timed, disable_env_checker=True, order_enforce=False)
