import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from miniapi import announcing


class Reluctant(BaseHTTPRequestHandler):
    """Unavailable twice, then well."""

    asked = 0

    def do_GET(self):
        Reluctant.asked += 1
        self.send_response(200 if Reluctant.asked > 2 else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Nothing."""


def test_speaks_when_all_addresses_answer_well_and_regrets_once_that_it_is_late(capsys, monkeypatch):
    monkeypatch.setattr(announcing, "LATE_AFTER", 0.0)
    with HTTPServer(("127.0.0.1", 0), Reluctant) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"

        announcing.announce([f"{address}/readyz", address], ["ready", "go on"])

        server.shutdown()
        thread.join()
    said = capsys.readouterr()
    assert said.out == "ready\ngo on\n"
    assert said.err.count(f"{address}/readyz") == 1
    assert Reluctant.asked == 4


def test_nobody_there_is_no_answer():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    assert not announcing._answers(f"http://127.0.0.1:{port}/")
