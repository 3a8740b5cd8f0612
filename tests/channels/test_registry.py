from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points

import pytest

from channels import registry
from channels.registry import GROUP, BrokenKind, UnknownKind, kinds, load
from channels.settings import ChannelSettings

KINDS = {"webhook", "email", "folder"}


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more package that registers kinds, one of them broken."""
    added = [
        EntryPoint("pigeon", "channels.folder:Folder", GROUP),
        EntryPoint("broken", "no_such_module:Nothing", GROUP),
    ]
    installed = entry_points(group=GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [*installed, *added])
    registry._entries.cache_clear()
    load.cache_clear()
    yield
    registry._entries.cache_clear()
    load.cache_clear()


def test_our_own_kinds_are_registered_as_anyones_would_be() -> None:
    assert set(kinds()) >= KINDS
    assert kinds() == sorted(kinds())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_brings_its_settings(kind: str) -> None:
    assert issubclass(load(kind).Settings, ChannelSettings)


def test_a_slip_of_the_pen_is_asked_about() -> None:
    with pytest.raises(UnknownKind, match="no channel of type 'webhok'; did you mean 'webhook'"):
        load("webhok")


def test_what_is_nothing_like_it_is_told_what_there_is() -> None:
    with pytest.raises(UnknownKind, match=r"there are: .*email.*folder.*webhook"):
        load("zzz")


@pytest.mark.usefixtures("another")
def test_another_package_can_register_a_kind() -> None:
    assert load("pigeon").__name__ == "Folder"


@pytest.mark.usefixtures("another")
def test_a_broken_kind_says_why_and_stops_no_other() -> None:
    with pytest.raises(BrokenKind, match=r"'broken' cannot be loaded: ModuleNotFoundError.*no_such_module"):
        load("broken")
    assert load("folder").__name__ == "Folder"


def test_an_unused_kind_is_not_imported() -> None:
    code = (
        "import sys; from channels import registry; registry.load('folder'); "
        "print(*(m for m in ('aiosmtplib', 'channels.webhook') if m in sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == ""
