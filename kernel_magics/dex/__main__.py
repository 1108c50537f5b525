"""``python -m dex``: the same as the ``dex`` command."""

import sys

from dex.cli import main

if __name__ == "__main__":
    sys.exit(main())
