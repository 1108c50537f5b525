"""Run every shipped notebook and save its outputs in the template, without what differs from run to run; fill the page of its export.

`pytest --nbval` compares these outputs; run this after a change that alters one, and read the difference.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
from dex_templates import TEMPLATES

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))


def main() -> None:
    """Save the outputs of the notebooks of every template, and the page that shows the demo's export."""
    from demo_export import PAGE, save
    from support import demo_project, run

    for template in TEMPLATES:
        folder = ROOT / "notebook_templates/dex_templates" / template / "notebooks"
        for shipped in sorted(folder.glob("*.ipynb")):
            with tempfile.TemporaryDirectory() as workspace:
                project = demo_project(Path(workspace))
                executed = Path(workspace) / shipped.name
                run([sys.executable, "-m", "dex", "run", f"notebooks/{shipped.name}", "--out", executed], cwd=project)
                run([sys.executable, "-m", "dex", "engine", "stop"], cwd=project)
                notebook = nbformat.read(executed, as_version=4)
            for cell in notebook.cells:
                cell.metadata.pop("execution", None)
                for output in cell.get("outputs", []):
                    output.get("metadata", {}).pop("dex", None)
            nbformat.write(notebook, shipped)
            print(shipped.relative_to(ROOT))
    with tempfile.TemporaryDirectory() as workspace:
        save(Path(workspace))
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
