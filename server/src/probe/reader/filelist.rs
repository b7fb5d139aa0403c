//! `fullfiletimelist-*` of Fedora and those who took over its tools.

use jiff::Timestamp;

/// The newest time in a list, or in a piece of one.
///
/// `create-filelist` of `quick-fedora-mirror` writes sections in brackets; in `[Files]` each line is
/// seconds since 1970, type, size and path between tabs. The list is in order of paths, so all of it
/// must be read. Lines of other sections have no number before the first tab.
pub fn newest(bytes: &[u8]) -> Option<Timestamp> {
    let newest = bytes.split(|b| *b == b'\n').filter_map(seconds).max()?;
    Timestamp::from_second(newest).ok()
}

fn seconds(line: &[u8]) -> Option<i64> {
    // Type `d` is a directory, whose date changes with whatever a mirror leaves out of it.
    let [digits, kind, _size, _path] = line.splitn(4, |b| *b == b'\t').collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let is_number = (9..=11).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    (is_number && kind.starts_with(b"f"))
        .then(|| digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_file_counts_wherever_it_stands() {
        let list = b"[Version]\n2\n\n[Files]\n1795231900\td\t4096\tfedora\n1795231800\tf\t12\ta b\tc\n1795231700\tf-\t1\tz\n\n[Checksums SHA1]\n123456789\tx\n[End]\n";
        assert_eq!(newest(list), Timestamp::from_second(1_795_231_800).ok());
        assert_eq!(newest(b"[Files]\n"), None);
    }
}
