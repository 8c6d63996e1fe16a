"""Fetches the libraries and models, and notices and repairs what is missing, cut short or altered.

A wheel's RECORD, its own list of files and hashes, is kept beside the files, so that a file on disk can
be checked without its wheel.
"""

import base64
import contextlib
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from files import (
    LOCK_FILE,
    NATIVE,
    PARTIAL,
    ROOT,
    STATE,
    Failure,
    exclusive,
    megabytes,
    put,
    remove_empty_folders,
    say,
    sha256_of,
)
from machine import check_disk, check_platform, check_rust, check_system_libraries
from wheels import Package, download, find_wheel, packages_of

STAMP = STATE / "stamp.json"
# libtorch_cpu.so names the last two among its libraries, although a CPU program never calls them.
CPU_LIBRARIES = ["libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"]
# In place of the library of this name, which would pull in the CUDA half.
CPU_LINKER_SCRIPT = "INPUT(-ltorch_cpu -lc10)\n"
PYTHON_LIBRARIES = ["libtorch_python.so", "libtorch_global_deps.so", "libshm.so"]


class Entry(NamedTuple):
    """A file that belongs into target/native."""

    package: Package
    member: str  # its name in the wheel
    sha256: str
    size: int


class Stamp(NamedTuple):
    """What the last set-up left in place."""

    build: str  # "cpu" or "cuda"
    lock: str  # sha256 of native.lock
    files: Dict[str, list]  # path under target/native -> its trace


def setup(cuda: Optional[int], verify: bool) -> None:
    check_platform()
    check_rust()
    check_system_libraries()
    STATE.mkdir(parents=True, exist_ok=True)
    with exclusive(STATE / "lock"):
        stamp = read_stamp()
        build = stamp.build if cuda is None else ("cuda" if cuda else "cpu")
        packages = packages_of(build)
        if verify or build != stamp.build or not is_untouched(stamp):
            shutil.rmtree(PARTIAL, ignore_errors=True)
            same = build == stamp.build and stamp.lock == sha256_of(LOCK_FILE)
            damage = find_damage(packages, build, stamp.files if same and not verify else {})
            if same:
                report(damage, stamp)
            if damage:
                fetch(damage, build)
            finish(packages, build, stamp)
    version = {package.name: package.version for package in packages}
    libraries = f"libtorch {version['torch']} ({build.upper()}), MuJoCo {version['mujoco']}"
    say(f"{libraries} and the suite's models are in place")


def is_untouched(stamp: Stamp) -> bool:
    """Whether every file that the stamp lists has kept its size and its time of change."""
    return stamp.lock == sha256_of(LOCK_FILE) and all(
        trace_of(path) == trace for path, trace in stamp.files.items()
    )


def trace_of(path: str) -> Optional[List[int]]:
    """Size and time of change of a file or link; None if there is none."""
    with contextlib.suppress(OSError):
        status = os.lstat(f"{NATIVE}/{path}")
        return [status.st_size, status.st_mtime_ns]
    return None


def find_damage(packages: List[Package], build: str, known: Dict[str, list]) -> Dict[Package, List[str]]:
    """The files that are missing or not as their wheels had them, by package.

    A file with the size and time of change that are known of it counts as whole, any other is hashed.
    A package whose RECORD is not at hand is damaged as a whole: an empty list.
    """
    damage: Dict[Package, List[str]] = {}
    for package in packages:
        entries = entries_of(package, build)
        if entries is None:
            damage[package] = []
            continue
        broken = [path for path, entry in entries.items() if not is_whole(path, entry, known)]
        if broken:
            damage[package] = broken
    return damage


def is_whole(path: str, entry: Entry, known: Dict[str, list]) -> bool:
    trace = trace_of(path)
    if trace is None or trace[0] != entry.size or (NATIVE / path).is_symlink():
        return False
    return trace == known.get(path) or sha256_of(NATIVE / path) == entry.sha256


def report(damage: Dict[Package, List[str]], stamp: Stamp) -> None:
    """Names what was in place before and is not now."""
    lost = [path for paths in damage.values() for path in paths if path in stamp.files]
    for path in lost[:5]:
        say(f"{path} is missing, cut short or altered")
    if len(lost) > 5:
        say(f"and {len(lost) - 5} more files")


def entries_of(package: Package, build: str) -> Optional[Dict[str, Entry]]:
    """The files to take from a package, by their place under target/native; None without a true RECORD."""
    try:
        record = package.record_path.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(record).hexdigest() != package.record:
        return None
    entries = {}
    for member, digest, size in csv.reader(record.decode().splitlines()):
        path = destination(member, build)
        if path is not None and digest:
            raw = digest.split("=", 1)[1]
            sha256 = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).hex()
            entries[path] = Entry(package, member, sha256, int(size))
    return entries


def destination(member: str, build: str) -> Optional[str]:
    """Where a wheel's file goes under target/native; None for the many that nobody needs."""
    folder, _, name = member.rpartition("/")
    licence = re.match(r"([\w.]+)-[^/]+\.dist-info/licenses/(.+)", member)
    if licence:
        return f"licenses/{licence[1]}/{licence[2]}"
    if member.startswith("torch/include/") or re.match(r"mujoco/libmujoco\.so\.", member):
        return member
    if member.startswith("dm_control/suite/") and not name.endswith(".py"):
        return member
    if not re.match(r"torch/lib$|nvidia/\w+/lib$", folder) or ".so" not in name:
        return None
    if build == "cuda":
        # The libraries look for each other by these relative places, as Python packages lie side by side.
        return None if name in PYTHON_LIBRARIES else member
    return f"torch/lib/{name}" if name in CPU_LIBRARIES else None


def fetch(damage: Dict[Package, List[str]], build: str) -> None:
    packages = list(damage)
    size = sum(package.size for package in packages)
    # While pip works a wheel lies there twice, and its libraries unpack to less than twice its size.
    check_disk(4 * size)
    say(f"fetching {', '.join(package.requirement for package in packages)} ({megabytes(size)})")
    PARTIAL.mkdir()
    download([package.pinned_requirement for package in packages], PARTIAL)
    for package in packages:
        say(f"unpacking {package.requirement}")
        unpack(package, build, damage[package])
    shutil.rmtree(PARTIAL)


def unpack(package: Package, build: str, paths: List[str]) -> None:
    """Moves files into place one by one, each whole, so that an interruption leaves no half file."""
    with zipfile.ZipFile(find_wheel(package.name)) as wheel:
        [record] = [name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/RECORD", name)]
        package.record_path.parent.mkdir(exist_ok=True)
        put(wheel.read(record), package.record_path)
        entries = entries_of(package, build)
        if entries is None:
            raise Failure(f"the RECORD of {package.requirement} is not the one that {LOCK_FILE.name} pins")
        for path in paths or [path for path, entry in entries.items() if not is_whole(path, entry, {})]:
            entry, file = entries[path], NATIVE / path
            with wheel.open(entry.member) as source, open(PARTIAL / "file", "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            if sha256_of(PARTIAL / "file") != entry.sha256:
                raise Failure(
                    f"{path} was not written as {package.requirement} has it: check the disk, then run again"
                )
            file.parent.mkdir(parents=True, exist_ok=True)
            os.replace(PARTIAL / "file", file)


def finish(packages: List[Package], build: str, stamp: Stamp) -> None:
    """Writes what no wheel has, removes what the other build left, and stamps the result."""
    wanted = [path for package in packages for path in entries_of(package, build) or {}]
    for path in set(stamp.files) - set(wanted):
        (NATIVE / path).unlink(missing_ok=True)
        remove_empty_folders((NATIVE / path).parent)
    if build == "cpu":
        put(CPU_LINKER_SCRIPT.encode(), NATIVE / "torch/lib/libtorch.so")
        wanted.append("torch/lib/libtorch.so")
    [library] = [Path(path).name for path in wanted if path.startswith("mujoco/libmujoco.so.")]
    (NATIVE / "mujoco/libmujoco.so").unlink(missing_ok=True)
    (NATIVE / "mujoco/libmujoco.so").symlink_to(library)
    wanted.append("mujoco/libmujoco.so")
    if stamp.files and build != stamp.build:
        forget_bindings()
    # The stamp vouches for the files, so it must not reach the disk before they do.
    os.sync()
    new = Stamp(build, sha256_of(LOCK_FILE), {path: trace_of(path) for path in wanted})
    put(json.dumps(new._asdict()).encode(), STAMP)


def forget_bindings() -> None:
    """torch-sys chose its libraries for the other build and would not notice that they changed."""
    say("the build of libtorch changed, so its bindings will compile again")
    for profile in ([], ["--release"]):
        subprocess.run(
            ["cargo", "clean", "--quiet", "--package", "torch-sys", *profile], cwd=ROOT, check=False
        )


def read_stamp() -> Stamp:
    """The stamp, or an empty one, with which every file is looked at."""
    try:
        stamp = Stamp(**json.loads(STAMP.read_text()))
        if stamp.build in ("cpu", "cuda") and isinstance(stamp.files, dict):
            return stamp
    except (FileNotFoundError, ValueError, TypeError):
        pass
    return Stamp("cpu", "", {})
