//! A `PyPI` simple index (PEP 503) laid out as bandersnatch does, with one wheel.

use std::io::{Cursor, Write};

use anyhow::Result;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::{digest, tree::Tree};

const NAME: &str = "mingjing-hello";
const WHEEL: &str = "mingjing_hello-1.0-py3-none-any.whl";
const DIST_INFO: &str = "mingjing_hello-1.0.dist-info";

/// Writes `simple/`, `packages/` and `last-modified` to `tree`, which is `pypi/web`.
pub(super) fn write(tree: &Tree) -> Result<()> {
    let wheel = wheel()?;
    let sha256 = digest::sha256(&wheel);
    let file = format!("packages/{}/{}/{}/{WHEEL}", &sha256[..2], &sha256[2..4], &sha256[4..]);
    tree.write(&file, &wheel)?;
    tree.write(
        "simple/index.html",
        page("Simple index", &format!("<a href=\"{NAME}/\">{NAME}</a>")),
    )?;
    let link = format!(
        "<a href=\"../../{file}#sha256={sha256}\" data-requires-python=\"&gt;=3.6\">{WHEEL}</a>"
    );
    tree.write(&format!("simple/{NAME}/index.html"), page(&format!("Links for {NAME}"), &link))?;
    tree.write("last-modified", format!("{}\n", tree.time().strftime("%Y%m%dT%H:%M:%S")))
}

fn page(title: &str, links: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"1.0\">\n    \
         <title>{title}</title>\n  </head>\n  <body>\n    <h1>{title}</h1>\n    {links}<br>\n  </body>\n</html>\n"
    )
}

/// The wheel, with its `RECORD` of hashes (PEP 427).
fn wheel() -> Result<Vec<u8>> {
    let module = "\"\"\"Demo package of a software mirror.\"\"\"\n\n__version__ = \"1.0\"\n\n\n\
                  def main():\n    print(\"mingjing-hello 1.0: a demo package of Mingjing, it does nothing else.\")\n";
    let metadata = format!(
        "Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\nSummary: demo package of a software mirror\n\
         License: Apache-2.0\nRequires-Python: >=3.6\n\nIt prints one line and does nothing else.\n"
    );
    let mut files = vec![
        ("mingjing_hello/__init__.py".to_owned(), module.to_owned()),
        (format!("{DIST_INFO}/METADATA"), metadata),
        (
            format!("{DIST_INFO}/WHEEL"),
            "Wheel-Version: 1.0\nGenerator: mingjing\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                .to_owned(),
        ),
        (
            format!("{DIST_INFO}/entry_points.txt"),
            format!("[console_scripts]\n{NAME} = mingjing_hello:main\n"),
        ),
    ];
    let mut record = String::new();
    for (name, text) in &files {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
        record += &format!("{name},sha256={hash},{}\n", text.len());
    }
    record += &format!("{DIST_INFO}/RECORD,,\n");
    files.push((format!("{DIST_INFO}/RECORD"), record));

    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::from_date_and_time(2025, 10, 1, 0, 0, 0)?)
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in &files {
        zip.start_file(name.as_str(), options)?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_leads_from_the_page_to_the_wheel() {
        let dir = tempfile::tempdir().unwrap();
        let tree = Tree::create(dir.path().join("pypi/web"), jiff::Timestamp::UNIX_EPOCH).unwrap();
        write(&tree).unwrap();
        let page = tree.path("simple/mingjing-hello/index.html");
        let html = std::fs::read_to_string(&page).unwrap();
        let (_, link) = html.split_once("href=\"").unwrap();
        let (path, rest) = link.split_once("#sha256=").unwrap();
        let (hash, _) = rest.split_once('"').unwrap();
        let wheel = std::fs::read(page.parent().unwrap().join(path)).unwrap();
        assert_eq!(digest::sha256(wheel), hash);
    }
}
