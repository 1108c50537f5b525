"""`%%agent` in a shell: what is shown, and what is put into the next cell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex_dbutils import DexError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output


@pytest.fixture
def shell(shared_project: Path) -> Iterator[Any]:
    from dex import session

    assert shared_project.exists()
    shell = InteractiveShell.instance()
    bound = session.bind("local", namespace=shell.user_ns)
    rows = [("1", "NA"), ("2", "x"), ("2", "x"), ("3y", "z")]
    shell.user_ns["sales_raw"] = bound.spark.createDataFrame(rows, "id string, v string")
    shell.user_ns["folder"] = "somewhere"
    shell.user_ns["nowhere"] = bound.read("bronze", "nowhere")  # the engine is not asked before a row is wanted
    yield shell
    InteractiveShell.clear_instance()


def agent(shell: Any, line: str, cell: str) -> tuple[list[Any], list[str]]:
    """Return what the magic shows and what it puts into the next cell."""
    from dex.magics.agent import run

    shell.rl_next_input = None
    with capture_output(stdout=False, stderr=False, display=True) as shown:
        run(shell, line, cell)
    return shown.outputs, [shell.rl_next_input] if shell.rl_next_input else []


def test_a_proposal_is_shown_once_and_put_into_the_next_cell(shell: Any) -> None:
    (output,), inserted = agent(shell, "silver @sales_raw --into sales", "NA means null. Drop exact duplicates.\n")
    assert set(output.data) == {"text/plain", "text/html", "application/vnd.dex.run.v1+json"}
    assert output.data["text/plain"].startswith("silver: passed, on all 4 rows (rules)")
    assert inserted == [output.data["application/vnd.dex.run.v1+json"]["proposal"]["code"]]
    assert output.metadata["dex"]["verified"] is True
    assert "sales" not in shell.user_ns
    shell.run_cell(inserted[0])
    assert shell.user_ns["sales"].count() == 3


def test_a_proposal_that_failed_is_shown_and_not_put_anywhere(shell: Any) -> None:
    (output,), inserted = agent(shell, "silver @sales_raw", "Cast id to int.")
    assert output.data["text/plain"].startswith("silver: failed")
    assert "such as '3y'" in output.data["text/plain"]
    assert inserted == []


def test_a_dry_run_puts_nothing_into_the_next_cell(shell: Any) -> None:
    (output,), inserted = agent(shell, "silver @sales_raw --provider openai --dry-run", "Trim v.")
    assert "Request: Trim v." in output.data["text/plain"]
    assert inserted == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("silver", "DEX-MAGIC-04"),
        ("silver @sales_rwa", "DEX-MAGIC-02"),
        ("silver sales_raw", "DEX-MAGIC-01"),
        ("silver @folder", "DEX-AGENT-04"),
        ("silver @nowhere", "DEX-AGENT-06"),
        ("silver @sales_raw @nowhere", "DEX-AGENT-06"),
        ("slivre @sales_raw", "DEX-AGENT-01"),
        ("silver @sales_raw --into class", "DEX-AGENT-03"),
        ("silver @sales_raw --provider opanai", "DEX-PROVIDER-01"),
        ("silver @sales_raw --provider openai", "DEX-PROVIDER-14"),
    ],
)
def test_wrong_use_is_an_error_with_a_code_and_a_way_out(shell: Any, line: str, code: str) -> None:
    with pytest.raises(DexError) as caught:
        agent(shell, line, "Trim v.")
    assert caught.value.code == code
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("source", "code", "hint"),
    [
        ("bronze.salse", "DEX-FRAME-05", "Did you mean `local.bronze.sales`?"),
        ("salse", "DEX-FRAME-05", "Did you mean `bronze.sales`? There are tables in: bronze; write layer.table."),
        ("data/sales.csv", "DEX-FRAME-06", "The folder `data` is not there either."),
    ],
)
def test_the_command_says_which_table_or_file_is_not_there(
    shell: Any, capsys: pytest.CaptureFixture[str], source: str, code: str, hint: str
) -> None:
    from dex import session
    from dex.cli import main

    frame = shell.user_ns["sales_raw"]
    frame.write.mode("overwrite").saveAsTable(session.current().table("bronze", "sales"))  # type: ignore[union-attr]
    assert main(["agent", "silver", "Trim v.", "--frame", f"raw={source}", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)["error"]
    assert (told["code"], told["remedy"]) == (code, hint)
