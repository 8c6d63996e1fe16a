"""What steps and pictures of an environment cost within Python: prints the two medians in seconds."""

import sys
import time

import gymnasium

name, _, options = sys.argv[1].partition("?")
if name.startswith("ALE/"):
    import ale_py  # noqa: F401: registers the environments
options = {key: int(value) for key, value in (option.split("=") for option in options.split("&") if option)}
env = gymnasium.make(name, render_mode="rgb_array", **options)
env.reset(seed=0)
action = env.action_space.sample()
steps, pictures = [], []
for _ in range(int(sys.argv[2])):
    begun = time.perf_counter()
    _, _, terminated, truncated, _ = env.step(action)
    stepped = time.perf_counter()
    env.render()
    steps.append(stepped - begun)
    pictures.append(time.perf_counter() - stepped)
    if terminated or truncated:
        env.reset()
print(*(sorted(times)[len(times) // 2] for times in (steps, pictures)))
