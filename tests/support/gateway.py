"""A real SMS gateway: an HTTP server in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAM = """
import json, socket, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
folder = sys.argv[1]
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = json.load(open(folder + "/says.json"))
        if said.get("takes", True):
            with open(folder + "/heard.jsonl", "a") as heard:
                request = {"headers": dict(self.headers), "body": body.decode("latin-1")}
                heard.write(json.dumps({"path": self.path, **request}) + "\\n")
        if said.get("dies"):
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        time.sleep(said.get("waits_s", 0))
        count = sum(1 for _ in open(folder + "/heard.jsonl")) if said.get("takes", True) else 0
        reply = said["reply"].replace("NUMBER", str(1000 + count)).encode()
        self.send_response(said.get("status", 200))
        self.send_header("Content-Length", str(len(reply)))
        for name, value in said.get("headers", {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply)
    def log_message(self, *_):
        pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
SVEVE_OK = '{"response":{"msgOkCount":1,"stdSMSCount":1,"ids":[NUMBER]}}'


@dataclass
class GatewayHere:
    """A gateway that runs."""

    folder: Path
    port: int

    def url(self, template: str = "sveve", options: str = "") -> str:
        """As BTB_SMS_URL has it."""
        return f"{template}+http://bruker:hemmelig@127.0.0.1:{self.port}/send{options}"

    def says(self, reply: str = SVEVE_OK, **more: object) -> None:
        """What it answers from now on: status, waits_s, dies, takes (whether it keeps what it hears)."""
        (self.folder / "says.json").write_text(json.dumps({"reply": reply, **more}), encoding="utf-8")

    @property
    def heard(self) -> list[dict[str, Any]]:
        """Every request that it took: path, headers, body."""
        path = self.folder / "heard.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@contextmanager
def sms_gateway(folder: Path) -> Iterator[GatewayHere]:
    """A gateway until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        gateway = GatewayHere(folder, int(process.stdout.readline()))
        gateway.says()
        yield gateway
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
