//! `fullfiletimelist` of quick-fedora-mirror: sections, of which `[Files]` has
//! `unixtime<TAB>type<TAB>size<TAB>path`.

use super::fields::{seconds, size};
use super::{Entry, Kind, Reason};

/// Where in the list the next line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Before the files, or among what says nothing of them.
    #[default]
    Elsewhere,
    Files,
    /// After the last line of a whole list.
    End,
}

impl State {
    /// Whether a list that ends here has lost its rest.
    pub fn is_cut_short(self) -> bool {
        self != Self::End
    }

    /// Reads one line; `None` for what is no file.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Entry>, Reason> {
        if let Some(name) = line.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
            *self = match name {
                b"Files" => Self::Files,
                b"End" => Self::End,
                _ => Self::Elsewhere,
            };
            return Ok(None);
        }
        if *self != Self::Files || line.is_empty() {
            return Ok(None);
        }
        let mut parts = line.splitn(4, |&byte| byte == b'\t');
        let (Some(time), Some(kind), Some(bytes), Some(path)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("four fields separated by tabs are needed");
        };
        // A second letter marks what is not open to the world yet.
        let (kind, is_open) = match kind {
            [b'f', mark @ ..] => (Kind::File, mark.is_empty()),
            [b'd', mark @ ..] => (Kind::Dir, mark.is_empty()),
            [b'l', ..] => (Kind::Other, true),
            _ => return Err("the type is unknown"),
        };
        let (size, mtime) = (size(bytes)?, seconds(time)?);
        Ok(Some(Entry { path: path.to_vec(), size, mtime, kind, is_open }))
    }
}
