"""Files that the documents show: blocks of code with a name, for the tests that run them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The name stands after the language; test_docs.py reads only blocks without one, which are our configuration.
FILE = re.compile(r"^```\w+ ([\w.-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown_in(document: str) -> dict[str, str]:
    """The text of each file in `docs/{document}`, by its name."""
    return dict(FILE.findall((ROOT / "docs" / document).read_text("utf-8")))


def write(document: str, folder: Path) -> Path:
    """All of them in `folder`."""
    for name, text in shown_in(document).items():
        (folder / name).write_text(text, "utf-8")
    return folder
