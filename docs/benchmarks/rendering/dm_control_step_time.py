"""What an agent step costs outside the agent in dm_control: the action repeat's env steps and one
picture. Prints task, milliseconds that passed, milliseconds that the processor worked in all
threads; medians over the steps.

    MUJOCO_GL=egl python dm_control_step_time.py TASK [SIZE [STEPS]]
"""

import statistics
import sys
import time

import numpy as np
from dm_control import suite

ACTION_REPEAT = {"cartpole-swingup": 8, "finger-spin": 2, "walker-walk": 2}
# Steps at the start that are not counted: the graphics driver compiles its shaders then.
WARM_UP = 5


def main(name, size=100, steps=100):
    env = suite.load(*name.split("-"), task_kwargs={"random": 0})
    spec = env.action_spec()
    random = np.random.RandomState(0)
    env.reset()
    wall, cpu = [], []
    for step in range(WARM_UP + steps):
        action = random.uniform(spec.minimum, spec.maximum)
        start, worked = time.perf_counter(), time.process_time()
        for _ in range(ACTION_REPEAT.get(name, 4)):
            ended = env.step(action).last()
            if ended:
                break
        env.physics.render(size, size, camera_id=0)
        if step >= WARM_UP:
            wall.append(time.perf_counter() - start)
            cpu.append(time.process_time() - worked)
        if ended:
            env.reset()
    print(f"{name} dm_control {statistics.median(wall) * 1e3:.3f} {statistics.median(cpu) * 1e3:.3f}")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
