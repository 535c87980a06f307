"""The keys of an installation: sealing personal data, signing, telling a request that comes again."""

import base64
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from miniapi.settings import secrets_of

SEALED_BY = (
    b"\x02"  # the first byte of a seal: AES-256-GCM (NIST SP 800-38D); a Fernet token begins with 0x80
)
NONCE = 12  # random bytes behind it: good for 2^32 texts under one key (SP 800-38D, 8.3)
SIGNATURE_BYTES = 16  # half of an HMAC-SHA256: enough (RFC 2104, 5), and a QR code stays coarse


class SealBroken(Exception):
    """Sealed with a key that is not here, or damaged."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What one secret encrypts with; `once` opens what was sealed before, which a crowd had to wait for."""

    now: AESGCM
    once: Fernet

    def close(self, content: bytes) -> bytes:
        """Sealed, as letters of a URL."""
        nonce = os.urandom(NONCE)
        return base64.urlsafe_b64encode(SEALED_BY + nonce + self.now.encrypt(nonce, content, None))

    def open(self, token: bytes) -> bytes:
        """The content again. Raises InvalidToken, InvalidTag, ValueError."""
        sealed = base64.b64decode(token, altchars=b"-_", validate=True)
        if not sealed.startswith(SEALED_BY):
            return self.once.decrypt(token)
        begins = len(SEALED_BY) + NONCE
        return self.now.decrypt(sealed[len(SEALED_BY) : begins], sealed[begins:], None)


class Keys:
    """Keys derived from the installation's secrets, one for each purpose (HKDF, RFC 5869).

    Several secrets are separated by commas: the first one seals, all of them open.
    """

    def __init__(self, secret_key: str) -> None:
        self._seals: dict[str, Seal] = {}
        self._requests: list[bytes] = []
        self._signatures: list[bytes] = []
        self._pickup_codes: list[bytes] = []
        for secret in secrets_of(secret_key):
            self._seals[key_id(secret)] = Seal(
                now=AESGCM(_derive(secret, b"huanxin seal 2")),
                once=Fernet(base64.urlsafe_b64encode(_derive(secret, b"huanxin seal 1"))),
            )
            self._requests.append(_derive(secret, b"huanxin request 1"))
            self._signatures.append(_derive(secret, b"huanxin signature 1"))
            self._pickup_codes.append(_derive(secret, b"huanxin pickup code 1"))
        self.ids = tuple(self._seals)

    @property
    def id(self) -> str:
        """Which secret seals."""
        return self.ids[0]

    def seal(self, text: str) -> str:
        """Encrypt and authenticate, with the key's id before it; the same text never looks the same twice."""
        return f"{self.id}:{self._seals[self.id].close(text.encode()).decode('ascii')}"

    def unseal(self, sealed: str) -> str:
        """The text again; what was sealed before keys had ids is tried with each. Raises SealBroken."""
        named, colon, token = sealed.rpartition(":")
        if colon and named not in self._seals:
            raise SealBroken(f"sealed with the key {named}, and here are only {', '.join(self.ids)}")
        return _opened(token, [self._seals[named]] if colon else self._seals.values())

    def digest(self, body: bytes) -> str:
        """64 hex digits that tell whether a request is the same again, and nothing else of it."""
        return _digest(self._requests[0], body)

    def is_digest(self, digest: str, body: bytes) -> bool:
        """Whether a digest is of this request, made with any of the keys."""
        return any(hmac.compare_digest(digest, _digest(key, body)) for key in self._requests)

    def sign(self, content: bytes) -> bytes:
        """What only this installation can add to a content; the content begins with what it is for."""
        return _signature(self._signatures[0], content)

    def is_signed(self, content: bytes, signature: bytes) -> bool:
        """Whether a signature is of this content, made with any of the keys."""
        return any(hmac.compare_digest(signature, _signature(key, content)) for key in self._signatures)

    def pickup_code(self, pickup: bytes) -> str:
        """The 6 digits by which the owner of a booking shows that a crew was there."""
        return _six_digits(self._pickup_codes[0], pickup)

    def is_pickup_code(self, pickup: bytes, code: str) -> bool:
        """Whether these are the digits of this booking, made with any of the keys."""
        return any(hmac.compare_digest(code, _six_digits(key, pickup)) for key in self._pickup_codes)


def key_id(secret: str) -> str:
    """What people, backups and sealed text call one secret by: 8 hex digits, which tell nothing of it."""
    return _derive(secret, b"huanxin key id 1").hex()[:8]


def _opened(token: str, seals: Iterable[Seal]) -> str:
    for seal in seals:
        try:
            return seal.open(token.encode()).decode()
        except (InvalidToken, InvalidTag, ValueError):
            continue
    raise SealBroken("damaged, or sealed with a key that is not here")


def _digest(key: bytes, body: bytes) -> str:
    return hmac.digest(key, body, "sha256").hex()


def _signature(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:SIGNATURE_BYTES]


def _six_digits(key: bytes, content: bytes) -> str:
    return f"{int.from_bytes(hmac.digest(key, content, 'sha256')[:8], 'big') % 10**6:06d}"


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
