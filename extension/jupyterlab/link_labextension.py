"""Link the built panel into this Python environment, so that a rebuild and a reload of the page show it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DESTINATION = Path(sys.prefix, "share/jupyter/labextensions/@dexkit/jupyterlab")


def main() -> int:
    """Replace what stands in the environment by a link to the build; return the exit code."""
    built = HERE / "labextension"
    if not (built / "package.json").exists():
        print("The panel is not built: npm run build -w extension/jupyterlab", file=sys.stderr)
        return 1
    if DESTINATION.is_symlink() or DESTINATION.is_file():
        DESTINATION.unlink()
    elif DESTINATION.exists():
        shutil.rmtree(DESTINATION)
    DESTINATION.parent.mkdir(parents=True, exist_ok=True)
    DESTINATION.symlink_to(built, target_is_directory=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
