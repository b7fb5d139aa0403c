"""The running site against its own OpenAPI document: Schemathesis with all checks, negative tests included.

Run by `./test api`, which makes the virtual environment. Needs MINGJING_BIN; uses promtool when it is installed.
"""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("MINGJING_BIN", ROOT / "target/debug/mingjing"))
TOOLS = Path(sys.executable).parent

SITE = """
[site]
base_url = "http://127.0.0.1:{port}"
name = {{ zh = "示例大学镜像站", en = "Example University Mirror" }}
favourites = ["debian"]
[server]
listen = "127.0.0.1:{port}"
metrics = "127.0.0.1:{metrics}"
[search]
per_minute = 1000000
burst = 1000000
[[backend]]
mirrorz.url = "content:///recorded/zju-2026-07-05.json"
mirrorz.recorded_at = "2026-07-05T14:46:00Z"
"""


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class ApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.port, cls.metrics = free_ports(2)
        config = cls.folder / "site.toml"
        config.write_text(SITE.format(port=cls.port, metrics=cls.metrics))
        cls.log = cls.folder / "log"
        with cls.log.open("wb") as log:
            cls.site = subprocess.Popen([BIN, "serve", "--config", config], stderr=log)
        cls.addClassCleanup(cls.site.wait, 10)
        cls.addClassCleanup(cls.site.terminate)
        for _ in range(300):
            try:
                if b"file index: open" in cls.get(cls.port, "/readyz"):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError("the site did not start: " + cls.log.read_text())

    @staticmethod
    def get(port, path):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            connection.request("GET", path)
            return connection.getresponse().read()

    def run_tool(self, *command):
        done = subprocess.run(command, capture_output=True, cwd=self.folder)
        output = (done.stdout + done.stderr).decode(errors="replace")
        self.assertEqual(done.returncode, 0, output)
        return output

    def test_the_document_is_sound(self):
        document = self.folder / "openapi.json"
        document.write_bytes(self.get(self.port, "/api/openapi.json"))
        self.run_tool(sys.executable, "-m", "openapi_spec_validator", document)

    def test_schemathesis_finds_nothing(self):
        output = self.run_tool(
            TOOLS / "schemathesis", "run", f"http://127.0.0.1:{self.port}/api/openapi.json",
            "--checks", "all", "--mode", "all", "--max-examples", "100", "--continue-on-failure", "--no-color",
            "--generation-database", "none",
        )
        self.assertIn("No issues found", output, output)
        self.assertNotIn("panicked", self.log.read_text())

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_prometheus_takes_metrics_and_rules(self):
        metrics = self.get(self.metrics, "/metrics")
        self.assertIn(b'mingjing_mirror_state{mirror="debian",state="success"} 1', metrics)
        checked = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True)
        # It reads OpenMetrics as the older format, in which the HELP of a counter names `_total`.
        complaints = [line for line in checked.stderr.splitlines() if not line.endswith(b"_total no help text")]
        self.assertEqual(complaints, [])
        self.run_tool("promtool", "check", "rules", ROOT / "docs/alerts.yml")


if __name__ == "__main__":
    unittest.main()
