"""The keys of an installation: sealing personal data, and fingerprints of identities."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class SealBroken(Exception):
    """Sealed with another key, or damaged."""


class Keys:
    """Keys derived from the installation's secret, one for each purpose (HKDF, RFC 5869)."""

    def __init__(self, secret_key: str) -> None:
        self._seal = Fernet(base64.urlsafe_b64encode(_derive(secret_key, b"huanxin seal 1")))
        self._identity = _derive(secret_key, b"huanxin identity 1")
        self._request = _derive(secret_key, b"huanxin request 1")

    def seal(self, text: str) -> str:
        """Encrypt and authenticate; the same text never looks the same twice."""
        return self._seal.encrypt(text.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """The text again. Raises SealBroken."""
        try:
            return self._seal.decrypt(sealed.encode("ascii")).decode()
        except InvalidToken:
            raise SealBroken("sealed with another key, or damaged") from None

    def fingerprint(self, id_number: str) -> str:
        """64 hex digits that stand for one identity and tell nothing about it without the key."""
        return hmac.new(self._identity, id_number.encode(), hashlib.sha256).hexdigest()

    def digest(self, body: bytes) -> str:
        """64 hex digits that tell whether a request is the same again, and nothing else of it."""
        return hmac.new(self._request, body, hashlib.sha256).hexdigest()


def _derive(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret_key.encode())
