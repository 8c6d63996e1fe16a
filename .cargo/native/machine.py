"""What the machine must have: the platform, Rust, a C++ compiler, EGL. Installs what it may."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import List

from files import NATIVE, ROOT, STATE, Failure, megabytes, runs, say

# Opens a display as the renderer does: on the first EGL device that lets it. In a process of its own,
# because a broken driver may take the process down.
EGL_PROBE = """
from ctypes import CDLL, CFUNCTYPE, byref, c_int, c_uint, c_void_p
egl = CDLL("libEGL.so.1")
egl.eglGetProcAddress.restype = c_void_p
def function(name, *kinds):
    return CFUNCTYPE(*kinds)(egl.eglGetProcAddress(name))
query = function(b"eglQueryDevicesEXT", c_uint, c_int, c_void_p, c_void_p)
open_display = function(b"eglGetPlatformDisplayEXT", c_void_p, c_uint, c_void_p, c_void_p)
initialize = function(b"eglInitialize", c_uint, c_void_p, c_void_p, c_void_p)
devices, count, EGL_PLATFORM_DEVICE = (c_void_p * 32)(), c_int(), 0x313F
query(32, byref(devices), byref(count))
displays = (open_display(EGL_PLATFORM_DEVICE, device, None) for device in devices[:count.value])
raise SystemExit(not any(display and initialize(display, None, None) for display in displays))
"""


def check_platform() -> None:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Failure(f"needs Linux on x86_64; this is {platform.system()} on {platform.machine()}")
    library, version = platform.libc_ver()
    if library != "glibc" or [int(part) for part in version.split(".")[:2]] < [2, 28]:
        found = f"{library} {version}" if library else "another C library"
        raise Failure(
            f"libtorch needs glibc 2.28 or newer (Debian 10, Ubuntu 20.04, RHEL 8); this is {found}"
        )


def check_rust() -> None:
    needed = re.search(r'rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text())[1]
    remedy = (
        "Install it with rustup, the Rust project's installer (Debian 13, Ubuntu 24.04 and newer:"
        " apt-get install rustup && rustup default stable)"
    )
    if not shutil.which("cargo"):
        hint = (
            " or, as ~/.cargo/env exists, load it with `. ~/.cargo/env`"
            if Path("~/.cargo/env").expanduser().exists()
            else ""
        )
        raise Failure(f"cargo, of Rust {needed} or newer, is not on the PATH. {remedy}{hint}.")
    version = subprocess.run(
        ["cargo", "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    found = re.match(r"cargo (\d+)\.(\d+)", version)
    if found and [int(part) for part in found.groups()] < [int(part) for part in needed.split(".")[:2]]:
        raise Failure(
            f"needs Rust {needed} or newer, found {version.strip()}. `rustup update stable` brings it."
            f" {remedy}."
        )


def check_system_libraries() -> None:
    missing, reasons = [], []
    if not shutil.which("cc") or not shutil.which(os.environ.get("CXX", "c++").split()[0]):
        missing.append("g++")
        reasons.append("no C++ compiler, which the bindings of libtorch need")
    if not runs([sys.executable, "-c", EGL_PROBE]):
        missing += ["libegl1", "libgl1-mesa-dri"]
        reasons.append(
            "no EGL device to draw on without a screen, in software where there is no graphics card"
        )
    if missing:
        install_packages(missing, "; ".join(reasons))
        if "libegl1" in missing and not runs([sys.executable, "-c", EGL_PROBE]):
            raise Failure("EGL still offers no device after libegl1 and libgl1-mesa-dri were installed")


def install_packages(packages: List[str], reason: str) -> None:
    """Installs Debian packages where that is ours to do; else says how."""
    command = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise Failure(f"{reason}. Install what Debian calls {' '.join(packages)}, then run this again.")
    if os.geteuid() != 0:
        raise Failure(f"{reason}. Run this, then try again:\n  sudo sh -c '{command}'")
    say(f"{reason}: installing {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(["sh", "-c", command], env=environment, check=False).returncode != 0:
        raise Failure(
            f"{reason}, and installing failed (apt's message is above). Run this, then try again:\n"
            f"  {command}"
        )


def check_disk(needed: int) -> None:
    free = shutil.disk_usage(STATE).free
    if free < needed:
        raise Failure(f"needs up to {megabytes(needed)} in {NATIVE}, and {megabytes(free)} are free")
