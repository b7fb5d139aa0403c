#!/usr/bin/env python3
"""Makes a list ten times as long: the given one and nine varied copies of it.

    search/vary.py LIST.tsv OUT.tsv

Each copy lies below another mirror, and all its versions and hashes are others: the digits 1 to 9 of its paths are
turned by one to eight places, and reversed in the ninth. Names of architectures and the like stay, since people search
for them.
"""

import sys
from pathlib import Path

LINES = 1 << 16
# What would no longer be a word.
WORDS = [b"amd64", b"arm64", b"x86_64", b"i386", b"i486", b"i586", b"i686", b"s390x", b"ppc64", b"riscv64", b"mips64",
         b"win32", b"win64", b"lib32", b"lib64", b"sha1", b"sha256", b"sha512", b"md5", b"bz2", b"py3", b"cp3", b"x64"]


DIGITS = b"123456789"


def other_digits(copy):
    return bytes.maketrans(DIGITS, DIGITS[copy:] + DIGITS[:copy] if copy < 9 else DIGITS[::-1])


def main():
    source, out = map(Path, sys.argv[1:])
    with out.open("wb", 1 << 20) as sink:
        for copy in range(10):
            table = other_digits(copy)
            restore = [(word.translate(table), word) for word in WORDS if word.translate(table) != word]
            mirror = b"/copy%d-" % copy
            with source.open("rb", 1 << 20) as lines:
                while batch := lines.readlines(LINES * 100):
                    if copy == 0:
                        sink.writelines(batch)
                        continue
                    parts = [line.partition(b"\t") for line in batch]
                    paths = b"\n".join([path for path, _, _ in parts]).translate(table)
                    for wrong, word in restore:
                        paths = paths.replace(wrong, word)
                    sink.writelines(mirror + path.lstrip(b"/") + b"\t" + rest
                                    for path, (_, _, rest) in zip(paths.split(b"\n"), parts))


if __name__ == "__main__":
    main()
