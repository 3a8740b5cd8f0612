"""Optional dependencies: a missing one is named together with what installs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Around the imports of a channel whose libraries come with `distributor[name]`. Raises: ImportError."""
    try:
        yield
    except ImportError as e:
        raise ImportError(f"{e}; it comes with: pip install 'distributor[{name}]'", name=e.name) from e
