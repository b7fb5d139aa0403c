"""A full disk and `kill -9` under the running site: it goes on, says what is wrong and where, and loses nothing.

The state folder is a small tmpfs in a mount namespace of its own, so root is needed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from stage import BINARY, ENVIRONMENT, folder, free_port, get, running, wait_for

MIRRORS = [f"mirror-{number:02}" for number in range(40)]
SITE = """
[site]
base_url = "http://127.0.0.1:{port}"
name = {{ zh = "示例", en = "Example" }}
[server]
listen = "127.0.0.1:{port}"
state = "{work}/state"
[files]
root = "{work}/root"
[[backend]]
tunasync.url = "file://{work}/jobs.json"
tunasync.interval = "1s"
"""


class Site:
    """The program with its state on a disk of its own."""

    def __init__(self, work: Path, megabytes: int) -> None:
        self.work, self.port, self.log = work, free_port(), work / "log"
        self.ended, self.happened = int(time.time()) - 10_000, 0
        for name in ("state", "root"):
            (work / name).mkdir(mode=0o755)
        (work / "site.toml").write_text(SITE.format(port=self.port, work=work))
        self.command = [BINARY, "--config", work / "site.toml"]
        self.run()
        mount = f"mount -t tmpfs -o size={megabytes}m,mode=755 none {work}/state && echo ready && exec sleep infinity"
        self.holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", mount], stdout=subprocess.PIPE)
        assert self.holder.stdout is not None
        if self.holder.stdout.readline() != b"ready\n":
            raise unittest.SkipTest("no mount namespace: needs root")
        # The same disk, seen from here.
        self.state = Path(f"/proc/{self.holder.pid}/root{work}/state")

    def close(self) -> None:
        self.holder.kill()
        self.holder.wait()
        assert self.holder.stdout is not None
        self.holder.stdout.close()

    def inside(self, *arguments: str | Path) -> list[str]:
        return ["nsenter", f"--target={self.holder.pid}", "--mount", "--", *map(str, self.command), *map(str, arguments)]

    @contextlib.contextmanager
    def serving(self) -> Iterator[subprocess.Popen]:
        with running(self.inside("serve"), self.log, env=ENVIRONMENT) as process:
            wait_for("the site", lambda: self.status("/readyz") is not None, process)
            yield process

    def status(self, path: str) -> int | None:
        try:
            return get(self.port, path, accept="text/html").status
        except OSError:
            return None

    def run(self) -> None:
        """Every mirror has finished a run, a minute after the last one."""
        self.ended += 60
        self.happened += 1
        job = {"is_master": True, "status": "success", "last_update_ts": self.ended, "last_ended_ts": self.ended,
               "last_started_ts": self.ended - 30, "next_schedule_ts": self.ended + 3600, "size": "1.5G",
               "upstream": "rsync://upstream.example/"}
        new = self.work / "jobs.new"
        new.write_text(json.dumps([{"name": name, **job} for name in MIRRORS]))
        new.rename(self.work / "jobs.json")

    def runs(self, name: str) -> int:
        answer = get(self.port, f"/api/v1/mirrors/{name}/history")
        return json.loads(answer.body)["figures"]["runs"] if answer.status == 200 else -1

    def wait_for_runs(self) -> None:
        wait_for(f"{self.happened} runs", lambda: all(self.runs(name) == self.happened for name in MIRRORS[:2]))

    def said(self, text: str) -> bool:
        return text in self.log.read_text()

    def fill(self) -> Path:
        """Takes every byte that is left."""
        ballast = self.state / "ballast"
        with ballast.open("ab", buffering=0) as out:
            for size in (1 << 16, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        out.write(b"x" * size)
        return ballast


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare") and shutil.which("nsenter"), "needs root, util-linux")
class FullDisk(unittest.TestCase):
    """What visitors and operators see while nothing can be written, and after."""

    def site(self, megabytes: int = 4) -> Site:
        site = Site(self.enterContext(folder()), megabytes)
        self.addCleanup(site.close)
        return site

    def whole(self, site: Site) -> dict[str, int]:
        """The runs of each mirror in a file that is whole, none of them twice."""
        copy = self.enterContext(folder())
        # SQLite would follow the way through /proc to the folder outside.
        for part in site.state.glob("history.sqlite*"):
            shutil.copy(part, copy)
        with contextlib.closing(sqlite3.connect(copy / "history.sqlite")) as file:
            self.assertEqual(file.execute("pragma integrity_check").fetchall(), [("ok",)])
            rows = file.execute("select id, ended from run join mirror on mirror.key = run.mirror").fetchall()
        self.assertEqual(len(rows), len(set(rows)), "a run is there twice")
        return dict(Counter(name for name, _ in rows))

    def test_runs_during_a_full_disk_are_recorded_when_there_is_room(self) -> None:
        site = self.site()
        with site.serving() as process:
            site.wait_for_runs()
            ballast = site.fill()
            for _ in range(30):
                if site.said("history is not recorded"):
                    break
                site.run()
                time.sleep(1.2)
            path = f"{site.work}/state/history.sqlite"
            self.assertTrue(site.said("history is not recorded; the site goes on"), site.log.read_text())
            line = next(line for line in site.log.read_text().splitlines() if "history is not recorded" in line)
            self.assertIn(path, line)
            self.assertRegex(line, "disk is full|No space left")
            ready = get(site.port, "/readyz").body.decode()
            self.assertIn(f"history: {path}", ready)
            for page in ("/", f"/status/{MIRRORS[0]}", "/en/status", f"/docs/{MIRRORS[0]}"):
                self.assertEqual(site.status(page), 200, page)
            self.assertIn("History cannot be written", get(site.port, f"/en/status/{MIRRORS[0]}", accept="text/html").body.decode())
            for _ in range(2):
                site.run()
                time.sleep(1.5)
            ballast.unlink()
            site.run()
            site.wait_for_runs()
            self.assertTrue(site.said("history is recorded again"))
            self.assertNotIn("history:", get(site.port, "/readyz").body.decode())
            self.assertIsNone(process.poll())
        self.assertEqual(self.whole(site), dict.fromkeys(MIRRORS, site.happened))

    def test_killed_while_it_records_nothing_is_lost_and_nothing_is_there_twice(self) -> None:
        site = self.site()
        with site.serving():
            site.wait_for_runs()
        for turn in range(8):
            with site.serving() as process:
                site.run()
                # At another moment of the poll and the commit each time.
                time.sleep(0.3 + 0.12 * turn)
                process.send_signal(signal.SIGKILL)
                process.wait()
            self.assertLessEqual(max(self.whole(site).values()), site.happened)
        with site.serving():
            site.run()
            wait_for("the last run", lambda: all(self.last(site, name) == site.ended for name in MIRRORS))
        counts = self.whole(site)
        self.assertEqual(set(counts), set(MIRRORS))
        # What came and went while nobody looked cannot be known; what was seen is there.
        self.assertGreaterEqual(min(counts.values()), 2)
        self.assertEqual(len(set(counts.values())), 1, "a commit was written in part")

    def last(self, site: Site, name: str) -> int:
        runs = json.loads(get(site.port, f"/api/v1/mirrors/{name}/history").body)["runs"]
        return max((int(datetime.fromisoformat(run["ended"]).timestamp()) for run in runs), default=0)

    def test_an_index_that_does_not_fit_leaves_the_old_one(self) -> None:
        site = self.site(8)
        for number in range(2000):
            (site.work / "root/mirror-00" / f"{number % 20}").mkdir(parents=True, exist_ok=True)
            (site.work / "root/mirror-00" / f"{number % 20}" / f"package-{number}.deb").touch()
        build = site.inside("index", "build")
        subprocess.run(build, check=True, capture_output=True, env=ENVIRONMENT)
        ballast = site.fill()
        failed = subprocess.run(build, capture_output=True, text=True, env=ENVIRONMENT)
        self.assertEqual(failed.returncode, 1, failed.stderr)
        self.assertIn(f"{site.work}/state/index", failed.stderr)
        self.assertIn("No space left", failed.stderr)
        search = site.inside("index", "search", "package-1999")
        found = subprocess.run(search, capture_output=True, text=True, env=ENVIRONMENT)
        self.assertEqual(found.stdout, "mirror-00/19/package-1999.deb\n", found.stderr)
        ballast.unlink()
        (site.work / "root/mirror-00/0/package-new.deb").touch()
        subprocess.run(build, check=True, capture_output=True, env=ENVIRONMENT)
        found = subprocess.run([*search[:-1], "package-new"], capture_output=True, text=True, env=ENVIRONMENT)
        self.assertEqual(found.stdout, "mirror-00/0/package-new.deb\n", found.stderr)


if __name__ == "__main__":
    unittest.main()
