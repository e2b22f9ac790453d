"""Consoles without a screen, in a process of their own: they listen over WebSocket and note when each row arrived.

Reads {"ports", "token", "count"} from standard input's first line, says "ready", and at the end of the input writes
[[port, seconds, frame], ...] of one console at each port, and how many frames all of them got. Frames are only noted
while the run lasts: reading them would take the processors from what is measured.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import websocket


class Console(threading.Thread):
    def __init__(self, port: int, token: str, keep: bool) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.frames: list[tuple[float, bytes]] = []
        self.count = 0
        self._keep = keep
        url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        self._socket = websocket.create_connection(url, timeout=60, skip_utf8_validation=True)
        self._socket.recv()  # the handshake of Engine.IO
        self._socket.send("40/console," + json.dumps({"token": token}))
        answer = str(self._socket.recv())
        if not answer.startswith("40/console"):
            raise RuntimeError(f"not let in: {answer}")

    def run(self) -> None:
        while True:
            frame = self._socket.recv_frame().data
            if frame == b"2":
                self._socket.send("3")
            elif frame.startswith(b'42/console,["live"'):
                self.count += 1
                if self._keep:
                    self.frames.append((time.time(), frame))


def main() -> None:
    wanted = json.loads(sys.stdin.readline())
    ports = wanted["ports"]
    consoles = [Console(ports[n % len(ports)], wanted["token"], n < len(ports)) for n in range(wanted["count"])]
    for console in consoles:
        console.start()
    print("ready", flush=True)
    sys.stdin.read()
    kept = [
        [console.port, at, frame[len("42/console,") :].decode()] for console in consoles for at, frame in console.frames
    ]
    json.dump({"frames": kept, "count": sum(console.count for console in consoles)}, sys.stdout)


if __name__ == "__main__":
    main()
