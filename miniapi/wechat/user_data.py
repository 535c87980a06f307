"""What WeChat hands to a page sealed: opened with the session key of that person's last login."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from miniapi.wechat.errors import PhoneSealedOtherwise

BLOCK = 16  # bytes of a key, an iv and a block


def opened(encrypted_data: str, iv: str, session_key: str) -> dict[str, Any]:
    """The object within: AES-128-CBC, padded to 16, nothing of it let pass that is not as it must be.

    Whoever signed in on another device since then has another key: that is no fault of theirs, and one of
    the reasons to raise PhoneSealedOtherwise.
    """
    try:
        key, start, sealed = (
            base64.b64decode(written, validate=True) for written in (session_key, iv, encrypted_data)
        )
        if len(key) != BLOCK or len(start) != BLOCK:
            raise ValueError("a key or an iv that is none")
        decryptor = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        unpadder = PKCS7(8 * BLOCK).unpadder()
        found = json.loads(unpadder.update(padded) + unpadder.finalize())
    except (ValueError, RecursionError):
        raise PhoneSealedOtherwise from None
    if not isinstance(found, dict):
        raise PhoneSealedOtherwise
    return found
