"""Runs the lines of Python that stand beside the tests of the objectives, and tells where they give other numbers.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python run.py

They are the comments of src/objective that begin with >>>, as doctests: what follows each is what it prints.
"""

import doctest
import math
import pathlib
import sys

import torch
import torch.nn.functional as F

SOURCES = pathlib.Path(__file__).parents[3] / "src/objective"


def wave(first, *size):
    """The fixture of the same name: sin(first^2), sin((first + 1)^2), ... in float64."""
    return (torch.arange(math.prod(size)).double() + first).square().sin().view(size)


def comments(path):
    """The file with only its comments, each line in its place."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return "\n".join(line[3:] if line.startswith("// ") else "" for line in lines)


def main():
    runner = doctest.DocTestRunner()
    for path in sorted(SOURCES.glob("*.rs")):
        names = {"torch": torch, "math": math, "F": F, "wave": wave}
        runner.run(doctest.DocTestParser().get_doctest(comments(path), names, path.name, str(path), 0))
    failed, attempted = runner.summarize()
    print(f"{attempted - failed} of {attempted} lines print what stands beside them")
    return failed > 0 or attempted == 0


if __name__ == "__main__":
    sys.exit(main())
