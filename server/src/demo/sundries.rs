//! Ordinary trees, so that listing and search have something: tarballs, scripts, awkward names.

use anyhow::Result;

use super::{
    archive::{self, Member},
    digest, iso,
    openpgp::Key,
    tree::Tree,
};

/// What lies in folders to which help pages point.
const PLACE: &str = "In a real mirror this folder has more.\n";

/// A gzip tarball in which only a README says what it is.
fn tarball(directory: &str) -> Result<Vec<u8>> {
    let readme =
        format!("This is a demo tarball made by Mingjing. The real {directory} is not in it.\n");
    archive::tar_gz(&format!("{directory}/"), &[Member::file("README", readme)])
}

/// Writes tarballs, a README and `odd-names/` to `tree`, which is `gnu`.
pub(super) fn write_gnu(tree: &Tree) -> Result<()> {
    tree.write(
        "README.md",
        "# GNU, as a demo\n\nThis tree was made by **Mingjing** to have something to list. The tarballs are true \
         gzip files, but hold\nonly a README.\n\n- [hello](hello/) has three versions\n- [odd-names](odd-names/) has \
         names that are hard to print\n",
    )?;
    for (name, versions) in [
        ("hello", ["2.10", "2.12", "2.12.1"].as_slice()),
        ("tar", &["1.35"]),
        ("sed", &["4.9"]),
        ("emacs", &["30.1", "30.2"]),
    ] {
        for version in versions {
            tree.write(
                &format!("{name}/{name}-{version}.tar.gz"),
                tarball(&format!("{name}-{version}"))?,
            )?;
        }
    }
    for name in ["😀.txt", "a b%c#d?.txt", "quote\"<script>.txt"] {
        tree.write(&format!("odd-names/{name}"), format!("The name of this file is {name}\n"))?;
    }
    Ok(())
}

/// Writes tarballs and the clear-signed checksum file to `tree`, which is `kernel`.
pub(super) fn write_kernel(tree: &Tree, key: &Key) -> Result<()> {
    let mut sums = String::new();
    for version in ["6.12", "6.12.1", "6.18"] {
        let name = format!("linux-{version}.tar.gz");
        let content = tarball(&format!("linux-{version}"))?;
        sums += &format!("{}  {name}\n", digest::sha256(&content));
        tree.write(&format!("v6.x/{name}"), content)?;
    }
    tree.write("v6.x/sha256sums.asc", key.clear_sign(&sums)?)
}

/// Writes a README, the time file, one package and an image to `tree`, which is `CTAN`.
pub(super) fn write_ctan(tree: &Tree) -> Result<()> {
    tree.write(
        "README",
        "This is a demo tree made by Mingjing, not the Comprehensive TeX Archive Network.\n",
    )?;
    for place in ["systems/texlive/Images", "systems/win32/miktex/setup"] {
        tree.write(&format!("{place}/README"), PLACE)?;
    }
    tree.write("timestamp", format!("{}\n", tree.time().strftime("%Y-%m-%d %H:%M:%S UTC")))?;
    let image = "texlive2025-20250308.iso";
    let content = iso::image("texlive2025");
    let images = tree.at("systems/texlive/Images", tree.time());
    images.write(image, &content)?;
    images.write(&format!("{image}.sha512"), format!("{}  {image}\n", digest::sha512(&content)))?;
    let package = tree.at("macros/latex/contrib/mingjing-hello", tree.time());
    package.write("README.md", "# mingjing-hello\n\nA demo package of a software mirror.\n")?;
    package.write(
        "mingjing-hello.sty",
        "\\NeedsTeXFormat{LaTeX2e}\n\\ProvidesPackage{mingjing-hello}[2025/10/01 v1.0 demo]\n\
         \\newcommand{\\mingjinghello}{Hello from a demo package of Mingjing.}\n",
    )
}

/// Writes installer scripts that install nothing to `tree`, which is `anaconda`.
pub(super) fn write_anaconda(tree: &Tree) -> Result<()> {
    for platform in ["Linux-x86_64", "Linux-aarch64", "MacOSX-arm64"] {
        for (folder, product) in
            [("miniconda", "Miniconda3-latest"), ("archive", "Anaconda3-2025.06-1")]
        {
            let name = format!("{product}-{platform}.sh");
            let script = format!(
                "#!/bin/sh\necho '{name}: a demo made by Mingjing, it installs nothing.'\n"
            );
            tree.write(&format!("{folder}/{name}"), script)?;
        }
    }
    tree.write("cloud/README", PLACE)
}

/// Writes tarballs to `linux/static/` of `tree`, which is `docker-ce`.
pub(super) fn write_docker(tree: &Tree) -> Result<()> {
    for architecture in ["x86_64", "aarch64"] {
        let path = format!("linux/static/stable/{architecture}/docker-28.5.1.tgz");
        tree.write(&path, tarball("docker")?)?;
    }
    Ok(())
}
