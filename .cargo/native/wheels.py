"""The wheels that native.lock pins, and pip, which downloads them."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import List, NamedTuple

from files import LOCK_FILE, PARTIAL, ROOT, STATE, Failure, runs, sha256_of
from machine import install_packages

CPU_PACKAGES = ["torch", "nvidia-cuda-runtime", "nvidia-cuda-cupti", "mujoco", "dm_control"]

NO_NETWORK = (
    "Check the network, and pip's proxy and index settings (`pip config list`). For a machine without a"
    " network, `python3 .cargo/native wheels DIR` on another one fills a folder to set CURL_WHEELS to."
)


class Package(NamedTuple):
    name: str
    version: str
    wheel: str  # sha256 of the wheel
    size: int  # of the wheel, in bytes
    record: str  # sha256 of its RECORD

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def pinned_requirement(self) -> str:
        return f"{self.requirement} --hash=sha256:{self.wheel}"

    @property
    def record_path(self) -> Path:
        return STATE / "records" / f"{self.name}-{self.version}"


def packages_of(build: str) -> List[Package]:
    pinned = read_lock()
    return pinned if build == "cuda" else [package for package in pinned if package.name in CPU_PACKAGES]


def read_lock() -> List[Package]:
    pattern = re.compile(r"([\w.-]+)==(\S+) --hash=sha256:(\w{64})  # bytes=(\d+) record=(\w{64})")
    packages = []
    for number, line in enumerate(LOCK_FILE.read_text().splitlines(), start=1):
        if line.startswith("#") or not line.strip():
            continue
        match = pattern.fullmatch(line)
        if not match:
            raise Failure(
                f"{LOCK_FILE}, line {number}, is not `name==version --hash=...`;"
                " `python3 .cargo/native lock` rewrites it"
            )
        name, version, wheel, size, record = match.groups()
        packages.append(Package(name, version, wheel, int(size), record))
    return packages


def download_wheels(folder: Path, build: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    download([package.pinned_requirement for package in packages_of(build)], folder)
    print(f"wheels: copy {folder} to the other machine and run there: CURL_WHEELS=<the copy> make setup")


def download(requirements: List[str], into: Path) -> None:
    """Has pip put the wheels of these requirements, each for CPython 3.11 on x86_64, into a folder."""
    into = into.resolve()
    requirements_file = into / "requirements.txt"
    requirements_file.write_text("\n".join(requirements) + "\n")
    command = [
        *find_pip(),
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--no-input",
    ]
    # pip takes a platform's name literally, and the packages name different versions of the C library.
    for tag in ["2014", *[f"_2_{minor}" for minor in range(17, 29)]]:
        command += ["--platform", f"manylinux{tag}_x86_64"]
    command += ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"]
    command += ["--dest", str(into), "--requirement", str(requirements_file)]
    wheels = os.environ.get("CURL_WHEELS")
    if wheels:
        command += ["--no-index", "--find-links", str(Path(wheels).resolve())]
    # /tmp is often too small for these wheels, and a demand for a virtual environment is about installing.
    environment = {**os.environ, "TMPDIR": str(into), "PIP_REQUIRE_VIRTUALENV": "0"}
    if subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode != 0:
        names = " ".join(line.split()[0] for line in requirements)
        remedy = f"Does CURL_WHEELS={wheels} hold them all?" if wheels else NO_NETWORK
        raise Failure(
            f"pip could not download {names}; its own message is above.\n{remedy}\nThen run this again."
        )


def find_pip() -> List[str]:
    candidates = [[sys.executable, "-m", "pip"], ["/usr/bin/python3", "-m", "pip"], ["pip3"]]
    for attempt in range(2):
        for candidate in candidates:
            if runs([*candidate, "--version"]):
                return candidate
        if attempt == 0:
            install_packages(["python3-pip"], "pip, which downloads the libraries, is missing")
    raise Failure("pip is still missing after python3-pip was installed")


def find_wheel(name: str) -> Path:
    [wheel] = PARTIAL.glob(f"{re.sub('[-.]', '_', name)}-*.whl")
    return wheel


def relock() -> None:
    STATE.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(PARTIAL, ignore_errors=True)
    PARTIAL.mkdir()
    lines = LOCK_FILE.read_text().splitlines()
    requirements = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
    download(requirements, PARTIAL)
    locked = [line for line in lines if line.startswith("#")]
    for requirement in requirements:
        wheel = find_wheel(requirement.split("==")[0])
        with zipfile.ZipFile(wheel) as archive:
            [name] = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/RECORD", name)]
            record = hashlib.sha256(archive.read(name)).hexdigest()
        locked.append(
            f"{requirement} --hash=sha256:{sha256_of(wheel)}  # bytes={wheel.stat().st_size} record={record}"
        )
    LOCK_FILE.write_text("\n".join(locked) + "\n")
    shutil.rmtree(PARTIAL)
