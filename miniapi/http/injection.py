"""What a handler asks for by the types of its parameters: declared with sanic-ext, found out once a route."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, get_type_hints

from sanic import Request, Sanic
from sanic_ext.bootstrap import Extend
from sanic_ext.extensions.injection.extension import InjectionExtension
from sanic_ext.extensions.injection.registry import ConstantRegistry, InjectionRegistry

Find = Callable[[Request], Awaitable[Any]]


class Injection(InjectionExtension):
    """sanic-ext's injection, where nothing that is asked for asks for more itself.

    `app.ext.add_dependency` takes either a coroutine function of the request, or a function of nothing,
    whose value is the same for all. sanic-ext's own way builds each of them anew through four coroutines.
    """

    name = "asked"

    def startup(self, bootstrap: Extend) -> None:
        """Keep what is declared, and give it to handlers."""
        self.constant_registry = bootstrap._constant_registry = ConstantRegistry(self.app.config)
        self.registry = bootstrap._injection_registry = InjectionRegistry()
        self._wanted: dict[str, tuple[list[tuple[str, Find]], dict[str, Any]]] = {}
        self.app.register_listener(self._look_at_routes, "before_server_start")
        self.app.register_middleware(self._give, "request")

    async def _look_at_routes(self, app: Sanic) -> None:
        for route in app.router.routes:
            found: list[tuple[str, Find]] = []
            fixed: dict[str, Any] = {}
            for name, provider in self._asked_for(route.handler):
                if iscoroutinefunction(provider):
                    found.append((name, provider))
                else:
                    fixed[name] = provider()
            self._wanted[route.name] = found, fixed

    def _asked_for(self, handler: Any) -> Iterator[tuple[str, Any]]:
        while isinstance(handler, partial):
            handler = handler.func
        for name, kind in get_type_hints(handler).items():
            if kind in self.registry:
                yield name, self.registry[kind].func

    async def _give(self, request: Request) -> None:
        if request.route is None:
            return
        found, fixed = self._wanted[request.route.name]
        for name, find in found:
            request.match_info[name] = await find(request)
        request.match_info.update(fixed)
