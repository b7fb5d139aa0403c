//! A sparse crates.io index with one crate that cargo can fetch and build.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::json;

use super::{
    archive::{self, Member},
    digest,
    tree::Tree,
};

const NAME: &str = "mingjing-hello";
const VERSION: &str = "1.0.0";
/// Below the root of the mirror.
const INDEX: &str = "crates.io-index";

/// Writes the index and the crate to `tree`, which is `crates.io-index`.
pub(super) fn write(tree: &Tree, base_url: &str) -> Result<()> {
    let manifest = format!(
        "[package]\nname = \"{NAME}\"\nversion = \"{VERSION}\"\nedition = \"2021\"\nlicense = \"Apache-2.0\"\n\
         description = \"demo crate of a software mirror\"\n"
    );
    let library = "//! Demo crate of a software mirror.\n\n/// Says what it is.\npub fn hello() -> &'static str {\n    \
                   \"mingjing-hello 1.0.0: a demo crate of Mingjing, it does nothing else.\"\n}\n";
    let members = [Member::file("Cargo.toml", manifest), Member::file("src/lib.rs", library)];
    let content = archive::tar_gz(&format!("{NAME}-{VERSION}/"), &members)?;
    let line = json!({
        "name": NAME, "vers": VERSION, "deps": [], "cksum": digest::sha256(&content), "features": {}, "yanked": false,
    });
    // cargo's index layout: two letters, two letters, name.
    tree.write(&format!("{}/{}/{NAME}", &NAME[..2], &NAME[2..4]), format!("{line}\n"))?;
    tree.write(&format!("crates/{NAME}/{NAME}-{VERSION}.crate"), content)?;
    tree.write("config.json", config(base_url))
}

/// Lets the `config.json` of the demo mirror at `root` name `base_url`; nothing else depends on it.
pub(super) fn repoint(root: &Path, base_url: &str) -> Result<()> {
    if !root.join(super::MARKER).is_file() {
        return Ok(());
    }
    let dir = root.join(INDEX);
    let path = dir.join("config.json");
    let old =
        fs::metadata(&path).and_then(|meta| Ok((meta.modified()?, fs::read_to_string(&path)?)));
    let (modified, text) = old.with_context(|| format!("cannot read {}", path.display()))?;
    if text == config(base_url) {
        return Ok(());
    }
    let tree = Tree::create(dir, modified.try_into()?)?;
    tree.write(".config.json.new", config(base_url))?;
    fs::rename(tree.path(".config.json.new"), &path)
        .with_context(|| format!("cannot replace {}", path.display()))
}

fn config(base_url: &str) -> String {
    let base_url = base_url.trim_end_matches('/');
    let dl = format!("{base_url}/{INDEX}/crates/{{crate}}/{{crate}}-{{version}}.crate");
    format!("{}\n", json!({ "dl": dl }))
}
