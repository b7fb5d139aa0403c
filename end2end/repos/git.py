"""Git repositories, served by git itself: a listing of files would not do for shallow clones."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from box import must

REPOSITORIES = ("linux", "linux-stable", "llvm-project")
TEXT = "A kernel to say hello.\n"


def make(box) -> None:
    if shutil.which("git") is None:
        return
    for name in REPOSITORIES:
        publish(box, name, {"README": TEXT})
    serve(box)


def publish(box, name: str, files: dict[str, str]) -> None:
    """A repository with one commit of some files, at `/git/<name>.git`."""
    work, bare = box.home / f"work-{name}", box.home / f"git/{name}.git"
    for path, text in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text)
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    must(["git", "init", "--quiet", "--initial-branch=master", work])
    must(["git", "-C", work, "add", "."])
    must(["git", "-C", work, *author, "commit", "--quiet", "--message=Hello"])
    must(["git", "clone", "--quiet", "--bare", work, bare])


def serve(box) -> None:
    """Answers behind nginx until the end of the process; once for all that need it."""
    if getattr(box, "git_server", None) is None:
        handler = type("Here", (Handler,), {"root": box.home / "git"})
        box.git_server = ThreadingHTTPServer(("127.0.0.1", box.git_port), handler)
        threading.Thread(target=box.git_server.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    """`git http-backend`, which speaks CGI."""

    root: Path

    def answer(self) -> None:
        url = urlsplit(self.path)
        environment = {
            "PATH": os.defpath + ":/usr/local/bin",
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": url.path.removeprefix("/git"),
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, timeout=60)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = answer

    def log_message(self, *_) -> None:
        """nginx keeps the log."""
