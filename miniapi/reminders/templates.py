"""Which WeChat template carries which kind of notice; asked of WeChat once by a process, then remembered."""

from collections.abc import Mapping

from miniapi.reminders import actions, queries
from miniapi.wechat.client import WeChat
from miniapi.wechat.templates import template_ids


class Templates:
    """The templates of this mini-program's account."""

    def __init__(self, wechat: WeChat) -> None:
        self._wechat = wechat
        self._ids: Mapping[str, str] | None = None

    async def ids(self) -> Mapping[str, str]:
        """The template id of each kind, which the database knows from then on. Raises WeChatUnavailable."""
        if self._ids is None:
            found = await template_ids(self._wechat)
            await actions.note_templates(found)
            self._ids = found
        return self._ids

    async def make_known(self) -> None:
        """Let the database know them, unless some process has done it. Raises WeChatUnavailable."""
        if self._ids is None and not await queries.knows_templates():
            await self.ids()
