"""Who confirms that a name and an ID number belong together: a port, because cities differ."""

from typing import Protocol

from miniapi.accounts.errors import VerifierMissing


class IdentityVerifier(Protocol):
    """The city's identity service."""

    async def matches(self, name: str, id_number: str) -> bool:
        """Whether this person exists. Raises Unavailable when nobody can say."""
        ...


class SandboxVerifier:
    """Accepts every well-formed number, except with the name 不匹配."""

    async def matches(self, name: str, id_number: str) -> bool:
        """Whether the sandbox accepts them."""
        return name != "不匹配"


class NoVerifier:
    """A city that has not connected one yet: nobody is verified by accident."""

    async def matches(self, name: str, id_number: str) -> bool:
        """Always raises VerifierMissing."""
        raise VerifierMissing()
