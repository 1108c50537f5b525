"""The bridge in a real kernel: opened with a fixed id, answering while a cell runs, closed when it is asked to."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

COMM = "dex-bridge"


class Notebook:
    """A kernel and a page that listens to it."""

    def __init__(self, folder: Path) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(folder))
        self.seen: list[dict[str, Any]] = []

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, code: str) -> dict[str, Any]:
        """Run a cell to its end and return the reply."""
        asked = self.client.execute(code)
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            self.seen.append(message)  # the bridge's messages have no parent: a client of one cell would drop them
            if message["parent_header"].get("msg_id") == asked and message["content"].get("execution_state") == "idle":
                break
        return self.reply_to(asked, timeout=60)

    def reply_to(self, asked: str, timeout: float) -> dict[str, Any]:
        """Return the reply to a cell; a kernel that was slow to start still answers the client's questions of then."""
        end = time.monotonic() + timeout
        while True:
            message = self.client.get_shell_msg(timeout=max(0.01, end - time.monotonic()))
            if message["parent_header"].get("msg_id") == asked:
                content: dict[str, Any] = message["content"]
                return content

    def wait(self, kind: str, comm_type: str | None = None, timeout: float = 45) -> dict[str, Any]:
        """Return the data of the next message of the bridge of a kind."""
        end = time.monotonic() + timeout
        while True:
            for i, message in enumerate(self.seen):
                data = message["content"].get("data", {})
                is_ours = message["msg_type"] == kind and message["content"].get("comm_id") == COMM
                if is_ours and (comm_type is None or data.get("type") == comm_type):
                    del self.seen[: i + 1]
                    return data
            self.seen.clear()
            try:
                self.seen.append(self.client.get_iopub_msg(timeout=max(0.01, end - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"the kernel sent no {kind} {comm_type or ''}") from None

    def say(self, kind: str) -> list[str]:
        """Send a page's message on the control channel, and return the comms that the kernel says it has."""
        content = {"target_name": "dex", "dex": {"type": kind, "protocol": 1}}
        request = self.client.session.msg("comm_info_request", content)
        self.client.control_channel.send(request)
        while True:
            reply = self.client.get_control_msg(timeout=45)
            if reply["parent_header"].get("msg_id") == request["header"]["msg_id"]:
                return list(reply["content"]["comms"])


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/base.yaml").write_text("project: {name: flights, package: flights_etl}\n")
    notebook = Notebook(tmp_path)
    yield notebook
    notebook.close()


def test_a_page_listens_then_says_hello_and_is_told_everything(notebook: Notebook) -> None:
    assert notebook.run("%load_ext dex")["status"] == "ok"
    opened = notebook.wait("comm_open")
    assert (opened["type"], opened["protocol"]) == ("opened", 1)
    notebook.say("hello")
    snapshot = notebook.wait("comm_msg", "snapshot")["snapshot"]
    assert snapshot["project"] == "flights"
    assert [each["name"] for each in snapshot["environments"]] == ["local"]
    assert snapshot["session"]["state"] == "none"


def test_a_page_that_comes_back_while_a_cell_runs_is_told_at_once(notebook: Notebook) -> None:
    notebook.run("%load_ext dex")
    notebook.wait("comm_open")
    notebook.say("hello")
    notebook.wait("comm_msg", "snapshot")
    asked = notebook.client.execute("import time\nfor _ in range(1200): time.sleep(0.1)")
    assert notebook.say("hello") == [COMM]
    assert notebook.wait("comm_msg", "snapshot")["snapshot"]["project"] == "flights"
    with pytest.raises(queue.Empty):
        notebook.reply_to(asked, timeout=0.1)  # the cell runs still
    notebook.manager.interrupt_kernel()
    assert notebook.reply_to(asked, timeout=45)["status"] == "error"


def test_a_page_learns_from_the_same_question_that_dex_is_not_loaded(notebook: Notebook) -> None:
    assert notebook.say("hello") == []


def test_a_new_frame_is_told_after_the_cell_that_makes_it(notebook: Notebook) -> None:
    notebook.run("%load_ext dex")
    notebook.say("hello")
    notebook.wait("comm_msg", "snapshot")
    notebook.run("flights = type('DataFrame', (), {'__module__': 'pyspark.sql.connect.dataframe'})()")
    while not (frames := notebook.wait("comm_msg", "snapshot")["snapshot"]["frames"]):
        pass
    assert frames == [{"name": "flights"}]


def test_unloading_closes_the_bridge_and_loading_again_opens_it(notebook: Notebook) -> None:
    notebook.run("%load_ext dex")
    notebook.wait("comm_open")
    notebook.run("%unload_ext dex")
    notebook.wait("comm_close")
    left = "from dex import session\nassert session._binder._listeners == []\nimport dex.magics.bridge as b\nassert b.bridge() is None"
    assert notebook.run(left)["status"] == "ok"
    assert notebook.say("hello") == []
    notebook.run("%load_ext dex")
    notebook.wait("comm_open")
    notebook.say("hello")
    notebook.wait("comm_msg", "snapshot")


def test_loading_twice_opens_one_bridge(notebook: Notebook) -> None:
    notebook.run("%load_ext dex\n%reload_ext dex")
    comms = notebook.client.comm_info("dex", reply=True, timeout=20)["content"]["comms"]
    assert list(comms) == [COMM]


def test_opening_the_bridge_loads_no_model_and_no_spark(notebook: Notebook) -> None:
    code = (
        "import sys\nfrom dex.magics.bridge import open_bridge\nbefore = set(sys.modules)\n"
        "open_bridge(get_ipython())\nnew = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "assert not new & {'pydantic', 'pyspark', 'dex_agents', 'yaml', 'pandas'}, new"
    )
    assert notebook.run(code)["status"] == "ok"


def test_a_page_that_closes_its_comm_does_not_end_the_bridge(notebook: Notebook) -> None:
    notebook.run("%load_ext dex")
    notebook.wait("comm_open")
    client = notebook.client
    client.shell_channel.send(client.session.msg("comm_close", {"comm_id": COMM, "data": {}}))
    notebook.say("hello")
    assert notebook.wait("comm_msg", "snapshot")["snapshot"]["project"] == "flights"
