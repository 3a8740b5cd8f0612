from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError

from channels.settings import ChannelSettings, Duration, Secret, Settings

DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)
SECRET: TypeAdapter[SecretStr] = TypeAdapter(Secret)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(minutes=90)),
        ("1h 30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        (45, timedelta(seconds=45)),
        (0.5, timedelta(seconds=0.5)),
        (timedelta(1), timedelta(1)),
    ],
)
def test_a_duration_is_numbers_with_units_or_seconds(written: object, meant: timedelta) -> None:
    assert DURATION.validate_python(written) == meant


@pytest.mark.parametrize("written", ["", "5", "m", "5 minutes", "5m!", "-5m", "5y", "1h30"])
def test_what_is_no_duration_is_told_how_to_write_one(written: str) -> None:
    with pytest.raises(ValidationError, match=r"write a number and a unit, such as '30s'"):
        DURATION.validate_python(written)


@given(st.integers(0, 10**4), st.integers(0, 59), st.integers(0, 59))
def test_parts_of_a_duration_add_up(hours: int, minutes: int, seconds: int) -> None:
    meant = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert DURATION.validate_python(f"{hours}h{minutes}m{seconds}s") == meant


def test_a_secret_comes_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t0p")
    (tmp_path / "token").write_text("t0p\n")
    for place in ({"env": "TOKEN"}, {"file": str(tmp_path / "token")}):
        secret = SECRET.validate_python(place)
        assert secret.get_secret_value() == "t0p"
        assert "t0p" not in f"{secret} {secret!r}"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ({"env": "NOT_SET_AT_ALL"}, "the environment variable NOT_SET_AT_ALL is not set"),
        ({"file": "/nowhere/token"}, "cannot read the file /nowhere/token: No such file"),
        ("in the open", "a secret is not written here"),
        ({"env": "A", "file": "b"}, "a secret is not written here"),
        ({}, "a secret is not written here"),
        (7, "a secret is not written here"),
    ],
)
def test_a_secret_that_is_not_there_says_what_to_mend(place: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SECRET.validate_python(place)


def test_a_secret_in_the_open_is_refused_without_being_shown() -> None:
    class Some(Settings):
        token: Secret

    with pytest.raises(ValidationError) as raised:
        Some.model_validate({"token": "hunter2"})
    assert "hunter2" not in str(raised.value)


def test_settings_know_their_keys_and_do_not_change() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        ChannelSettings.model_validate({"type": "x", "tiemout": "5s"})
    with pytest.raises(ValidationError, match="frozen"):
        setattr(ChannelSettings(type="x"), "type", "y")  # noqa: B010  (mypy knows it too)


@pytest.mark.parametrize("key", [{"concurrency": 0}, {"concurrency": 1001}, {"timeout": "0s"}])
def test_a_channel_does_something_in_some_time(key: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ChannelSettings.model_validate({"type": "x"} | key)
