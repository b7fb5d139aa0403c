"""Maven: the parent of a project comes from the mirror of its settings."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as xml

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from roots import LANGUAGES

POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent><groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version><relativePath/></parent>
  <artifactId>project</artifactId>
  <packaging>pom</packaging>
</project>
"""
STORE = "/home/reader/.truststore"


class Maven(Driver):
    name = "maven"
    program = "mvn"
    package = "maven"
    roots = (LANGUAGES,)
    hosts = ("maven.aliyun.com",)
    repos = ("maven",)
    ignore = (r"/\.m2/repository(/|$)", r"/home/reader/project(/|$)", r"/\.truststore$")

    def prepare(self, case: Case) -> None:
        case.write("~/ca.pem", case.box.ca.read_text())
        case.must(f"keytool -importcert -noprompt -file ca.pem -keystore {STORE} -storepass changeit 2>&1")
        case.variables["MAVEN_OPTS"] = f"-Djavax.net.ssl.trustStore={STORE} -Djavax.net.ssl.trustStorePassword=changeit"
        case.write("~/project/pom.xml", POM.format(*case.check["fetch"].split(":")))

    def effective(self, case: Case) -> dict[str, str]:
        """What the file says of the mirror of Maven Central; that Maven takes it so is seen when it fetches."""
        space = "{http://maven.apache.org/SETTINGS/1.0.0}"
        try:
            settings = xml.fromstring(case.read("~/.m2/settings.xml"))
        except xml.ParseError as error:
            raise AssertionError(f"settings.xml: {error}") from error
        said = [{child.tag.removeprefix(space): child.text for child in mirror} for mirror in settings.iter(f"{space}mirror")]
        return {mirror["id"]: mirror["url"] for mirror in said if mirror["mirrorOf"] == "central"}

    def fetch(self, case: Case) -> None:
        group, artifact, version = case.check["fetch"].split(":")
        done = case.run("mvn -B validate", cwd="/home/reader/project")
        (wanted,) = case.check["effective"]
        if done.returncode != 0 or not re.search(rf"Downloaded from {wanted}: ", done.stdout):
            raise AssertionError(f"mvn gave {done.returncode}: {done.stdout}")
        name = f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.pom"
        same_bytes(case.path("~/.m2/repository") / name, case.box.root / "repository/public" / name)
        shutil.rmtree(case.path("~/.m2/repository"))

    faults = (
        Fault("another repository is replaced", "maven", "promises", replaced("settings", "central", "centre")),
        Fault("an element that is not closed", "maven", "mismatched tag",
              replaced("settings", "</mirrors>", "")),
    )  # fmt: skip
