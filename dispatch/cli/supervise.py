"""`dispatch serve`, which `./run` calls: the production processes on one machine, as children of supervisord.

supervisord rather than circus or honcho: honcho stops everything when one child dies, which is the opposite of what an
alarm centre wants, and circus brings two compiled packages for the same second from death to restart and the same
idle cost of nothing. This module only writes its configuration and then becomes it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from dispatch.cli import broker
from dispatch.cli.checked import checked_settings
from dispatch.domain.datakeys import new_key
from dispatch.settings import ROOT, load_gateways, load_response

DISPATCH = str(Path(sys.executable).with_name("dispatch"))
HOST = "127.0.0.1"
READY_WITHIN = 120
SIGN_INS = ("operator", "operator2", "supervisor", "station", "provider", "admin")


@dataclass(frozen=True)
class Child:
    name: str
    command: tuple[str, ...]
    group: str = "product"
    stop_within: int = 10


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, envvar="PORT", show_default=True)
@click.option("--demo/--no-demo", default=True, show_default=True, help="Demo data, sign-ins and simulated phones.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / "data",
    envvar="DISPATCH_DATA_DIR",
    show_default="./data",
    help="Where everything lies that must survive.",
)
def serve(port: int, demo: bool, data: Path) -> None:
    """Everything on this machine, in the foreground, until Ctrl-C."""
    data = data.resolve()
    _make_private(data)
    _hold_data_dir(data)
    _refuse_busy_port(port)
    os.environ.update(_environment(data, port, demo))

    children = _children(_known_commands(), demo, listens=_listens())
    if "DISPATCH_REDIS_URL" not in os.environ:
        children.insert(0, _embedded_broker(data))
    _prepare_database(demo)

    config = data / "run" / "supervisord.conf"
    config.touch(mode=0o600)
    config.write_text(_supervisord_conf(data, children))
    subprocess.Popen([DISPATCH, "announce"])
    # The lock on the data directory and the announcer go over to supervisord, which is this process from here on.
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(config)])


@click.command(hidden=True)
def announce() -> None:
    """Wait until the product is ready, then say where it is."""
    url = f"http://{HOST}:{os.environ['DISPATCH_PORT']}"
    data = os.environ["DISPATCH_DATA_DIR"]
    parent, deadline = os.getppid(), time.monotonic() + READY_WITHIN
    while not _answers(f"{url}/readyz"):
        if os.getppid() != parent:
            return
        if time.monotonic() > deadline:
            click.echo(f"Not ready after {READY_WITHIN} s: see the logs in {data}/logs", err=True)
            return
        time.sleep(0.1)
    click.echo(f"\nReady: {url}/")
    if os.environ["DISPATCH_DEMO"] == "true":
        click.echo(f"  Sign in as {', '.join(SIGN_INS)}; the password of each is: demo")
        click.echo(f"  Split view {url}/demo   an elder's button {url}/demo/elder   simulated phones {url}/demo/phones")
    else:
        click.echo(f"  First user: DISPATCH_DATA_DIR={shlex.quote(data)} {DISPATCH} user add --help")
    click.echo(f"  Data and logs: {data}\n  Ctrl-C stops everything.\n")


@click.command(hidden=True)
@click.option("--demo", is_flag=True)
@click.pass_context
def prepare(context: click.Context, demo: bool) -> None:
    """`db upgrade` and `seed --demo` in one process: each would cost seconds of imports at every start."""
    commands = context.find_root().command
    commands.main(["db", "upgrade"], standalone_mode=False)
    # Else each child would refuse to start, again and again, in a log of its own.
    commands.main(["keys", "check"], standalone_mode=False)
    if not _listens():
        commands.main(["gateway", "--forget"], standalone_mode=False)
    if demo:
        commands.main(["seed", "--demo"], standalone_mode=False)


def _make_private(data: Path) -> None:
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("run", "logs", "spool"):
            (data / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"cannot use {data} for data: {error.strerror}") from error


def _hold_data_dir(data: Path) -> None:
    """One product per data directory: two clocks and two brokers on the same files would fight."""
    descriptor = os.open(data / "run" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise click.ClickException(f"already running on {data}: stop it first, or give another --data") from None
    os.set_inheritable(descriptor, True)


def _refuse_busy_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            reason = f"port {port} on {HOST} cannot be used ({error.strerror}): choose another with --port"
            raise click.ClickException(reason) from None


def _environment(data: Path, port: int, demo: bool) -> dict[str, str]:
    """What the children need; what the caller has set already wins, except for what the options say."""
    env = {
        "DISPATCH_DATA_DIR": str(data),
        "DISPATCH_HOST": HOST,
        "DISPATCH_PORT": str(port),
        "DISPATCH_DEMO": "true" if demo else "false",
        "PYTHONUNBUFFERED": "1",
    }
    if not demo and not os.environ.get("DISPATCH_CALLBACK_NUMBER") and not _configured_number():
        env["DISPATCH_CALLBACK_NUMBER"] = "own"
    if "DISPATCH_SECRET_KEY" not in os.environ:
        env["DISPATCH_SECRET_KEY"] = _secret(data / "secret.key", secrets.token_hex(32))
    if "DISPATCH_DATA_KEYS" not in os.environ:
        env["DISPATCH_DATA_KEYS"] = _secret(data / "data.key", new_key("k1"))
    return env


def _configured_number() -> str:
    """Embedded defaults need nothing: until somebody sets a number, the operator names the telephone in their hand."""
    directory = Path(os.environ.get("DISPATCH_CONFIG_DIR") or ROOT / "config")
    return load_response(directory).callback_number


def _secret(path: Path, new: str) -> str:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(new)
    return path.read_text().strip()


def _known_commands() -> Collection[str]:
    context = click.get_current_context().find_root()
    return context.command.list_commands(context) if isinstance(context.command, click.Group) else ()


def _listens() -> bool:
    """Whether there is anything for a gateway process to do."""
    try:
        return bool(load_gateways(checked_settings()))
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _children(known: Collection[str], demo: bool, *, listens: bool = False) -> list[Child]:
    wanted = {"web": "web", "worker": "worker", "clock1": "clock", "clock2": "clock"}
    if listens:
        wanted["gateway"] = "gateway"
    if demo:
        wanted["simulate"] = "simulate"
    return [Child(name, (DISPATCH, command)) for name, command in wanted.items() if command in known]


def _embedded_broker(data: Path) -> Child:
    try:
        found = broker.prepare(data)
    except broker.NoBroker as error:
        raise click.ClickException(str(error)) from error
    os.environ["DISPATCH_REDIS_URL"] = found.url
    return Child("broker", found.command, group="broker")


def _prepare_database(demo: bool) -> None:
    if subprocess.run([DISPATCH, "prepare", *(["--demo"] if demo else [])], check=False).returncode:
        raise click.ClickException("the database could not be prepared")


def _supervisord_conf(data: Path, children: list[Child]) -> str:
    run, logs = data / "run", data / "logs"
    sections: dict[str, Mapping[str, object]] = {
        "supervisord": {
            "nodaemon": "true",
            "logfile": logs / "supervisord.log",
            "pidfile": run / "supervisord.pid",
            "childlogdir": logs,
            # On the terminal and in the log: only children that died without being told to.
            "loglevel": "warn",
            **({"user": "root"} if os.geteuid() == 0 else {}),
        },
    }
    for group, priority in (("broker", 1), ("product", 10)):
        members = [child.name for child in children if child.group == group]
        if members:
            # Groups stop in reverse order, the members of one all at once.
            sections[f"group:{group}"] = {"programs": ",".join(members), "priority": priority}
    for child in children:
        sections[f"program:{child.name}"] = {
            "command": shlex.join([*_dies_with_parent(), *child.command]),
            "directory": ROOT,
            "autorestart": "true",
            # Never give up: an alarm centre that stays down because it failed too often is worse than a busy log.
            "startretries": 1_000_000,
            "stopwaitsecs": child.stop_within,
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": logs / f"{child.name}.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 3,
        }
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key}={_escaped(value)}\n" for key, value in section.items())
        for name, section in sections.items()
    )


def _dies_with_parent() -> tuple[str, ...]:
    """Linux: children that outlive a killed supervisord would hold the port and the database against the next start."""
    setpriv = shutil.which("setpriv")
    if not setpriv:
        return ()
    helped = subprocess.run([setpriv, "--help"], capture_output=True, text=True, check=False).stdout
    return (setpriv, "--pdeathsig", "TERM", "--") if "--pdeathsig" in helped else ()


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 -- our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
