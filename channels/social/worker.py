"""The process that posts: Apprise opens its connections itself, and here they can be watched.

One job a line on standard input, one answer a line on standard output, until the input ends.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from channels.extras import extra
from channels.net import PrivateAddress, is_public
from channels.social.service import ASSET, service

with extra("social"):
    import requests
    from apprise import Apprise, NotifyFormat
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

CODE = re.compile(r"\berror=([1-9][0-9]{2})\b")
"""How all of Apprise's services log the status of an answer."""
SENDER = Apprise(asset=ASSET)
"""One for all jobs, which come one by one: it looks for its translations on the disk when it is made."""
WATCHED = frozenset(("socket.connect", "socket.sendto", "socket.sendmsg"))


class Watch:
    """Sees every connection of this process, and lets none through to a private address.

    An audit hook (PEP 578) is called with the address that is connected to, below any library.
    """

    def __init__(self) -> None:
        self.guards = True
        self.kept_away = False
        sys.addaudithook(self)

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event in WATCHED and self.guards and not self._is_fine(args[1]):
            self.kept_away = True
            raise PrivateAddress("is a private address")

    def _is_fine(self, address: object) -> bool:
        """No names, which would be looked up below this; no sockets of the machine itself."""
        if address is None:  # sendmsg on what is connected already
            return True
        try:
            return isinstance(address, tuple) and is_public(str(address[0]))
        except ValueError:
            return False


class Overheard(logging.Handler):
    """Apprise answers yes or no, and tells its log why not; that stays here, for it may hold tokens."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.status = 0
        self.error = ""

    def emit(self, record: logging.LogRecord) -> None:
        if code := CODE.search(record.getMessage()):
            self.status = int(code[1])
        raised = sys.exc_info()[1]  # it logs within its handlers
        if isinstance(raised, Exception):
            self.error = kind(raised)


def kind(error: BaseException) -> str:
    """`tls`, `unreachable` (nothing was sent), `silent` (it was sent) or the name of anything else."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    match error:
        case requests.exceptions.SSLError():
            return "tls"
        case requests.exceptions.ConnectTimeout():
            return "unreachable"
        case requests.exceptions.ConnectionError() if isinstance(
            reason, NewConnectionError | ConnectTimeoutError
        ):
            return "unreachable"
        case requests.exceptions.RequestException() | TimeoutError():
            return "silent"
        case ConnectionRefusedError():
            return "unreachable"
        case OSError():
            return "silent"
    return type(error).__name__


def post(job: dict[str, Any]) -> bool:
    """Whether the service took it."""
    found = service(job["url"])
    patience = float(job["patience"])
    found.socket_connect_timeout = min(float(found.socket_connect_timeout), patience / 2)
    found.socket_read_timeout = min(float(found.socket_read_timeout), patience)
    SENDER.clear()
    SENDER.add(found)
    with attachment(job.get("picture")) as attach:
        return bool(
            SENDER.notify(body=job["body"], title=job["title"], attach=attach, body_format=NotifyFormat.TEXT)
        )


@contextmanager
def attachment(picture: dict[str, str] | None) -> Iterator[str | None]:
    """A file as long as it is needed: not every service takes one from memory."""
    if not picture:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, picture["name"])
        file.write_bytes(base64.b64decode(picture["content"]))
        yield str(file)


def answer(job: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """What became of the job, in words that are ours."""
    overheard = Overheard()
    logger = logging.getLogger("apprise")
    logger.handlers = [overheard]
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    watch.guards, watch.kept_away = bool(job["guarded"]), False
    try:
        done = post(job)
    except Exception as e:
        done, overheard.error = False, kind(e)
    return {
        "done": done,
        "status": overheard.status,
        "error": "private" if watch.kept_away else overheard.error,
    }


def main() -> NoReturn:
    """Until the input ends. What anything else prints goes nowhere."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    watch = Watch()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), watch)), file=said, flush=True)
    sys.exit(0)
