"""The WeChat sandbox: a faithful local stand-in for api.weixin.qq.com, in a process of its own."""

from miniapi.sandbox.app import JOURNAL, create_app
from miniapi.sandbox.templates import templates_by_kind

__all__ = ["JOURNAL", "create_app", "templates_by_kind"]
