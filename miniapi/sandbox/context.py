"""What every call of the sandbox works on."""

from dataclasses import dataclass, field

from sanic import Request

from miniapi.sandbox.faults import Faults
from miniapi.sandbox.push import Pusher
from miniapi.sandbox.state import State
from miniapi.settings import WeChatSettings


@dataclass(slots=True)
class Sandbox:
    """One mini-program, the people who use it and the way to the product behind it."""

    wechat: WeChatSettings
    state: State
    pusher: Pusher
    database_url: str | None
    faults: Faults = field(default_factory=Faults)
    sending_to: set[str] = field(default_factory=set)
    typing_until: dict[str, float] = field(default_factory=dict)


def sandbox_of(request: Request) -> Sandbox:
    """The sandbox that this request came to."""
    sandbox: Sandbox = request.app.ctx.sandbox
    return sandbox
