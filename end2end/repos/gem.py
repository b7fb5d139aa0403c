"""A gem server with one gem: the indexes of `gem` (Marshal, written by Ruby itself) and of Bundler (plain text)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile

from roots import LANGUAGES

NAME = "mingjing-hello"
FILE, TEXT = "lib/mingjing_hello.rb", 'module MingjingHello\n  HELLO = "Hello from RubyGems"\nend\n'
RUBY = f"""
require "json"; require "zlib"; require "rubygems"
spec = Gem::Specification.new do |s|
  s.name, s.version, s.summary, s.license = "{NAME}", "1.0.0", "Says hello", "Apache-2.0"
  s.authors, s.files, s.homepage = ["Test"], ["{FILE}"], "https://example.org/"
end
list = [[spec.name, spec.version, "ruby"]]
all = {{ yaml: spec.to_yaml, list: Marshal.dump(list), none: Marshal.dump([]), spec: Zlib::Deflate.deflate(Marshal.dump(spec)) }}
puts JSON.generate(all.transform_values {{ |value| [value].pack("m0") }})
"""


def ruby(script: str) -> str | None:
    """What a script prints, with the Ruby of this machine or of the other root; nothing where there is none."""
    if shutil.which("ruby"):
        line = ["ruby"]
    elif LANGUAGES.path.is_dir():
        line = ["chroot", str(LANGUAGES.path), "ruby"]
    else:
        return None
    return subprocess.run([*line, "-e", script], check=True, capture_output=True, text=True, timeout=60).stdout


def make(box) -> None:
    said = ruby(RUBY)
    if said is None:
        return
    parts = {name: base64.b64decode(text) for name, text in json.loads(said).items()}
    gem = archive({"metadata.gz": gzip.compress(parts["yaml"]), "data.tar.gz": gzip.compress(archive({FILE: TEXT.encode()}))})
    info = f"---\n1.0.0 |checksum:{hashlib.sha256(gem).hexdigest()}\n".encode()
    files = {
        f"gems/{NAME}-1.0.0.gem": gem,
        "specs.4.8.gz": gzip.compress(parts["list"]),
        "latest_specs.4.8.gz": gzip.compress(parts["list"]),
        "prerelease_specs.4.8.gz": gzip.compress(parts["none"]),
        f"quick/Marshal.4.8/{NAME}-1.0.0.gemspec.rz": parts["spec"],
        "names": f"---\n{NAME}\n".encode(),
        "versions": f"created_at: 2026-11-01T00:00:00Z\n---\n{NAME} 1.0.0 {hashlib.md5(info).hexdigest()}\n".encode(),
        f"info/{NAME}": info,
    }
    for name, data in files.items():
        path = box.root / "rubygems" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def archive(files: dict[str, bytes]) -> bytes:
    """A tar of some files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), 0o644, 1_790_000_000
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()
