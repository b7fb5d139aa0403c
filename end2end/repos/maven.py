"""A Maven repository with one parent, and the checksum that Maven compares."""

from __future__ import annotations

import hashlib

POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>mingjing-hello</artifactId>
  <version>1.0.0</version>
  <packaging>pom</packaging>
</project>
"""


def make(box) -> None:
    place = box.root / "repository/public/org/example/mingjing-hello/1.0.0"
    place.mkdir(parents=True)
    pom = place / "mingjing-hello-1.0.0.pom"
    pom.write_text(POM)
    pom.with_name(f"{pom.name}.sha1").write_text(hashlib.sha1(POM.encode()).hexdigest())
