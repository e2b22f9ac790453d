"""The chaos test, as long as you like: every part is killed in turn while alarms come in, then everything is counted.

.venv/bin/python bench/chaos.py [--alarms 100000] [--rate 100]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alarms", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=100, help="alarms a second")
    options = parser.parse_args()
    env = {
        **os.environ,
        "DISPATCH_CHAOS_RATE": str(options.rate),
        "DISPATCH_CHAOS_SECONDS": str(options.alarms / options.rate),
    }
    command = [sys.executable, "-m", "pytest", "tests/chaos", "-q", "-k", "everything_is_killed"]
    sys.exit(subprocess.run(command, cwd=ROOT, env=env, check=False).returncode)


if __name__ == "__main__":
    main()
