"""Which WeChat template carries which kind of notice; asked of WeChat once, then remembered."""

from collections.abc import Mapping

from miniapi.wechat.client import WeChat
from miniapi.wechat.templates import template_ids


class Templates:
    """The templates of this mini-program's account."""

    def __init__(self, wechat: WeChat) -> None:
        self._wechat = wechat
        self._ids: Mapping[str, str] | None = None

    async def ids(self) -> Mapping[str, str]:
        """The template id of each kind. Raises WeChatUnavailable."""
        if self._ids is None:
            self._ids = await template_ids(self._wechat)
        return self._ids

    async def kinds(self) -> Mapping[str, str]:
        """The kind of each template id. Raises WeChatUnavailable."""
        return {template: kind for kind, template in (await self.ids()).items()}
