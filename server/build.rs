//! Bundles and minifies `style/*.css` and fingerprints what is served under immutable addresses.

use std::{env, error::Error, fs, path::Path};

use lightningcss::{
    printer::PrinterOptions,
    stylesheet::{MinifyOptions, ParserOptions, StyleSheet},
};
use sha2::{Digest as _, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..");
    for folder in ["style", "public", "content"] {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
    }
    // The names say what each file is about; their order is the order of the cascade.
    let mut parts: Vec<_> =
        fs::read_dir(root.join("style"))?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    parts.retain(|path| path.extension().is_some_and(|e| e == "css"));
    parts.sort();
    let mut source = String::new();
    for part in &parts {
        source.push_str(&fs::read_to_string(part)?);
    }
    let mut sheet = StyleSheet::parse(&source, ParserOptions::default())
        .map_err(|error| format!("style: {error}"))?;
    sheet.minify(MinifyOptions::default()).map_err(|error| format!("style: {error}"))?;
    let css = sheet.to_css(PrinterOptions { minify: true, ..PrinterOptions::default() })?.code;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("site.css"), &css)?;
    println!("cargo::rustc-env=MINGJING_STYLE_FINGERPRINT={}", fingerprint(css.as_bytes()));
    Ok(())
}

fn fingerprint(bytes: &[u8]) -> String {
    let digest = format!("{:x}", Sha256::digest(bytes));
    digest[..10].to_owned()
}
