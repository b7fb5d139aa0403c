//! `last-updated` and `APKINDEX.tar.gz` of Alpine.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;

use crate::probe::stamp;

/// Members looked at: the signature, `DESCRIPTION`, `APKINDEX`.
const MEMBERS: usize = 4;
/// Most bytes unpacked to get to their headers.
const UNPACKED: u64 = 1024 * 1024;

/// The time of `last-updated`, seconds since 1970 at the root of the mirror, or of an index.
pub fn time(path: &str, bytes: &[u8]) -> Option<Timestamp> {
    if path.as_bytes().ends_with(b".gz") { index_time(bytes) } else { stamp::first_line(bytes) }
}

/// When `apk index` wrote it: it dates the members `DESCRIPTION` and `APKINDEX` by its own clock, or
/// by `SOURCE_DATE_EPOCH` (`apk-tools`, `app_index.c`). The signature before them is another gzip
/// stream, which ends without the mark of a tar archive's end (`abuild-sign`, `abuild-tar --cut`).
fn index_time(bytes: &[u8]) -> Option<Timestamp> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(bytes).take(UNPACKED));
    let mut newest = None;
    for entry in archive.entries().ok()?.take(MEMBERS) {
        // The beginning of an index suffices; where it breaks off, what was read so far counts.
        let Ok(entry) = entry else { break };
        let is_index = matches!(&*entry.path_bytes(), b"DESCRIPTION" | b"APKINDEX");
        if let (true, Ok(seconds @ 1..)) = (is_index, entry.header().mtime()) {
            newest = newest.max(i64::try_from(seconds).ok());
        }
    }
    Timestamp::from_second(newest?).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    /// One gzip stream with members of a date; `is_cut` leaves the end mark away.
    fn stream(members: &[(&str, u64, usize)], is_cut: bool) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, mtime, size) in members {
            let mut header = tar::Header::new_ustar();
            header.set_path(name).unwrap();
            header.set_mtime(*mtime);
            header.set_size(*size as u64);
            header.set_cksum();
            builder.append(&header, vec![b'x'; *size].as_slice()).unwrap();
        }
        let mut tar = builder.into_inner().unwrap();
        if is_cut {
            tar.truncate(tar.len() - 1024);
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
        gzip.write_all(&tar).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn the_index_is_dated_and_the_signature_is_not() {
        let mut bytes = stream(&[(".SIGN.RSA.x.rsa.pub", 1_900_000_000, 512)], true);
        let index = [("DESCRIPTION", 1_795_231_800, 20), ("APKINDEX", 1_795_231_800, 400_000)];
        bytes.extend(stream(&index, false));
        let moment = Timestamp::from_second(1_795_231_800).ok();
        assert_eq!(index_time(&bytes), moment);
        assert_eq!(index_time(&bytes[..8192]), moment, "its beginning suffices");
    }

    #[test]
    fn an_archive_without_an_index_or_date_says_nothing() {
        assert_eq!(index_time(&stream(&[("README", 1_795_231_800, 1)], false)), None);
        assert_eq!(index_time(&stream(&[("APKINDEX", 0, 1)], false)), None);
        assert_eq!(index_time(b"\x1f\x8b garbage"), None);
    }
}
