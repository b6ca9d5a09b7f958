"""`python -m elena_wb_tiny.training --out DIR`: render, learn, save and judge; run again to go on after a stop."""

import argparse
import os
import socket
import sys
from pathlib import Path

from elena_wb_tiny.training.plan import QUICK, WHOLE, run


def main() -> None:
    """Read the command line and run every stage that is not finished yet."""
    parser = argparse.ArgumentParser(prog="python -m elena_wb_tiny.training", description=__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the pool, checkpoints and the model"
    )
    parser.add_argument("--quick", action="store_true", help="a smaller version, in a quarter of an hour")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes, one thread each")
    arguments = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    run(arguments.out, QUICK if arguments.quick else WHOLE, arguments.workers, port)
    sys.stdout.write(f"model: {arguments.out / 'model'}\n")


if __name__ == "__main__":
    main()
