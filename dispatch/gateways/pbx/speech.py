"""A text made into sound by a program: the text on its standard input, a WAV on its standard output."""

from __future__ import annotations

import asyncio
import io
import shutil
import wave
from array import array
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path

RATE = 16_000
"""What is written: Asterisk takes it as ``.sln16`` and makes of it what the line can carry."""
PATIENCE = 15.0
MOST_SECONDS = 180


class Mute(Exception):
    """No sound came out of it."""


class Speech:
    def __init__(self, command: Sequence[str]) -> None:
        """Raises ``ValueError`` where the program is not there."""
        if not command or shutil.which(command[0]) is None:
            raise ValueError(f"speech: there is no program {list(command[:1])}: install espeak-ng, or name another")

        self._command = list(command)

    async def write(self, text: str, path: Path) -> None:
        """Raises ``Mute``."""
        try:
            program = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        except OSError as error:
            raise Mute(str(error)) from error
        try:
            async with asyncio.timeout(PATIENCE):
                sound, complaint = await program.communicate(text.encode())
        except TimeoutError as error:
            program.kill()
            await program.wait()
            raise Mute("the program for speech does not end") from error
        if program.returncode:
            raise Mute(f"the program for speech fails: {complaint.decode(errors='replace')[:200]}")
        try:
            path.write_bytes(await asyncio.to_thread(telephone, sound))
        except OSError as error:
            raise Mute(f"the sound cannot be written: {error.strerror}") from error


def telephone(sound: bytes) -> bytes:
    """A WAV with one channel of 16 bits at any rate, as raw samples at ``RATE``. Raises ``Mute``."""
    try:
        with wave.open(io.BytesIO(sound)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise Mute("the program for speech must write one channel of 16 bits")
            rate = file.getframerate()
            # A program that writes into a pipe does not know the length beforehand, and says the longest there is.
            samples = array("h", file.readframes(MOST_SECONDS * rate))
    except (wave.Error, EOFError, ValueError) as error:
        raise Mute(f"the program for speech writes no WAV: {error}") from error
    if not samples:
        raise Mute("the program for speech is silent")
    return _resampled(samples, rate).tobytes()


def _resampled(samples: array[int], rate: int) -> array[int]:
    """Straight lines between the samples: the telephone cuts off everything in which one could hear the difference."""
    if rate == RATE:
        return samples
    step = rate / RATE
    last = len(samples) - 1
    found = array("h", bytes(2 * int(last / step)))
    for at in range(len(found)):
        place = at * step
        left = int(place)
        found[at] = round(samples[left] + (samples[left + 1] - samples[left]) * (place - left))
    return found
