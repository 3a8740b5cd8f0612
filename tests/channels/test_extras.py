from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("kind", "library"), [("sftp", "asyncssh"), ("ftps", "aioftp"), ("s3", "aiohttp_s3_client")]
)
def test_a_kind_without_its_library_names_what_installs_it(kind: str, library: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        f"from channels import registry\n"
        f"try: registry.load({kind!r})\n"
        f"except registry.BrokenKind as e: print(e)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert told.startswith(f"channel type {kind!r} cannot be loaded")
    assert f"pip install 'distributor[{kind}]'" in told
    assert library in told
