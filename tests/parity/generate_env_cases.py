"""Writes cases of the control suite for the parity test: what dm_control computes.

    python3 -m venv venv && venv/bin/pip install dm_control==1.0.50 mujoco==3.17.0 pillow
    MUJOCO_GL=egl venv/bin/python tests/parity/generate_env_cases.py OUTPUT [--seed 7] DOMAIN-TASK...

The dog's cases, which would be long, were made with `--observed-every 30 --probes 3`.

A case is OUTPUT/<domain>-<task>.json and pictures of the start beside it, with `--pictures` at 84 and
100 pixels and of the state after the last step, else one at 84. A height field that the reset wrote
is a picture, too, OUTPUT/<domain>-<task>-hfield_data.png: a grey one of its numbers' bytes.
"""

import argparse
import json
from pathlib import Path

import mujoco
import numpy as np
from dm_control import suite
from dm_control.rl.control import PhysicsError
from dm_control.suite import swimmer
from PIL import Image

STEPS = 60
CANDIDATES = 300
SPREADS = [0.03, 0.1, 0.3, 1.0]
# The cameras of the pictures, by domain or task, where it is not the first.
CAMERAS = {"quadruped": 2, "dog-fetch": 2}
# Arrays of the model that are drawn when the environment is made: they count as written by the reset.
DRAWN_WHEN_MADE = {"lqr": ["jnt_stiffness"]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output", type=Path)
    parser.add_argument("tasks", nargs="+", metavar="DOMAIN-TASK")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--observed-every", type=int, default=10, metavar="STEPS")
    parser.add_argument("--probes", type=int, default=5, metavar="COUNT")
    parser.add_argument("--pictures", action="store_true", help="pictures of three kinds, not one")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in arguments.tasks:
        write_case(name, arguments)


def write_case(name, arguments):
    output, seed, all_pictures = arguments.output, arguments.seed, arguments.pictures
    domain, task = name.split("-")
    env = load(domain, task, seed)
    physics = env.physics
    fresh = model_numbers(physics.model)
    for array in DRAWN_WHEN_MADE.get(domain, []):
        fresh[array] = np.full_like(fresh[array], np.nan)
    first = env.reset()
    bounds = env.action_spec()
    case = {
        "domain": domain,
        "task": task,
        "control_timestep": env.control_timestep(),
        "n_sub_steps": round(env.control_timestep() / physics.timestep()),
        "episode_steps": env._step_limit if np.isfinite(env._step_limit) else None,
        "action_min": bounds.minimum.tolist(),
        "action_max": bounds.maximum.tolist(),
        "observation": {part: list(np.shape(value)) for part, value in first.observation.items()},
        **start(physics),
        "model_overrides": overrides(output, name, fresh, model_numbers(physics.model)),
        "action_stream": f"{name}/{seed}/action",
        "first_observation": plain(first.observation),
    }
    camera = CAMERAS.get(name, CAMERAS.get(domain, 0))
    sizes = {"84": 84, "100": 100} if all_pictures else {"84": 84}
    for suffix, size in sizes.items():
        write_picture(output / f"{name}-{suffix}.png", physics, camera, size)
    every = arguments.observed_every
    case["steps"], states = play(env, bounds, case["action_stream"], every)
    if all_pictures:
        write_picture(output / f"{name}-100-after.png", physics, camera, 100)
    case["probes"] = spread_out(probes(env, states, name, seed), arguments.probes)
    (output / f"{name}.json").write_text(json.dumps(case))


def load(domain, task, seed):
    """The suite's task, or a swimmer of any number of links, of which the suite lists two."""
    if domain == "swimmer":
        return swimmer.swimmer(int(task.removeprefix("swimmer")), random=seed)
    return suite.load(domain, task, task_kwargs={"random": seed})


def start(physics):
    """The state that the episode begins with, from which MuJoCo computes all else."""
    data = physics.data
    lists = ["qpos", "qvel", "act", "mocap_pos", "mocap_quat", "qacc_warmstart", "ctrl"]
    return {name: np.array(getattr(data, name)).tolist() for name in lists} | {"time": data.time}


def model_numbers(model):
    """Copies of the model's arrays of numbers that a reset may write to."""
    arrays = {name: getattr(model, name) for name in dir(model.ptr) if not name.startswith("_")}
    return {
        name: np.array(array)
        for name, array in arrays.items()
        if isinstance(array, np.ndarray) and np.issubdtype(array.dtype, np.floating)
    }


def overrides(output, case, fresh, written):
    """What the reset wrote into the model: field -> [[flat index, value], ...], or a file's name."""
    changes = {}
    for name, numbers in written.items():
        indices = np.flatnonzero(fresh[name].ravel() != numbers.ravel())
        if len(indices) and name == "hfield_data":
            changes[name] = f"{case}-{name}.png"
            write_floats(output / changes[name], numbers)
        elif len(indices):
            changes[name] = [[int(i), float(numbers.ravel()[i])] for i in indices]
    return changes


def write_floats(path, numbers):
    """The bytes of float32 numbers, highest first: four squares, one below the other."""
    side = round(numbers.size**0.5)
    planes = numbers.astype(">f4").view(np.uint8).reshape(-1, 4).T
    Image.fromarray(planes.reshape(4 * side, side)).save(path, optimize=True)


def play(env, bounds, action_stream, observed_every):
    """The steps of a stream of actions, and the states that they led to."""
    size = bounds.shape[0]
    actions = units(action_stream, STEPS * size).reshape(STEPS, size).astype(np.float64)
    steps, states = [], []
    for t, action in enumerate(actions):
        low, high = bounds.minimum, bounds.maximum
        taken = env.step(low + (action + 1) / 2 * (high - low))
        step = {"reward": float(taken.reward), "discount": float(taken.discount)}
        if t % observed_every == observed_every - 1:
            step["observation"] = plain(taken.observation)
        steps.append(step)
        states.append((env.physics.data.qpos.copy(), env.physics.data.qvel.copy()))
    return steps, states


def probes(env, states, name, seed):
    """Single states around those of the episode."""
    rng = np.random.default_rng([seed, *name.encode()])
    found = []
    for candidate in range(CANDIDATES):
        qpos, qvel = states[candidate % len(states)]
        spread = SPREADS[candidate % len(SPREADS)]
        qpos = qpos + spread * rng.normal(size=qpos.shape)
        qvel = qvel + 10 * spread * rng.normal(size=qvel.shape)
        try:
            found.append(probe(env, qpos, qvel))
        except (PhysicsError, mujoco.FatalError):
            # MuJoCo cannot go on where everything touches everything.
            pass
    return found


def spread_out(found, count):
    """So many of the states that were found, of all rewards."""
    found.sort(key=lambda state: state["reward"])
    return [found[i] for i in np.linspace(0, len(found) - 1, count).astype(int)]


def probe(env, qpos, qvel):
    """A single state: positions and velocities, everything else at rest."""
    physics, task = env.physics, env.task
    with physics.reset_context():
        physics.data.qpos[:] = qpos
        physics.data.qvel[:] = qvel
    return {
        "qpos": qpos.tolist(),
        "qvel": qvel.tolist(),
        "reward": float(task.get_reward(physics)),
        "observation": plain(task.get_observation(physics)),
    }


def write_picture(path, physics, camera, size):
    Image.fromarray(physics.render(height=size, width=size, camera_id=camera)).save(path)


def plain(observation):
    return {name: np.asarray(value).tolist() for name, value in observation.items()}


def units(name, count):
    """Numbers of [-1, 1) from a name: FNV-1a seeds SplitMix64."""
    wrap = (1 << 64) - 1
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & wrap
    numbers = []
    for i in range(1, count + 1):
        z = state + i * 0x9E3779B97F4A7C15 & wrap
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & wrap
        z = (z ^ z >> 27) * 0x94D049BB133111EB & wrap
        numbers.append(((z ^ z >> 31) >> 40) / (1 << 23) - 1)
    return np.array(numbers, dtype=np.float32)


if __name__ == "__main__":
    main()
