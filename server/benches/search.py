#!/usr/bin/env python3
"""File search against plocate, on the same paths in the same run: time of queries, bytes, build.

    cargo build --release
    server/benches/search.py [--corpus LIST.tsv] [--make SCRIPT] [--binary target/release/mingjing]

LIST.tsv has `path<TAB>size<TAB>mtime`; when it is missing, SCRIPT is run as `python3 SCRIPT 10000000 LIST.tsv`. It needs
plocate. Both build from the list; the peer's start of a process is measured and subtracted. For a hundred million paths,
`search/vary.py LIST.tsv LONG.tsv` first, then `search.py --corpus LONG.tsv`; the budgets behind the figures are those of ten.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
RUNS = 15


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("/tmp/mingjing-bench/10m.tsv"))
    parser.add_argument("--make", type=Path, help="program that makes the corpus: NUMBER FILE")
    parser.add_argument("--count", default="10000000", help="paths to make")
    parser.add_argument("--binary", type=Path, default=TOP / "target/release/mingjing")
    return parser.parse_args()


def measured(command):
    """Wall time, processor time and peak memory in MB of a command that must succeed."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, f"{command} failed"
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def make_lists(args):
    if not args.corpus.exists():
        if args.make is None:
            sys.exit(f"{args.corpus} is missing: give --make")
        args.corpus.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, args.make, args.count, args.corpus], check=True)
    names = args.corpus.with_suffix(".list")
    if not names.exists():
        with args.corpus.open("rb") as lines, names.open("wb") as out:
            out.writelines(b"/" + line.rsplit(b"\t", 2)[0].lstrip(b"/") + b"\n" for line in lines)
    return names


def bytes_below(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def bench(args, index, queries):
    """Rows of `mingjing index bench`: query, hits, median and 99th percentile in microseconds."""
    command = [args.binary, "index", "bench", "--index", index, queries]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    return [(row[0], row[1], float(row[2]), float(row[3])) for row in rows]


def peer_ms(arguments):
    times = []
    for _ in range(RUNS):
        started = time.monotonic()
        subprocess.run(["plocate", *arguments], stdout=subprocess.DEVNULL)
        times.append((time.monotonic() - started) * 1e3)
    return statistics.median(times)


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def main():
    args = parse()
    names = make_lists(args)
    work = args.corpus.parent
    database, index = work / "plocate.db", work / "index"
    peer = measured(["plocate-build", "-p", "-l", "no", names, database])
    ours = measured([args.binary, "index", "build", "--from", args.corpus, "--out", index])
    paths = sum(1 for _ in names.open("rb"))
    print(f"build  ours {ours[0]:.1f} s wall, {ours[1]:.1f} s cpu, {ours[2]:.0f} MB"
          f"  plocate {peer[0]:.1f} s wall, {peer[1]:.1f} s cpu  ratio of wall {ours[0] / peer[0]:.2f} (at most 1.5)")
    stats = subprocess.run([args.binary, "index", "stats", "--index", index], check=True, capture_output=True, text=True)
    per_path = next(line.split("\t")[1] for line in stats.stdout.splitlines() if line.startswith("bytes per path"))
    print(f"bytes  ours {per_path} a path, with size and time (at most 27)"
          f"  plocate {database.stat().st_size / paths:.1f}, names alone")

    answer = [args.binary, "index", "search", "--index", index, "-n", "50", "linux"]
    print(f"open   {statistics.median(measured(answer)[0] for _ in range(RUNS)) * 1e3:.0f} ms from the start of a process to"
          " its first answer, files warm (at most 100)")
    start = peer_ms(["--version"])
    ratios = []
    print("query\thits\tours_us\tplocate_us\tratio")
    for query, hits, median, _ in bench(args, index, HERE / "search/queries.txt"):
        command = ["-d", str(database), "-i", "-l", "50", *query.split()]
        theirs = max(peer_ms(command) - start, 0.01) * 1e3
        ratios.append((median, theirs))
        print(f"{query}\t{hits}\t{median:.0f}\t{theirs:.0f}\t{median / theirs:.2f}")
    ours_us, theirs_us = (statistics.median(column) for column in zip(*ratios))
    print(f"median {ours_us:.0f} us against {theirs_us:.0f} us: ratio {ours_us / theirs_us:.2f} (at most 0.5)")
    rows = bench(args, index, HERE / "search/typing.txt")
    typing, worst = ([row[column] for row in rows] for column in (2, 3))
    print(f"typing {len(typing)} keystrokes: p50 {percentile(typing, 50):.0f} us (500), p99 {percentile(typing, 99):.0f} us (4000),"
          f" most {max(typing):.0f} us (10000); most of the 99th percentiles {max(worst):.0f} us")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
