"""A WeChat that only says yes, and a product that takes every push: `python -m tests.bench.answering`."""

import json
import sys

from sanic import Request, Sanic
from sanic.response import HTTPResponse, text

from miniapi.wechat.templates import TEMPLATES

YES = json.dumps({"errcode": 0})
TOKEN = json.dumps({"access_token": "t" * 136, "expires_in": 7200})
LISTED = json.dumps(
    {
        "errcode": 0,
        "data": [
            {
                "priTmplId": f"template-of-{kind}",
                "title": wanted.title,
                "content": "\n".join(f"{title}:{{{{{name}.DATA}}}}" for name, title in wanted.fields.items()),
            }
            for kind, wanted in TEMPLATES.items()
        ],
    }
)


def main(port: int) -> None:
    """Serve until told to stop."""
    app = Sanic("bench-answering", configure_logging=False)
    app.config.AUTO_EXTEND = False
    app.config.ACCESS_LOG = False

    @app.post("/cgi-bin/message/subscribe/send")
    async def send(_request: Request) -> HTTPResponse:
        return HTTPResponse(YES, content_type="application/json")

    @app.post("/cgi-bin/stable_token")
    async def token(_request: Request) -> HTTPResponse:
        return HTTPResponse(TOKEN, content_type="application/json")

    @app.get("/wxaapi/newtmpl/gettemplate")
    async def templates(_request: Request) -> HTTPResponse:
        return HTTPResponse(LISTED, content_type="application/json")

    @app.route("/wechat/push", methods=["GET", "POST"])
    async def push(_request: Request) -> HTTPResponse:
        return text("success")

    app.run("127.0.0.1", port, single_process=True, motd=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
