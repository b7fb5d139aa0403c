//! Installer images by the names and with the checksum files that distributions use.

use anyhow::Result;

use super::{digest, iso, openpgp::Key, tree::Tree};

/// Writes `13.2.0/` and `current` to `tree`, which is `debian-cd`.
pub(super) fn write_debian(tree: &Tree, key: &Key) -> Result<()> {
    const VERSION: &str = "13.2.0";
    for arch in ["amd64", "arm64"] {
        let dir = tree.at(&format!("{VERSION}/{arch}/iso-cd"), tree.time());
        let sums = write_images(&dir, &[&format!("debian-{VERSION}-{arch}-netinst.iso")])?;
        dir.write("SHA256SUMS", &sums)?;
        dir.write("SHA256SUMS.sign", key.sign_armored(sums.as_bytes())?)?;
    }
    tree.link("current", VERSION)
}

/// Writes one directory per release, and its codename beside it, to `tree`, which is `ubuntu-releases`.
pub(super) fn write_ubuntu(tree: &Tree, key: &Key) -> Result<()> {
    for (release, codename, version) in
        [("24.04", "noble", "24.04.3"), ("26.04", "resolute", "26.04")]
    {
        let dir = tree.at(release, tree.time());
        let desktop = format!("ubuntu-{version}-desktop-amd64.iso");
        let server = format!("ubuntu-{version}-live-server-amd64.iso");
        let sums = write_images(&dir, &[&desktop, &server])?;
        dir.write("SHA256SUMS", &sums)?;
        dir.write("SHA256SUMS.gpg", key.sign_armored(sums.as_bytes())?)?;
        tree.link(codename, release)?;
    }
    Ok(())
}

/// Writes `latest/` to `tree`, which is `archlinux/iso`.
pub(super) fn write_arch(tree: &Tree, key: &Key) -> Result<()> {
    const NAME: &str = "archlinux-x86_64.iso";
    let dir = tree.at("latest", tree.time());
    let content = iso::image(NAME.trim_end_matches(".iso"));
    dir.write(NAME, &content)?;
    dir.write(&format!("{NAME}.sig"), key.sign(&content)?)?;
    dir.write("sha256sums.txt", format!("{}  {NAME}\n", digest::sha256(&content)))
}

/// Writes the images `names`; returns their checksum file, in the notation of `sha256sum -b`.
fn write_images(dir: &Tree, names: &[&str]) -> Result<String> {
    let mut sums = String::new();
    for name in names {
        let content = iso::image(name.trim_end_matches(".iso"));
        dir.write(name, &content)?;
        sums += &format!("{} *{name}\n", digest::sha256(&content));
    }
    Ok(sums)
}
