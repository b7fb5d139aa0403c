//! Source packages of Debian in the format `3.0 (quilt)`: for `apt-get source`, and they build.

use anyhow::Result;

use super::{
    archive::{self, Member},
    deb::{MAINTAINER, Product, upstream},
    digest,
};

const FORMAT: &str = "3.0 (quilt)";
const STANDARDS: &str = "4.7.2";
const BUILD_DEPENDS: &str = "debhelper-compat (= 13)";
/// The date of the changelog, that of all archive members.
const CHANGED: &str = "Wed, 01 Oct 2025 00:00:00 +0000";

/// A source package that is ready for the pool.
pub(super) struct Source {
    /// Names and contents: the `.dsc`, the upstream tarball, Debian's part.
    pub files: Vec<(String, Vec<u8>)>,
    /// Its paragraph in `Sources`, without `Directory`.
    pub paragraph: String,
}

/// Builds the source package of `version`, which has no epoch.
pub(super) fn build(product: &Product, version: &str) -> Result<Source> {
    let name = product.name;
    let upstream = upstream(version);
    let orig = archive::tar_gz(
        &format!("{name}-{upstream}/"),
        &[
            Member::file("README", format!("{name} {upstream}: {}.\n", product.summary)),
            Member::program(product.command, product.script(version)),
        ],
    )?;
    let mut files = vec![
        (format!("{name}_{upstream}.orig.tar.gz"), orig),
        (
            format!("{name}_{version}.debian.tar.gz"),
            archive::tar_gz("debian/", &debian(product, version))?,
        ),
    ];

    let about = format!(
        "Binary: {name}\n\
         Architecture: all\n\
         Version: {version}\n\
         Maintainer: {MAINTAINER}\n\
         Standards-Version: {STANDARDS}\n\
         Build-Depends: {BUILD_DEPENDS}\n\
         Package-List:\n {name} deb {} optional arch=all\n",
        product.section
    );
    let dsc = format!("Format: {FORMAT}\nSource: {name}\n{about}{}", checksums(&files)?);
    files.insert(0, (format!("{name}_{version}.dsc"), dsc.into_bytes()));
    let section = product.section;
    let paragraph = format!(
        "Package: {name}\nFormat: {FORMAT}\n{about}Section: {section}\nPriority: optional\n{}",
        checksums(&files)?
    );
    Ok(Source { files, paragraph })
}

fn checksums(files: &[(String, Vec<u8>)]) -> Result<String> {
    let mut sha256 = String::from("Checksums-Sha256:\n");
    let mut md5 = String::from("Files:\n");
    for (name, content) in files {
        let size = content.len();
        sha256 += &format!(" {} {size} {name}\n", digest::sha256(content));
        md5 += &format!(" {} {size} {name}\n", digest::md5(content)?);
    }
    Ok(sha256 + &md5)
}

/// The files below `debian/`.
fn debian(product: &Product, version: &str) -> [Member; 6] {
    let Product { name, section, command, summary, description } = *product;
    let changelog = format!(
        "{name} ({version}) unstable; urgency=medium\n\n  * Demo package.\n\n -- {MAINTAINER}  {CHANGED}\n"
    );
    let control = format!(
        "Source: {name}\n\
         Section: {section}\n\
         Priority: optional\n\
         Maintainer: {MAINTAINER}\n\
         Build-Depends: {BUILD_DEPENDS}\n\
         Standards-Version: {STANDARDS}\n\
         Rules-Requires-Root: no\n\n\
         Package: {name}\n\
         Architecture: all\n\
         Depends: ${{misc:Depends}}\n\
         Description: {summary}\n {description}\n"
    );
    [
        Member::file("changelog", changelog),
        Member::file("control", control),
        Member::file("copyright", product.copyright()),
        Member::file("install", format!("{command} usr/bin\n")),
        Member::program("rules", "#!/usr/bin/make -f\n%:\n\tdh $@\n"),
        Member::file("source/format", format!("{FORMAT}\n")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::suites;

    #[test]
    fn revisions_of_one_upstream_version_share_its_tarball() {
        let product = suites::debian().product;
        let [a, b] = ["1.0-1", "1.0-1+deb13u1"].map(|version| build(&product, version).unwrap());
        assert_eq!(a.files[0].0, "mingjing-hello_1.0-1.dsc");
        assert_eq!(a.files[1].0, "mingjing-hello_1.0.orig.tar.gz");
        assert_eq!(a.files[1], b.files[1]);
        assert_ne!(a.files[2].0, b.files[2].0);
    }
}
