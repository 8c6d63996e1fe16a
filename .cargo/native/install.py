"""Copies the built program and what it needs into a tree that can be moved."""

import os
import subprocess
from pathlib import Path

from files import NATIVE, ROOT, Failure, copy, is_elf, put


def install(prefix: Path, destdir: str) -> None:
    """A tree that can be moved: bin/curl-rl finds lib/curl-rl and share/curl-rl from where it lies itself."""
    if not prefix.is_absolute():
        raise Failure(f"PREFIX must be an absolute path, not {prefix}")
    root = Path(destdir + str(prefix))
    built = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "curl"
    if not built.is_file():
        raise Failure(f"{built} is missing: `make install` builds it")
    libraries = root / "lib" / "curl-rl"
    sources = [
        *(NATIVE / "torch/lib").iterdir(),
        *NATIVE.glob("nvidia/*/lib/*.so*"),
        *NATIVE.glob("mujoco/*.so.*"),
    ]
    wanted = {file.name: file for file in sources if is_elf(file)}
    for name, file in wanted.items():
        copy(file, libraries / name)
    for file in libraries.iterdir():
        if file.name not in wanted:
            # An earlier version's, or the CUDA build's.
            file.unlink()
    models = NATIVE / "dm_control" / "suite"
    for file in models.rglob("*"):
        if file.is_file():
            copy(file, root / "share/curl-rl/dm_control/suite" / file.relative_to(models))
    for file in (NATIVE / "licenses").rglob("*"):
        if file.is_file():
            copy(file, root / "share/doc/curl-rl/licenses" / file.relative_to(NATIVE / "licenses"))
    program = root / "bin" / "curl-rl"
    program.parent.mkdir(parents=True, exist_ok=True)
    put(without_build_paths(built.read_bytes()), program, mode=0o755)
    check = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    if check.returncode != 0:
        raise Failure(f"{program} does not start: {check.stderr.strip()}")
    print(f"install: {check.stdout.strip()} is {program}")


def without_build_paths(program: bytes) -> bytes:
    """Ends the program's list of library folders after the first, the one relative to itself.

    The others lead to where it was built. A path that ends early needs no tool to rewrite the file.
    """
    ours = b"$ORIGIN/../lib/curl-rl"
    if program.count(ours + b":") != 1:
        raise Failure(
            "the program does not look for its libraries beside itself: build.rs must name that folder first"
        )
    return program.replace(ours + b":", ours + b"\0")
