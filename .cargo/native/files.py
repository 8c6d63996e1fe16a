"""Where things lie, and what is done to files and processes."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK_FILE = ROOT / ".cargo" / "native.lock"
NATIVE = ROOT / "target" / "native"
STATE = NATIVE / ".setup"
PARTIAL = STATE / "partial"


class Failure(Exception):
    """What went wrong and what to do about it, in words for the person at the terminal."""


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


@contextlib.contextmanager
def exclusive(path: Path):
    """Two set-ups at once would repair each other's work, so the second waits."""
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is at work here; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def put(data: bytes, path: Path, mode: int = 0o644) -> None:
    temporary = path.with_name(path.name + ".partial")
    temporary.write_bytes(data)
    temporary.chmod(mode)
    os.replace(temporary, path)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".partial")
    shutil.copyfile(source, temporary)
    temporary.chmod(0o644)
    os.replace(temporary, target)


def remove_empty_folders(folder: Path) -> None:
    with contextlib.suppress(OSError):
        while folder != NATIVE:
            folder.rmdir()
            folder = folder.parent


def is_elf(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def runs(command: List[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"
