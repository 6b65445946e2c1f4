"""The page: ``python app.py`` opens it on the shipped champions, ``--results DIR`` on those of another run.

Without a page: ``--file talk.m4a --csv out.csv`` answers a long recording, ``--listen`` what is said now.
"""

from __future__ import annotations

import os
import warnings

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import sys

from page.options import parse

options = parse(sys.argv[1:] if __name__ == "__main__" else [])
for library in ("gradio", "pydantic"):  # what they say of Gradio's own code helps nobody who opens the page
    warnings.filterwarnings("ignore", module=library)

from page import command_line  # noqa: E402  (takes a second to import; --help has been answered)
from page.results import Results  # noqa: E402

results = Results(options.results)
engine = results.engine()
if options.file or options.listen is not None:
    sys.exit(command_line.run(options, engine))
print(f"emotune shows: {engine.run.description} ({options.results})", flush=True)
engine.warm_up()

from page.interface import build, serve  # noqa: E402  (Gradio takes seconds to import; the champions load meanwhile)

demo = build(results)

if __name__ == "__main__":
    sys.exit(serve(demo, host=options.host, port=options.port))
