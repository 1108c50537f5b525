"""The engine process: Sail, and a watch that ends it when nobody has been attached for a while.

Runs in the engine's own environment, so it imports nothing of dex. ``python -I sail_host.py MARKER SETTINGS``; settings
are JSON. It tells its starter on standard output, in one line of JSON, where it listens or what went wrong.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from typing import Any

#: Bytes after which the log is moved aside, and how many old ones are kept.
LOG_BYTES, LOG_FILES = 5_000_000, 3
#: Seconds without anybody attached after which an engine that has grown large ends.
REST = 10.0


def main(marker: str, settings: dict[str, Any]) -> int:
    """Serve until told to stop or idle for too long."""
    if hasattr(os, "fork") and os.fork():
        os._exit(0)  # the starter is not the parent: a kernel that ends takes its children with it
    stop = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    from pysail.spark import SparkConnectServer  # type: ignore[import-not-found]

    server = SparkConnectServer("127.0.0.1", settings["port"])
    try:
        server.start(background=True)
    except Exception as error:  # noqa: BLE001  whatever it is, the starter shows it
        tell({"error": str(error)})
        return 1
    import psutil

    port = server.listening_address[1]
    me = psutil.Process()
    state = {"pid": me.pid, "created": me.create_time(), "marker": marker, "port": port, **settings["state"]}
    try:
        write(settings["path"], json.dumps(state))
    except OSError as error:
        tell({"error": f"cannot write {settings['path']}: {error.strerror}"})
        return 1
    tell(state)
    watch(me, port, settings, stop)
    server.stop()
    if (read(settings["path"]) or {}).get("pid") == me.pid:
        with contextlib.suppress(OSError):
            os.unlink(settings["path"])
    return 0


def watch(me: Any, port: int, settings: dict[str, Any], stop: threading.Event) -> None:
    """Return when told to stop, when idle for too long or too large, or when nobody can find this engine any more."""
    idle = settings["state"]["idle_minutes"] * 60
    last_used = time.monotonic()
    while not stop.wait(min(5.0, max(0.2, idle / 10))):
        rotate(settings["log"])
        clients = [c for c in me.net_connections("tcp") if c.laddr and c.laddr.port == port and c.raddr]
        if clients:
            last_used = time.monotonic()
        elif time.monotonic() - last_used > REST and (held := me.memory_info().rss) > settings["resting_bytes"]:
            log(f"nobody is attached, and {held / 1e9:.1f} GB are held: ending, to begin anew when somebody asks")
            return
        elif time.monotonic() - last_used > idle:
            log(f"nobody was attached for {settings['state']['idle_minutes']:g} minutes: ending")
            return
        elif (read(settings["path"]) or {}).get("pid") != me.pid:
            log("the project's folder has no trace of this engine any more: ending")
            return


def rotate(path: str) -> None:
    """Move a long log aside by copying, because this process and its threads hold the file open."""
    try:
        if os.path.getsize(path) < LOG_BYTES:
            return
        for number in range(LOG_FILES - 1, 0, -1):
            if os.path.exists(f"{path}.{number}"):
                os.replace(f"{path}.{number}", f"{path}.{number + 1}")
        shutil.copyfile(path, f"{path}.1")
        os.truncate(path, 0)
    except OSError as error:
        log(f"cannot rotate the log: {error}")


def tell(message: dict[str, Any]) -> None:
    """Give the starter its one line, and let go of its pipe."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
    os.dup2(2, 1)


def log(text: str) -> None:
    """Write a line to the log, which is standard error."""
    sys.stderr.write(f"[{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} dex] {text}\n")
    sys.stderr.flush()


def write(path: str, text: str) -> None:
    """Write a file in one step."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(f"{path}.new", path)


def read(path: str) -> Any:
    """Return what a JSON file says, or None."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


if __name__ == "__main__":
    code = main(sys.argv[1], json.loads(sys.argv[2]))
    sys.stderr.flush()
    os._exit(code)  # the server's threads are not waited for: whoever stops an engine wants it gone
