"""What environments side by side gain: agent steps per second of training and episodes per second of
evaluations, with 1, 2 and 4 of them. The networks are tiny and there is no contrast, so that the
environments take most of the time; pictures have their usual size. Of several rounds the best counts,
since whatever else a machine does only takes time away. Prints a line for each environment and count.

    python docs/benchmarks/speed/environments.py [--curl target/release/curl] [--python PYTHON] [--rounds 4]
"""

import argparse
import csv
import subprocess
import tempfile
import time
from pathlib import Path

# With the action repeat of each, and the env steps of a run: eight episodes and sixteen.
ENVIRONMENTS = {"dmc:cartpole-swingup": (8, 8000), "gymnasium:Pendulum-v1": (1, 3200)}
COUNTS = [1, 2, 4]
SETTINGS = {
    "agent.contrast.objective": "off",
    "env.render_size": 100,
    "agent.image_size": 84,
    "train.batch_size": 2,
    "train.threads": 1,
    "train.warmup_agent_steps": 16,
    "eval.every_env_steps": 10**9,
    "checkpoint.every_env_steps": 10**9,
    "log.scalars_every_updates": 10**6,
    "log.media_every_updates": 10**6,
}
# An evaluation of more episodes takes so much longer than one of fewer: the start of the program is left out.
FEW, MANY = 4, 12


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--curl", default="target/release/curl")
    parser.add_argument("--python", default="target/native/gymnasium/bin/python")
    parser.add_argument("--rounds", type=int, default=4)
    arguments = parser.parse_args()
    print("environment, count, agent steps/s, episodes/s of evaluations")
    for env in ENVIRONMENTS:
        steps, short, long = ({count: [] for count in COUNTS} for _ in range(3))
        # One after the other, so that what changes with time changes all.
        for _ in range(arguments.rounds):
            for count in COUNTS:
                with tempfile.TemporaryDirectory() as folder:
                    run = Path(folder) / "run"
                    steps[count].append(train(arguments, env, count, run))
                    short[count].append(evaluate(arguments, run, count, FEW))
                    long[count].append(evaluate(arguments, run, count, MANY))
        for count in COUNTS:
            episodes = (MANY - FEW) / (min(long[count]) - min(short[count]))
            print(f"{env}, {count}, {max(steps[count]):.1f}, {episodes:.2f}", flush=True)


def train(arguments, env, count, run):
    """Agent steps per second, from the end of one round of episodes to that of the next, the best."""
    repeat, env_steps = ENVIRONMENTS[env]
    settings = SETTINGS | {"env.action_repeat": repeat}
    sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    command = [arguments.curl, "train", "--env", env, "--python", arguments.python, "--preset", "debug"]
    budget = ["--envs", str(count), "--env-steps", str(env_steps), "--run-dir", str(run)]
    subprocess.run(command + sets + budget, check=True, capture_output=True)
    with open(run / "train.csv") as table:
        rows = [(int(row["step"]), float(row["total_time"])) for row in csv.DictReader(table)]
    # The episodes of all environments end at the same time, with a row each.
    ends = rows[count - 1 :: count]
    return max((last - first) / (ended - begun) for (first, begun), (last, ended) in zip(ends, ends[1:]))


def evaluate(arguments, run, count, episodes):
    """Seconds of an evaluation, with all that the program does before it."""
    begun = time.perf_counter()
    command = [arguments.curl, "eval", str(run), "--python", arguments.python]
    counts = ["--eval-envs", str(count), "--episodes", str(episodes)]
    subprocess.run(command + counts, check=True, capture_output=True)
    return time.perf_counter() - begun


main()
