//! `repomd.xml` of rpm repositories, as the newer of its two kinds of time.

use jiff::Timestamp;

use crate::probe::{rpm::Repomd, stamp};

/// The revision, seconds since 1970 as `createrepo_c` writes it unless told otherwise (openSUSE and
/// pulp write other things), or the newest `timestamp` of what it names, whichever is later.
pub fn time(bytes: &[u8]) -> Option<Timestamp> {
    let repomd = Repomd::parse(bytes).ok()?;
    let revision = repomd.revision.as_deref().and_then(stamp::epoch);
    repomd.data.iter().filter_map(|data| data.timestamp).chain(revision).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_of_revision_and_timestamps_counts() {
        let xml = |revision: &str, timestamp: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<repomd xmlns=\"http://linux.duke.edu/metadata/repo\"><revision>{revision}</revision><data type=\"primary\"><location href=\"repodata/p.xml.gz\"/><timestamp>{timestamp}</timestamp></data></repomd>"
            )
        };
        let at = |seconds| Timestamp::from_second(seconds).ok();
        for (revision, timestamp, wanted) in [
            ("1795231800", "1795231700", at(1_795_231_800)),
            ("1795231800", "1795231900", at(1_795_231_900)),
            ("9.6", "1795231900.75", at(1_795_231_900)),
            ("today", "", None),
        ] {
            assert_eq!(time(xml(revision, timestamp).as_bytes()), wanted, "{revision}");
        }
        assert_eq!(time(b"<html>404</html>"), None);
    }
}
