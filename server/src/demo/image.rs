//! Installer images by the names and with the checksum files that distributions use.

use anyhow::Result;

use super::{digest, iso, openpgp::Key, tree::Tree};

/// Writes `13.2.0/`, `13.2.0-live/` and the links to them to `tree`, which is `debian-cd`.
pub(super) fn write_debian(tree: &Tree, key: &Key) -> Result<()> {
    const VERSION: &str = "13.2.0";
    for arch in ["amd64", "arm64"] {
        let dir = tree.at(&format!("{VERSION}/{arch}/iso-cd"), tree.time());
        let sums = write_images(&dir, &[&format!("debian-{VERSION}-{arch}-netinst.iso")])?;
        dir.write("SHA256SUMS", &sums)?;
        dir.write("SHA256SUMS.sign", key.sign_armored(sums.as_bytes())?)?;
    }
    let live = tree.at(&format!("{VERSION}-live/amd64/iso-hybrid"), tree.time());
    let sums = write_images(&live, &[&format!("debian-live-{VERSION}-amd64-gnome.iso")])?;
    live.write("SHA256SUMS", &sums)?;
    live.write("SHA256SUMS.sign", key.sign_armored(sums.as_bytes())?)?;
    tree.link("current-live", &format!("{VERSION}-live"))?;
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

/// Writes one release and `latest` to `tree`, which is `archlinux/iso`. Each image has a name without its version,
/// too, as there.
pub(super) fn write_arch(tree: &Tree, key: &Key) -> Result<()> {
    const VERSION: &str = "2025.10.01";
    let dir = tree.at(VERSION, tree.time());
    let content = iso::image(&format!("archlinux-{VERSION}"));
    let mut sums = String::new();
    for name in [format!("archlinux-{VERSION}-x86_64.iso"), "archlinux-x86_64.iso".to_owned()] {
        dir.write(&name, &content)?;
        dir.write(&format!("{name}.sig"), key.sign(&content)?)?;
        sums += &format!("{}  {name}\n", digest::sha256(&content));
    }
    dir.write("sha256sums.txt", sums)?;
    tree.link("latest", VERSION)
}

/// Writes installers to `tree`, which is `rocky`, with the checksum file of that family: lines with a tag.
pub(super) fn write_rocky(tree: &Tree) -> Result<()> {
    for version in ["9.6", "10.0"] {
        let dir = tree.at(&format!("{version}/isos/x86_64"), tree.time());
        let sums = write_images(&dir, &[&format!("Rocky-{version}-x86_64-minimal.iso")])?;
        dir.write("CHECKSUM", tagged(&sums))?;
    }
    Ok(())
}

/// Writes live images to `tree`, which is `fedora`, with a clear-signed checksum file.
pub(super) fn write_fedora(tree: &Tree, key: &Key) -> Result<()> {
    for (version, build) in [("43", "43-1.6"), ("44", "44-1.7")] {
        let dir = tree.at(&format!("releases/{version}/Workstation/x86_64/iso"), tree.time());
        let sums = write_images(&dir, &[&format!("Fedora-Workstation-Live-{build}.x86_64.iso")])?;
        let name = format!("Fedora-Workstation-{build}-x86_64-CHECKSUM");
        dir.write(&name, key.clear_sign(&tagged(&sums))?)?;
    }
    Ok(())
}

/// Checksums in the notation of `sha256sum --tag`.
fn tagged(sums: &str) -> String {
    let tag = |line: &str| {
        line.split_once(" *").map(|(hash, name)| format!("SHA256 ({name}) = {hash}\n"))
    };
    sums.lines().filter_map(tag).collect()
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
