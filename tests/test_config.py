from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from distributor.config import load
from distributor.errors import ConfigError

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="
GOOD = """
storage = "sqlite+aiosqlite:///var/x.db"
[[sources]]
name = "weekly-edition"
url = "https://example.org/feed"
every = "90s"
backfill = "7d"
[[members]]
id = "jst"
name = "Japan Science and Technology Agency"
languages = ["ja", "EN"]
[[members.channels]]
type = "webhook"
url = "https://example.org/hook"
secrets = [{ env = "JST_SECRET" }]
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.setenv("JST_SECRET", SECRET)

    def to(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return to


def faults(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        load(path)
    return raised.value.faults


def test_a_good_file_is_typed(write: Write) -> None:
    config = load(write(GOOD))
    source, member = config.sources[0], config.members[0]
    assert (source.every, source.backfill) == (timedelta(seconds=90), timedelta(days=7))
    assert member.languages == ("ja", "en")
    assert list(config.lanes()) == ["jst/webhook"]


def test_backfill_all_has_no_bound(write: Write) -> None:
    assert load(write(GOOD.replace('"7d"', '"all"'))).sources[0].backfill is None


def test_the_shipped_file_holds() -> None:
    config = load(Path(__file__).parents[1] / "config.toml")
    assert [m.id for m in config.members] == ["sputnik", "prnewswire", "jst", "clarivate", "icgeb"]
    assert len({m.topics for m in config.members}) == 5


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('name = "weekly-edition"', 'name = "Weekly Edition"', "sources[0].name: write small letters"),
        ('every = "90s"', 'evry = "90s"', "sources[0].evry: unknown key, did you mean 'every'?"),
        ('every = "90s"', 'every = "soon"', "sources[0].every: not a duration: 'soon'"),
        ('url = "https://example.org/feed"', "", "sources[0].url: missing"),
        ('"ja", "EN"', '"japanese"', "members[0].languages[0]: 'japanese' is not a language tag"),
        ('type = "webhook"', 'type = "webhok"', "members[0].channels[0].type: no channel of type 'webhok'"),
        ('type = "webhook"', "", "members[0].channels[0].type: missing; one of: "),
        ('url = "https://example.org/hook"', "", "members[0].channels[0].url: missing"),
        ("secrets =", "secret =", "members[0].channels[0].secret: unknown key, did you mean 'secrets'?"),
        ("JST_SECRET", "NO_SUCH", "members[0].channels[0].secrets[0]: the environment variable NO_SUCH is"),
        ('sqlite+aiosqlite:///var/x.db', "mysql://x/y", "storage: 'mysql' is not supported"),
        ("[[sources]]", "[sources", "not TOML"),
    ],
)  # fmt: skip
def test_a_fault_names_its_key_and_the_mend(write: Write, old: str, new: str, fault: str) -> None:
    assert any(fault in told for told in faults(write(GOOD.replace(old, new, 1))))


def test_all_faults_are_told_at_once(write: Write) -> None:
    text = (
        GOOD.replace('every = "90s"', 'every = "soon"')
        .replace('"ja", "EN"', '"japanese"')
        .replace("url", "uri")
    )
    assert len(faults(write(text))) >= 5


def test_what_stands_there_twice_is_told(write: Write) -> None:
    twice = GOOD + GOOD.split("\n[[sources]]")[0].split("\n")[0] + GOOD[GOOD.index("[[sources]]") :]
    told = faults(write(twice))
    assert any("sources: name 'weekly-edition' stands there twice" in t for t in told)
    assert any("members: id 'jst' stands there twice" in t for t in told)


def test_a_secret_in_the_open_is_refused_and_never_shown(write: Write) -> None:
    told = "\n".join(faults(write(GOOD.replace('{ env = "JST_SECRET" }', f'"{SECRET}"'))))
    assert 'say where it is: { env = "NAME" }' in told
    assert SECRET not in told


def test_a_secret_comes_from_a_file_and_is_not_printed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    config = load(write(GOOD.replace('{ env = "JST_SECRET" }', f'{{ file = "{tmp_path / "secret"}" }}')))
    secrets = config.members[0].channels[0].secrets  # type: ignore[attr-defined]
    assert secrets == (SecretStr(SECRET),)
    assert SECRET not in repr(config)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "--config" in faults(tmp_path / "none.toml")[0]
