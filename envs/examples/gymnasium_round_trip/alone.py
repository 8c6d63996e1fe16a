"""What steps and pictures of an environment take within Python: prints the two medians in seconds."""

import sys

import gymnasium
import timed  # noqa: F401: registers the environment

options = dict(option.split("=") for option in sys.argv[1].split("&"))
options = {key: int(value) if value.isdigit() else value for key, value in options.items()}
env = gymnasium.make("Timed-v0", render_mode="rgb_array", **options)
env.reset(seed=0)
action = env.action_space.sample()
took = []
for _ in range(int(sys.argv[2])):
    observation, _, terminated, truncated, _ = env.step(action)
    env.render()
    # The same array, which the picture has written to.
    took.append(observation.copy())
    if terminated or truncated:
        env.reset()
print(*(sorted(times)[len(times) // 2] for times in zip(*took)))
