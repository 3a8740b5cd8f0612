"""DKIM, verified by dkimpy's verifier on what the server got, with a DNS of our own."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dkim
import pytest
from channel_stories import HOSTILE, STORY, in_language, story
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from pydantic import ValidationError
from receivers import MailServer

from channels.email import Email
from channels.story import IdempotencyKey, Story

KEY = IdempotencyKey("d-1")
PRIVATE = rsa.generate_private_key(65537, 2048)


def pem(key: Any, kind: s.PrivateFormat = s.PrivateFormat.PKCS8, password: bytes = b"") -> bytes:
    lock = s.BestAvailableEncryption(password) if password else s.NoEncryption()
    content: bytes = key.private_bytes(s.Encoding.PEM, kind, lock)
    return content


def dns(name: bytes, timeout: int = 5) -> bytes:
    """What stands at wire._domainkey.weekly-edition.example, and nowhere else."""
    assert name == b"wire._domainkey.weekly-edition.example."
    public = PRIVATE.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def configured(port: int, key: dict[str, str], **more: Any) -> Email.Settings:
    signing = {"selector": "wire", "domain": "weekly-edition.example", "key": key}
    given = {"type": "email", "host": "127.0.0.1", "port": port, "tls": "none", "dkim": signing | more}
    given |= {"sender": "Wire <wire@weekly-edition.example>", "to": ["desk@jst.example"]}
    given |= {"list_id": "science-wire.example", "unsubscribe": "https://wire.example/leave?m=jst"}
    return Email.Settings.model_validate(given)


async def arrived(server: MailServer, tmp_path: Path, given: Story, content: bytes | None = None) -> bytes:
    (tmp_path / "dkim.pem").write_bytes(content or pem(PRIVATE))
    async with Email(configured(server.port, {"file": str(tmp_path / "dkim.pem")})) as email:
        await email.send(given, KEY)
    return server.raw[-1]


def tags(mail: bytes) -> dict[str, str]:
    unfolded = re.sub(rb"\r\n[ \t]+", b" ", mail).split(b"\r\n")[0].decode()
    name, _, value = unfolded.partition(": ")
    assert name == "DKIM-Signature"
    return {tag.strip(): told.strip() for tag, _, told in (t.partition("=") for t in value.split(";"))}


@pytest.mark.parametrize("language", ["en", "ru", "ja", "ar"])
async def test_what_arrives_is_signed(server: MailServer, tmp_path: Path, language: str) -> None:
    mail = await arrived(server, tmp_path, in_language(language))
    assert dkim.verify(mail, dnsfunc=dns)
    assert server.got[0][1]["From"] == "Wire <wire@weekly-edition.example>"


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"lone surrogate"}))
async def test_whatever_the_text_is_the_signature_holds(
    server: MailServer, tmp_path: Path, name: str
) -> None:
    assert dkim.verify(await arrived(server, tmp_path, HOSTILE[name]), dnsfunc=dns)


async def test_an_older_kind_of_key_file_signs_too(server: MailServer, tmp_path: Path) -> None:
    older = pem(PRIVATE, s.PrivateFormat.TraditionalOpenSSL)
    assert dkim.verify(await arrived(server, tmp_path, STORY, older), dnsfunc=dns)


async def test_it_covers_what_a_reader_is_shown_and_acts_on(server: MailServer, tmp_path: Path) -> None:
    told = tags(await arrived(server, tmp_path, story(version=2)))
    assert (told["a"], told["c"], told["d"], told["s"]) == (
        "rsa-sha256",
        "relaxed/relaxed",
        "weekly-edition.example",
        "wire",
    )
    covered = told["h"].split(" : ")
    once = {"in-reply-to", "references", "list-id", "list-unsubscribe", "list-unsubscribe-post"}
    twice = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type"}
    assert once | twice | {"auto-submitted", "content-language"} == set(covered)
    assert {name for name in covered if covered.count(name) == 2} == twice


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\r\nSubject: ", b"\r\nSubject: x "),
        (b"\r\nSubject: ", b"\r\nSubject: another\r\nSubject: "),
        (b"\r\nFrom: ", b"\r\nFrom: thief@e.org\r\nFrom: "),
        (b"<https://wire.example/leave", b"<https://thief.example/leave"),
        (b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", b""),
        (b"\r\n\r\n", b"\r\n\r\nadded\r\n"),
    ],
)
async def test_what_is_changed_on_the_way_is_noticed(
    server: MailServer, tmp_path: Path, old: bytes, new: bytes
) -> None:
    mail = await arrived(server, tmp_path, STORY)
    assert old in mail
    assert not dkim.verify(mail.replace(old, new, 1), dnsfunc=dns)


async def test_a_relay_may_fold_and_space_as_it_likes(server: MailServer, tmp_path: Path) -> None:
    mail = await arrived(server, tmp_path, STORY)
    relayed = mail.replace(b"\r\nSubject: ", b"\r\nsubject:   ").replace(b"\r\nTo: ", b"\r\nTo:\r\n ")
    assert dkim.verify(b"Received: by mx.example\r\n" + relayed + b"\r\n\r\n", dnsfunc=dns)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no key", "RSA private key in PEM without a password"),
        (pem(PRIVATE, password=b"pw"), "without a password"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n", "RSA private key"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "RSA private key of 1024 bits or more"),
    ],
    ids=["none", "locked", "cut off", "ed25519"],
)
def test_a_key_that_cannot_sign_is_refused_at_once_and_not_shown(
    tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "dkim.pem").write_bytes(content)
    with pytest.raises(ValidationError, match=rf"dkim\.key\n.*{says}") as raised:
        configured(25, {"file": str(tmp_path / "dkim.pem")})
    assert content.decode()[30:60] not in str(raised.value) or content == b"no key"


@pytest.mark.parametrize(
    ("key", "more", "says"),
    [
        ({"file": "/nowhere/dkim.pem"}, {}, "cannot read the file /nowhere/dkim.pem"),
        ({"env": "NO_SUCH_KEY"}, {}, "NO_SUCH_KEY is not set"),
        ({"env": "KEY"}, {"selector": "a b"}, "selector"),
        ({"env": "KEY"}, {"domain": "e.org; x=y"}, "domain"),
        ({"env": "KEY"}, {"domain": "localhost"}, "domain"),
        ({"env": "KEY"}, {"selektor": "a"}, "selektor"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    monkeypatch: pytest.MonkeyPatch, key: dict[str, str], more: dict[str, str], says: str
) -> None:
    monkeypatch.setenv("KEY", pem(PRIVATE).decode())
    with pytest.raises(ValidationError, match=says):
        configured(25, key, **more)


def test_the_key_is_not_in_what_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", pem(PRIVATE).decode())
    assert pem(PRIVATE).decode()[40:80] not in repr(configured(25, {"env": "KEY"}))


def test_without_the_library_mail_goes_and_a_signature_names_what_installs_it() -> None:
    code = (
        "import sys; sys.modules['dkim'] = None\n"
        "from channels.email import Email\n"
        "own = {'type': 'email', 'host': 'h', 'sender': 'a@e.org', 'to': ['b@e.org']}\n"
        "Email.Settings.model_validate(own)\n"
        "signing = {'selector': 'a', 'domain': 'e.org', 'key': {'env': 'HOME'}}\n"
        "try: Email.Settings.model_validate(own | {'dkim': signing})\n"
        "except ValueError as e: print(e)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "pip install 'distributor[dkim]'" in told
