"""WordPress itself from Debian, in a folder of its own: MariaDB by a socket, PHP's own server, no Apache."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HOME = Path("/usr/share/wordpress")
NEEDED = ("php", "mariadbd", "mariadb-install-db")
PATIENCE = 60.0

CONFIG = """<?php
define('DB_NAME', 'wordpress'); define('DB_USER', '{user}'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('WP_ENVIRONMENT_TYPE', 'local');  // else there are no application passwords without TLS
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true); define('WP_DEBUG', false);
define('AUTOMATIC_UPDATER_DISABLED', true); define('WP_CONTENT_DIR', __DIR__ . '/wp-content');
define('WP_SITEURL', '{url}'); define('WP_HOME', '{url}');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
INSTALL = """<?php
define('WP_INSTALLING', true);
require __DIR__ . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Site', 'admin', 'admin@e.example', false, '', wp_generate_password());
update_option('permalink_structure', '');
"""
PASSWORDS = """<?php
require __DIR__ . '/wp-load.php';
$told = [];
foreach (['administrator', 'editor', 'author', 'contributor'] as $role) {
    $user = ['user_login' => "the-$role", 'user_pass' => wp_generate_password(), 'role' => $role];
    $id = wp_insert_user($user);
    $told[$role] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'wire'])[0];
}
echo json_encode($told);
"""


@dataclass(frozen=True)
class Itself:
    """`passwords` by role; the users are called `the-ROLE`."""

    url: str
    passwords: dict[str, str]


def missing() -> str:
    """Why it cannot run here; empty where it can."""
    names = [name for name in NEEDED if not shutil.which(name)]
    if names or not HOME.is_dir():
        return "needs apt-get install wordpress php-cli php-mysql mariadb-server"
    return ""


@contextmanager
def wordpress(folder: Path) -> Iterator[Itself]:
    """Installed in `folder` and running."""
    with ExitStack() as stack:
        site = folder / "site"
        shutil.copytree(HOME, site, symlinks=False, ignore=shutil.ignore_patterns("languages"))
        (site / "wp-content" / "uploads").mkdir(exist_ok=True)
        stack.enter_context(_database(folder))
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        config = CONFIG.format(user=getpass.getuser(), socket=folder / "db.sock", url=url)
        (site / "wp-config.php").write_text(config)
        _php(site, INSTALL)
        passwords = json.loads(_php(site, PASSWORDS))
        command = ["php", "-d", "display_errors=0", "-S", f"127.0.0.1:{port}", "-t", str(site)]
        stack.enter_context(_process(command, folder / "php.log", PHP_CLI_SERVER_WORKERS="4"))
        _wait(lambda: urllib.request.urlopen(url, timeout=20).status == 200)
        yield Itself(f"{url}/", passwords)


@contextmanager
def _database(folder: Path) -> Iterator[None]:
    data, user, client = folder / "db", getpass.getuser(), shutil.which("mariadb") or "mysql"
    common = ["--no-defaults", f"--datadir={data}", f"--user={user}"]
    install = ["mariadb-install-db", *common, f"--auth-root-socket-user={user}", "--skip-test-db"]
    subprocess.run([*install, "--auth-root-authentication-method=socket"], check=True, capture_output=True)
    server = [
        "mariadbd",
        *common,
        f"--socket={folder / 'db.sock'}",
        "--skip-networking",
        "--skip-grant-tables",
    ]
    with _process([*server, "--innodb-flush-log-at-trx-commit=0"], folder / "db.log"):
        create = [
            client,
            "--no-defaults",
            f"--socket={folder / 'db.sock'}",
            "-e",
            "CREATE DATABASE wordpress",
        ]
        _wait(lambda: subprocess.run(create, capture_output=True).returncode == 0)
        yield


@contextmanager
def _process(command: list[str], log: Path, **more: str) -> Iterator[None]:
    with log.open("wb") as out:
        # A group of its own: PHP's server has workers.
        running = subprocess.Popen(
            command, stdout=out, stderr=out, env=os.environ | more, start_new_session=True
        )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, 15)
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, 9)


def _php(site: Path, script: str) -> str:
    file = site / "run-once.php"
    file.write_text(script)
    done = subprocess.run(["php", "-d", "display_errors=stderr", str(file)], capture_output=True, text=True)
    file.unlink()
    if done.returncode:
        raise RuntimeError(done.stderr or done.stdout)
    return done.stdout


def _wait(ready: object) -> None:
    assert callable(ready)
    until = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError):
            if ready():
                return
        if time.monotonic() > until:
            raise TimeoutError("it does not start")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
