"""Makes the virtual environment in which the tests of environments in Python run."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import List

from files import NATIVE, ROOT, STATE, Failure, exclusive, say
from machine import check_disk, check_platform
from wheels import NO_NETWORK, find_pip

REQUIREMENTS = ROOT / ".cargo" / "gymnasium.lock"
HOME = NATIVE / "gymnasium"
VERSIONS = [(3, minor) for minor in range(10, 14)]
DISK = 400_000_000


def make_gymnasium() -> None:
    """Makes it anew where there is none of these very packages."""
    check_platform()
    STATE.mkdir(parents=True, exist_ok=True)
    with exclusive(STATE / "gymnasium.exclusive"):
        if not is_made():
            make()
    say(f"Gymnasium for the tests is in {HOME.relative_to(ROOT)}")


def is_made() -> bool:
    """Whether it is whole and its interpreter still there."""
    try:
        made_of = (HOME / REQUIREMENTS.name).read_bytes()
    except FileNotFoundError:
        return False
    return made_of == REQUIREMENTS.read_bytes() and (HOME / "bin" / "python").exists()


def make() -> None:
    if sys.version_info[:2] not in VERSIONS:
        found = sysconfig.get_python_version()
        raise Failure(f"the tests of Gymnasium need Python 3.10 to 3.13; this is {found}")
    check_disk(DISK)
    say("fetching Gymnasium for the tests (67 MB)")
    partial = HOME.with_name("gymnasium.partial")
    shutil.rmtree(partial, ignore_errors=True)
    # Without pip, which Debian leaves out of what makes virtual environments.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(partial)], check=True)
    install(partial / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages")
    shutil.copy(REQUIREMENTS, partial)
    shutil.rmtree(HOME, ignore_errors=True)
    partial.rename(HOME)


def install(packages: Path) -> None:
    arguments = ["install", "--no-warn-script-location", "--target", str(packages)]
    wheels = os.environ.get("CURL_WHEELS")
    if wheels:
        arguments += ["--no-index", "--find-links", str(Path(wheels).resolve())]
    pip(arguments, f"Does CURL_WHEELS={wheels} hold it all?" if wheels else NO_NETWORK)


def download_gymnasium(folder: Path) -> None:
    """Downloads the packages for the Python that runs this."""
    pip(["download", "--dest", str(folder)], NO_NETWORK)


def pip(arguments: List[str], remedy: str) -> None:
    command = [*find_pip(), *arguments, "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command += ["--disable-pip-version-check", "--no-input", "--requirement", str(REQUIREMENTS)]
    environment = {**os.environ, "PIP_REQUIRE_VIRTUALENV": "0", "PIP_ROOT_USER_ACTION": "ignore"}
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        raise Failure(f"pip could not get Gymnasium; its own message is above.\n{remedy}")
