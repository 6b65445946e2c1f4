"""One command to a Hugging Face Space: ``python deploy.py USER/NAME`` shows what would go there, ``--push`` sends it."""

from __future__ import annotations

import sys

from deployment.cli import main

if __name__ == "__main__":
    sys.exit(main())
