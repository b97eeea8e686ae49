"""Names of the random streams: each purpose draws from its own, so that one never shifts another."""

import hashlib


def stream_key(kind: str, name: str) -> int:
    """The 64-bit Philox key of the stream ``kind`` (such as ``"weights"``) of the object called ``name``."""
    digest = hashlib.blake2b(f"{kind}\0{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")
