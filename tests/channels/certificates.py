"""Certificates for the tests' servers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def make_certificate(folder: Path) -> Path:
    """`folder` with key.pem and cert.pem of 127.0.0.1 and localhost, signed by itself."""
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command to make a certificate")
    folder.mkdir(exist_ok=True)
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-subj", "/CN=localhost", "-addext", names, "-days", "2"]
    subprocess.run([*new, *files, *subject], check=True, capture_output=True)
    return folder
