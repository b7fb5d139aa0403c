//! Binary packages of Debian: an `ar` archive around two tarballs (deb(5)).

use anyhow::Result;

use super::{
    archive::{self, Member},
    digest,
};

/// Maintainer of everything in the demo.
pub(super) const MAINTAINER: &str = "Mingjing demo <demo@mirrors.example.org>";

/// What a package is, whatever its version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    /// Name of the source and of the binary package.
    pub name: &'static str,
    /// `Section`.
    pub section: &'static str,
    /// Name of the one command in `/usr/bin`.
    pub command: &'static str,
    /// First line of `Description`.
    pub summary: &'static str,
    /// The rest of `Description`, one paragraph.
    pub description: &'static str,
}

impl Product {
    /// The command: a shell script that says what it is.
    pub(super) fn script(&self, version: &str) -> String {
        let Self { name, .. } = self;
        format!(
            "#!/bin/sh\necho '{name} {}: a demo package of Mingjing, it does nothing else.'\n",
            upstream(version)
        )
    }

    /// The machine-readable `debian/copyright`.
    pub(super) fn copyright(&self) -> String {
        let Self { name, .. } = self;
        format!(
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
             Upstream-Name: {name} (demo)\n\n\
             Files: *\n\
             Copyright: the contributors of Mingjing\n\
             License: Apache-2.0\n \
             On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.\n"
        )
    }
}

/// The upstream part of a Debian version: `1.1` of `5:1.1-1~bpo13+1`.
pub(super) fn upstream(version: &str) -> &str {
    let version = without_epoch(version);
    version.rsplit_once('-').map_or(version, |(upstream, _)| upstream)
}

/// A version as it stands in file names, which have no epoch.
pub(super) fn without_epoch(version: &str) -> &str {
    version.split_once(':').map_or(version, |(_, rest)| rest)
}

/// A package that is ready for the pool.
pub(super) struct Deb {
    /// Name in the pool.
    pub file: String,
    /// The archive.
    pub content: Vec<u8>,
    /// Its control paragraph, with which its paragraph in `Packages` begins.
    pub control: String,
}

/// Builds the `.deb`.
pub(super) fn build(product: &Product, version: &str) -> Result<Deb> {
    let Product { name, section, command, summary, description } = *product;
    let files = [
        Member::program(format!("usr/bin/{command}"), product.script(version)),
        Member::file(format!("usr/share/doc/{name}/copyright"), product.copyright()),
    ];
    let mut sums = String::new();
    for file in &files {
        sums += &format!("{}  {}\n", digest::md5(&file.content)?, file.path);
    }
    let control = format!(
        "Package: {name}\n\
         Version: {version}\n\
         Architecture: all\n\
         Maintainer: {MAINTAINER}\n\
         Installed-Size: {}\n\
         Section: {section}\n\
         Priority: optional\n\
         Description: {summary}\n {description}\n",
        files.len(), // kibibytes, each file rounded up
    );
    let about = [Member::file("control", control.as_str()), Member::file("md5sums", sums)];
    let content = ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", &archive::tar_gz("./", &about)?),
        ("data.tar.gz", &archive::tar_gz("./", &files)?),
    ]);
    Ok(Deb { file: format!("{name}_{}_all.deb", without_epoch(version)), content, control })
}

/// The common `ar` format: a line of fixed fields before each member, members at even offsets.
fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let time = archive::TIME;
        let (owner, mode, size) = (0, 100_644, content.len());
        archive.extend(
            format!("{name:<16}{time:<12}{owner:<6}{owner:<6}{mode:<8}{size:<10}`\n").bytes(),
        );
        archive.extend(*content);
        if size % 2 == 1 {
            archive.push(b'\n');
        }
    }
    archive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_taken_apart_as_dpkg_does() {
        assert_eq!(upstream("5:29.0.0-1~debian.13~trixie"), "29.0.0");
        assert_eq!(upstream("1.1-1~bpo13+1"), "1.1");
        assert_eq!(without_epoch("5:1.0-1"), "1.0-1");
    }

    #[test]
    fn ar_members_start_at_even_offsets() {
        let archive = ar(&[("debian-binary", b"odd"), ("x", b"")]);
        assert_eq!(archive.len(), 8 + 60 + 3 + 1 + 60);
        assert_eq!(&archive[8..24], b"debian-binary   ");
        assert_eq!(&archive[66..72], b"`\nodd\n");
    }
}
