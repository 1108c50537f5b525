"""Every bundle of docs/bundle-validation.md gives the findings that the page shows below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dex.cli import main
from support import ROOT

PAGE = (ROOT / "docs/bundle-validation.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yml\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("bundle", "shown"), EXAMPLES)
def test_a_bundle_of_the_page_gives_what_is_shown_below_it(
    bundle: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "databricks.yml").write_text(bundle)
    monkeypatch.chdir(tmp_path)
    assert main(["bundle", "validate"]) == 1
    assert capsys.readouterr().out == shown


def test_the_page_has_examples_and_names_every_code_that_the_check_gives() -> None:
    given = {
        code
        for path in (ROOT / "kernel_magics/dex/bundle").glob("*.py")
        for code in re.findall(r"DEX-BUNDLE-([0-3]\d)", path.read_text("utf-8"))
    }
    named = set(re.findall(r"(?<=[| ])\d\d(?= )", PAGE.partition("## What is checked")[2]))
    assert len(EXAMPLES) >= 3
    assert given - named == {"01", "30", "31"}  # no bundle, no such job, no such target: of the command, not the files
    assert named <= given
