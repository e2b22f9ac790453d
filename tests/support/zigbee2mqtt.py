"""npm's official zigbee2mqtt, fed with raw frames instead of a radio."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from tests.support.parts import free_port, missing, program

PEER = Path(__file__).resolve().parent.parent / "peers" / "zigbee2mqtt"
FAMILIES: dict[str, Any] = yaml.safe_load((PEER / "families.yaml").read_text("utf-8"))
TUYA = 61184
WITHIN = 60
COORDINATOR = "0x00124b00ffffffff"


def ieee(name: str) -> str:
    """The address, and with it the number in our register, of one of ``FAMILIES``."""
    maker = {"TS": "a4c138", "lu": "00158d"}.get(FAMILIES[name]["is"][0][:2], "000d6f")
    return f"0x{maker}{list(FAMILIES).index(name) + 2:010x}"


class Zigbee2Mqtt:
    def __init__(self, home: Path, broker_port: int, **config: Any) -> None:
        node = program("DISPATCH_TEST_NODE", "node")
        if node is None or not (PEER / "node_modules" / "zigbee2mqtt").is_dir():
            missing("npm's zigbee2mqtt (./test installs it where Node is: see tests/peers/zigbee2mqtt)")
        self._home = home
        self._node = node
        self._feed_port = free_port()
        self._sequence = count(1)
        self._feed: socket.socket | None = None
        self._process: subprocess.Popen[str] | None = None
        home.mkdir(parents=True, exist_ok=True)
        self._write(broker_port, config)

    def _write(self, broker_port: int, config: dict[str, Any]) -> None:
        endpoint = {"profId": 260, "epId": 1, "devId": 5, "inClusterList": [], "outClusterList": [], "clusters": {}}
        common = {"epList": [1], "interviewCompleted": True, "interviewState": "SUCCESSFUL"}
        rows = [{"id": 1, "type": "Coordinator", "ieeeAddr": COORDINATOR, "nwkAddr": 0, "manufId": 0, "meta": {}}]
        rows[0] |= {**common, "endpoints": {"1": {**endpoint, "binds": [], "configuredReportings": [], "meta": {}}}}
        for n, (name, family) in enumerate(FAMILIES.items(), start=2):
            model, maker, inputs, outputs = family["is"]
            own = {**endpoint, "devId": 1026, "inClusterList": inputs, "outClusterList": outputs}
            rows.append(
                {
                    **common,
                    "id": n,
                    "type": "EndDevice",
                    "ieeeAddr": ieee(name),
                    "nwkAddr": self.address(name),
                    "manufId": 4098,
                    "manufName": maker,
                    "powerSource": "Battery",
                    "modelId": model,
                    "endpoints": {"1": {**own, "binds": [], "configuredReportings": [], "meta": {}}},
                    "meta": {"configured": 1},
                    "lastSeen": int(time.time() * 1000),
                }
            )
        (self._home / "database.db").write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
        settings = {
            "version": 5,
            "homeassistant": {"enabled": True},
            "availability": {"enabled": True},
            "frontend": {"enabled": False},
            "mqtt": {"base_topic": "zigbee2mqtt", "server": f"mqtt://127.0.0.1:{broker_port}"},
            "serial": {"port": "/dev/null", "adapter": "ember"},
            "advanced": {
                "log_output": ["console"],
                "last_seen": "ISO_8601",
                "pan_id": 6754,
                "ext_pan_id": [221] * 8,
                "network_key": [1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8, 10, 12, 13],
                "channel": 11,
            },
            "device_options": {"qos": 1},
            "devices": {ieee(name): {"friendly_name": self.friendly(name)} for name in FAMILIES},
            **config,
        }
        (self._home / "configuration.yaml").write_text(yaml.safe_dump(settings))

    @staticmethod
    def friendly(name: str) -> str:
        return f"home/{name}"

    @staticmethod
    def address(name: str) -> int:
        return 0x1001 + list(FAMILIES).index(name)

    def start(self) -> None:
        # It takes a repository around it for its own, and would build itself anew for each commit of ours.
        more = {
            "GIT_DIR": os.devnull,
            "ZIGBEE2MQTT_DATA": str(self._home),
            "Z2M_ONBOARD_NO_SERVER": "1",
            "FEED_PORT": str(self._feed_port),
        }
        self._process = subprocess.Popen(
            [str(self._node), "-r", "./adapter.cjs", "node_modules/zigbee2mqtt/index.js"],
            cwd=PEER,
            env={**os.environ, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        started = threading.Event()
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(started,), daemon=True)
        self._reader.start()
        if not started.wait(WITHIN):
            self.stop(kill=True)
            raise RuntimeError("".join(self._lines)[-3000:])
        self._feed = socket.create_connection(("127.0.0.1", self._feed_port), 10)

    def _read(self, started: threading.Event) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            if "Zigbee2MQTT started!" in line:
                started.set()

    def receive(self, name: str, frame: dict[str, Any]) -> None:
        """As if the device ``name`` had sent it. The number of a frame goes up: the same one again is dropped."""
        body = bytearray.fromhex(frame["hex"])
        number = next(self._sequence) % 256
        body[3 if body[0] & 4 else 1] = number
        if frame["cluster"] == TUYA:
            body[3:5] = number.to_bytes(2, "big")
        line = {"addr": self.address(name), "cluster": frame["cluster"], "hex": body.hex(), "lqi": 120}
        assert self._feed is not None
        self._feed.sendall(json.dumps(line).encode() + b"\n")
        assert self._feed.recv(16) == b"ok\n"

    def stop(self, *, kill: bool = False) -> None:
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        if self._process is None:
            return
        (self._process.kill if kill else self._process.terminate)()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
