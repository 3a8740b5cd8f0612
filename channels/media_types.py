"""What a file is, by its first bytes: whatever its address, its server or the feed say."""

from __future__ import annotations

EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}
"""Of pictures."""

# By the first bytes: offset, signature, type, extension. Nothing here runs when it is opened.
KINDS = (
    (0, b"%PDF-", "application/pdf", "pdf"),
    (0, b"ID3", "audio/mpeg", "mp3"),
    (0, b"\xff\xfb", "audio/mpeg", "mp3"),
    (0, b"OggS", "audio/ogg", "ogg"),
    (0, b"fLaC", "audio/flac", "flac"),
    (8, b"WAVE", "audio/wav", "wav"),
    (4, b"ftypM4A", "audio/mp4", "m4a"),
    (4, b"ftyp", "video/mp4", "mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm", "webm"),
)


def sniff(content: bytes) -> str:
    """The MIME type by the first bytes (WHATWG MIME Sniffing §6.1); empty for anything but a picture."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return ""


def kind(content: bytes) -> tuple[str, str]:
    """Type and extension of a picture or of another file; empty for what we do not hand on."""
    if picture := sniff(content):
        return picture, EXTENSIONS[picture]
    for offset, signature, found, extension in KINDS:
        if content.startswith(signature, offset):
            return found, extension
    return "", ""
