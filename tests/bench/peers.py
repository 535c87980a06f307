"""What the product is measured beside, each a process that serves the same claim: `python -m tests.bench.peers`."""

import sys

import uvloop
from sanic import Request, Sanic
from sanic.response import HTTPResponse, json

from miniapi.settings import Settings


def bare() -> None:
    """Sanic and nothing else."""
    app = Sanic("bare", configure_logging=False)

    @app.post("/api/v1/drops/<drop_id:uuid>/claims")
    async def claim(request: Request, drop_id: object) -> HTTPResponse:
        return json({"rank": 1}, status=201)

    @app.get("/readyz")
    async def ready(request: Request) -> HTTPResponse:
        return json({})

    uvloop.install()
    app.run(port=Settings.from_environment().port, single_process=True, access_log=False, motd=False)


if __name__ == "__main__":
    {"bare": bare}[sys.argv[1]]()
