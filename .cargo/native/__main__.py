"""Puts libtorch, MuJoCo and the Control Suite's models into target/native.

    python3 .cargo/native setup [--cuda 0|1] [--verify]    what `make setup` runs
    python3 .cargo/native wheels DIR [--cuda 0|1]          for a machine without a network: CURL_WHEELS=DIR
    python3 .cargo/native gymnasium                        what the tests of environments in Python need
    python3 .cargo/native install --prefix DIR [--destdir DIR]
    python3 .cargo/native lock                             after a version in native.lock changed

The files come out of wheels that pip downloads, pinned in native.lock by the wheel's hash and by the
hash of its RECORD. Needs Python 3.9 or newer and nothing beyond it.
"""

import argparse
import sys
from pathlib import Path

# The folder is part of the checkout.
sys.dont_write_bytecode = True

from files import Failure  # noqa: E402
from gymnasium import download_gymnasium, make_gymnasium  # noqa: E402
from install import install  # noqa: E402
from setup import setup  # noqa: E402
from wheels import download_wheels, relock  # noqa: E402


def main() -> int:
    arguments = parse_arguments()
    try:
        if arguments.command == "setup":
            setup(arguments.cuda, arguments.verify)
        elif arguments.command == "wheels":
            download_wheels(Path(arguments.folder), "cuda" if arguments.cuda else "cpu")
            download_gymnasium(Path(arguments.folder))
        elif arguments.command == "gymnasium":
            make_gymnasium()
        elif arguments.command == "install":
            install(Path(arguments.prefix), arguments.destdir)
        else:
            relock()
    except Failure as failure:
        print(f"{arguments.command}: {failure}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{arguments.command}: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=".cargo/native", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    setup_parser = commands.add_parser("setup", help="fetch or repair target/native")
    setup_parser.add_argument(
        "--cuda", type=int, choices=[0, 1], help="which build of libtorch (default: the one in place, else 0)"
    )
    setup_parser.add_argument("--verify", action="store_true", help="hash every file again")
    wheels_parser = commands.add_parser(
        "wheels", help="download what setup would, for a machine without a network"
    )
    wheels_parser.add_argument("folder")
    wheels_parser.add_argument("--cuda", type=int, choices=[0, 1], default=0)
    commands.add_parser("gymnasium", help="fetch Gymnasium for the tests")
    install_parser = commands.add_parser("install", help="copy the built program and what it needs")
    install_parser.add_argument("--prefix", required=True)
    install_parser.add_argument("--destdir", default="")
    commands.add_parser("lock", help="write native.lock anew for the versions it names")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
