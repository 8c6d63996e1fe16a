"""Draws Gymnasium's pictures of the states that the tests draw.

pip install "gymnasium[classic-control]==1.4.0" pillow, then run this in its folder.
"""

import gymnasium
import numpy
from PIL import Image

STATES = {
    "CartPole-v1": {"cartpole": (0.0, 0.0, 0.0, 0.0), "cartpole-leaning": (-1.3, 0.0, 0.17, 0.0)},
    "MountainCar-v0": {"mountain_car": (-0.5, 0.0), "mountain_car-uphill": (0.3, 0.0)},
}

for name, states in STATES.items():
    env = gymnasium.make(name, render_mode="rgb_array").unwrapped
    env.reset(seed=0)
    for picture, state in states.items():
        env.state = numpy.array(state)
        Image.fromarray(env.render()).save(f"{picture}.png", optimize=True)
