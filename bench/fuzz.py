"""Send rubbish to one protocol for as long as you like, and keep what breaks it.

.venv/bin/python bench/fuzz.py dc09 [--minutes 60] [--seed N]

The minutes are of the processor: what else the machine does takes nothing from them.

With atheris installed (pip install atheris) guided by what the rubbish reaches, else by chance. What breaks it is
written into tests/corpus/PROTOCOL, where ./test tries it again for ever.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support import fuzzing

SAID_EVERY = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("protocol", choices=fuzzing.PROTOCOLS)
    parser.add_argument("--minutes", type=float, default=60, help="of the processor")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seeds = fuzzing.corpus(options.protocol)
    target = fuzzing.Target(options.protocol)

    def attempt(data: bytes) -> bool:
        try:
            target(data)
        except Exception:  # noqa: BLE001 -- whatever it is, it would have ended a connection
            path = fuzzing.keep(options.protocol, data)
            print(f"BROKEN, kept as {path}:\n{traceback.format_exc()}", flush=True)
            return False
        return True

    way = by_coverage if importlib.util.find_spec("atheris") else by_chance
    sys.exit(way(options, seeds, attempt))


def by_chance(options: argparse.Namespace, seeds: list[bytes], attempt: Callable[[bytes], bool]) -> int:
    seed = random.randrange(2**32) if options.seed is None else options.seed
    chance = random.Random(seed)
    began = said = time.process_time()
    tried = broken = 0
    while (now := time.process_time()) - began < 60 * options.minutes:
        broken += not attempt(fuzzing.mutated(chance, seeds, options.protocol))
        tried += 1
        if now - said > SAID_EVERY:
            said = now
            print(f"{(now - began) / 60:.0f} min: {tried} tried, {broken} broke it", flush=True)
    print(f"{options.protocol}: {tried} tried in {options.minutes} min with seed {seed}, {broken} broke it")
    return 1 if broken else 0


def by_coverage(options: argparse.Namespace, seeds: list[bytes], attempt: Callable[[bytes], bool]) -> int:
    import atheris  # noqa: PLC0415 -- only where it is installed

    def one(data: bytes) -> None:
        if data:
            chance = random.Random(data[:4])
            mend = fuzzing.MENDED.get(options.protocol)
            attempt(data)
            if mend is not None:
                attempt(mend(chance, data[: fuzzing.LARGEST]) or b"\0")

    atheris.instrument_all()
    arguments = [sys.argv[0], f"-max_total_time={int(60 * options.minutes)}", f"-max_len={fuzzing.LARGEST}"]
    atheris.Setup([*arguments, str(fuzzing.CORPUS / options.protocol)], one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    main()
