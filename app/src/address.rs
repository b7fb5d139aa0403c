//! Percent-encoding of what stands in paths: names of files, ids of mirrors.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// What may stand unescaped in one segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'+')
    .remove(b'@')
    .remove(b',')
    .remove(b'=');

/// Encodes one segment of a path; a `/` in it is encoded too.
pub fn segment(bytes: &[u8]) -> Cow<'_, str> {
    percent_encode(bytes, SEGMENT).into()
}

/// Encodes a path, keeping its slashes.
pub fn path(bytes: &[u8]) -> String {
    bytes.split(|b| *b == b'/').map(segment).collect::<Vec<_>>().join("/")
}
