"""PyPI's my-dc09-spt and pysiaalarm's sender as transmitters: an order a line in, an answer a line out."""

import importlib.util
import json
import socket
import sys
import tarfile
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from my_dc09_spt.dc09_spt import dc09_spt

SOURCES = Path(__file__).parent / "venv" / "sources"


def spt(order):
    """One message of the transmitter, by its own queue and thread; whether it was acknowledged."""
    sender = dc09_spt(order["account"])
    key = order.get("key")
    sender.set_path(
        "main",
        "primary",
        "127.0.0.1",
        order["port"],
        key=key and key.encode(),
        receiver=1,
        line=1,
        type=order["transport"],
    )
    if order["type"] == "NULL":
        sender.start_poll(60, retry_delay=0.2)
        until = time.monotonic() + 20
        while not sender.isConnected() and time.monotonic() < until:
            time.sleep(0.1)
        ok = sender.isConnected()
        sender.stop_poll()
        return {"acknowledged": ok}
    if order.get("once"):
        path = sender.tpaths["main"]["primary"]["path"]
        try:
            return {"acknowledged": sender.transfer_msg(1, order["type"], order["message"], path)}
        except (TypeError, AttributeError):  # it cannot read the answer to what it repeats after a NAK
            return {"acknowledged": False}
    sender.send_msg(order["type"], order["with"])
    return {"acknowledged": sender.notSent() == 0 and sender.state()["main primary path ok"] > 0}


def sender_of_pysiaalarm():
    home = tempfile.mkdtemp()
    with tarfile.open(next(SOURCES.glob("pysiaalarm-*.tar.gz"))) as source:
        source.extractall(home, filter="data")
    (path,) = Path(home).glob("pysiaalarm-*/tests/test_utils.py")
    spec = importlib.util.spec_from_file_location("sender", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def line(order):
    """A line as its sender makes it, without beginning and end; what comes back."""
    made = sender_of_pysiaalarm().create_test_line(
        account=order["account"],
        key=order.get("key"),
        code=order["code"],
        seq=order["seq"],
        msg_type=order["type"],
        time_offset=timedelta(seconds=order.get("late", 0)),
        alter_crc=order.get("alter_crc", False),
        wrong_event=order.get("wrong_event", False),
    )
    kind = socket.SOCK_STREAM if order["transport"] == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as peer:
        peer.settimeout(order.get("patience", 10))
        peer.connect(("127.0.0.1", order["port"]))
        peer.sendall(made.encode())
        try:
            return {"answer": peer.recv(1024).decode("latin-1"), "sent": made}
        except TimeoutError:
            return {"answer": None, "sent": made}


for text in sys.stdin:
    order = json.loads(text)
    print(json.dumps({"spt": spt, "line": line}[order.pop("do")](order)), flush=True)
