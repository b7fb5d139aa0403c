//! The bytes of the content folder, from disk or from the binary.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use rust_embed::Embed;

/// Files by path relative to the content folder, with `/` between segments.
pub type Files = BTreeMap<String, Cow<'static, [u8]>>;

#[derive(Embed)]
#[folder = "../content"]
struct Content;

/// No text is larger, in bytes.
pub const LARGEST: usize = 1 << 20;
/// Recorded feeds and results of tests may be.
const LARGEST_RECORD: u64 = 64 << 20;

/// The content as it was when the program was built.
pub fn embedded() -> Files {
    Content::iter()
        .filter_map(|path| Content::get(&path).map(|file| (path.into_owned(), file.data)))
        .collect()
}

/// Reads a content folder; hidden files and editors' backups are passed over.
///
/// # Errors
/// The first folder or file that cannot be read.
pub fn from_folder(folder: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    let mut todo = vec![PathBuf::new()];
    while let Some(relative) = todo.pop() {
        let here = folder.join(&relative);
        let entries = fs::read_dir(&here).map_err(|e| named(&here, &e))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            let path = relative.join(name.as_ref());
            if entry.file_type()?.is_dir() {
                todo.push(path);
            } else {
                let bytes = read(&entry.path()).map_err(|e| named(&entry.path(), &e))?;
                files.insert(path.to_string_lossy().into_owned(), Cow::Owned(bytes));
            }
        }
    }
    Ok(files)
}

/// Reads a file, or as much of one that is too large that this can be told.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_RECORD).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
