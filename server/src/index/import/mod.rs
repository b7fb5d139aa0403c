//! Reading file lists that an upstream or another program has made.
//!
//! | format | made by |
//! |---|---|
//! | [`Format::Tsv`] | `path<TAB>size<TAB>mtime`; a path that ends in `/` is a directory |
//! | [`Format::LsLr`] | `ls -lR`, as in `/debian/ls-lR.gz`, also with `--time-style=long-iso` |
//! | [`Format::Find`] | `find . -type d ! -perm -o=rx -prune -o -perm -o=r -printf '%y %s %T@ %P\n'`; the type may be left out |
//! | [`Format::RsyncList`] | `rsync --list-only -r [--no-h] URL`, with `TZ=UTC` for exact times |
//! | [`Format::FindLs`] | `find . -ls`, and `indices/find-ls.gz` of CPAN, whose times are `20240501.120000` |
//! | [`Format::FileTimes`] | `fullfiletimelist-*` of Fedora, EPEL and Rocky, made by quick-fedora-mirror |
//! | [`Format::Ctan`] | `FILES.byname` of CTAN: `date \| size \| path` |
//!
//! Compressed lists are unpacked by the caller. Times without a zone are taken as UTC. Where a list
//! shows permissions, only what the world may read is returned. Links are skipped.

mod fields;
mod file_times;
mod ls;

use std::collections::HashSet;
use std::io::BufRead;

use super::record::{FileRecord, clean_path, join};

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Path, size and time, separated by tabs.
    Tsv,
    /// Recursive `ls -l`.
    LsLr,
    /// Type (optional), size, time and path, separated by single blanks.
    Find,
    /// `rsync --list-only`.
    RsyncList,
    /// `find -ls`.
    FindLs,
    /// `fullfiletimelist`.
    FileTimes,
    /// `FILES.byname` of CTAN.
    Ctan,
}

impl Format {
    /// All of them, by the names that the command line takes.
    pub const ALL: [(&str, Self); 7] = [
        ("tsv", Self::Tsv),
        ("ls-lR", Self::LsLr),
        ("find-printf", Self::Find),
        ("rsync-list-only", Self::RsyncList),
        ("find-ls", Self::FindLs),
        ("fullfiletimelist", Self::FileTimes),
        ("ctan", Self::Ctan),
    ];
}

impl std::str::FromStr for Format {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, format)| *format).ok_or_else(|| {
            let known = Self::ALL.map(|(known, _)| known).join(", ");
            anyhow::anyhow!("unknown list format {name:?}: use one of {known}")
        })
    }
}

/// What a list cannot say of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// Put before every path, e.g. `debian` for a list made inside that directory.
    pub prefix: String,
    /// The current time in Unix seconds: `ls` leaves out the year of young files.
    pub now: i64,
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub number: u64,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// What was read and left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListReport {
    /// Lines read.
    pub lines: u64,
    /// Entries that the world may not read.
    pub hidden: u64,
    /// Links, devices and the like.
    pub skipped: u64,
    /// Lines that could not be read.
    pub bad: u64,
    /// The first of them.
    pub first_bad: Vec<BadLine>,
}

/// Bad lines kept with their numbers; further ones are only counted.
const BAD_KEPT: usize = 20;
/// Longest line; longer ones are bad.
const MAX_LINE: u64 = 64 * 1024;

/// One entry as a line shows it.
struct Entry {
    path: Vec<u8>,
    size: u64,
    mtime: i64,
    kind: Kind,
    is_open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Dir,
    Other,
}

/// Why a line is bad.
type Reason = &'static str;

/// An iterator over the records of a list; see [`parse`].
pub struct Records<R> {
    format: Format,
    reader: R,
    options: ListOptions,
    ls: ls::State,
    file_times: file_times::State,
    hidden_dirs: HashSet<Vec<u8>>,
    line: Vec<u8>,
    report: ListReport,
    failed: bool,
}

/// Reads a list. A bad line is counted in [`Records::report`]; only a failing reader is an error.
pub fn parse<R: BufRead>(format: Format, reader: R, options: ListOptions) -> Records<R> {
    Records {
        format,
        reader,
        ls: ls::State::new(options.now),
        file_times: file_times::State::default(),
        options,
        hidden_dirs: HashSet::new(),
        line: Vec::new(),
        report: ListReport::default(),
        failed: false,
    }
}

impl<R: BufRead> Records<R> {
    /// What was read and left out so far.
    pub fn report(&self) -> &ListReport {
        &self.report
    }

    /// Reads the next line without its end. `None` at the end of the list.
    fn read_line(&mut self) -> std::io::Result<Option<Result<(), Reason>>> {
        use std::io::Read as _;
        self.line.clear();
        let read = self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.report.lines += 1;
        if self.line.last() != Some(&b'\n') && read as u64 == MAX_LINE {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(Err("the line is too long")));
        }
        while let Some(b'\n' | b'\r') = self.line.last() {
            self.line.pop();
        }
        Ok(Some(Ok(())))
    }

    fn read_entry(&mut self) -> Result<Option<FileRecord>, Reason> {
        let entry = match self.format {
            Format::Tsv => fields::tsv(&self.line)?,
            Format::Find => fields::find(&self.line)?,
            Format::RsyncList => fields::rsync(&self.line)?,
            Format::LsLr => self.ls.line(&self.line)?,
            Format::FindLs => self.ls.find_line(&self.line)?,
            Format::FileTimes => self.file_times.line(&self.line)?,
            Format::Ctan => fields::ctan(&self.line)?,
        };
        let Some(entry) = entry else {
            return Ok(None);
        };
        if entry.kind == Kind::Other {
            self.report.skipped += 1;
            return Ok(None);
        }
        let path = match clean_path(&entry.path) {
            Ok(path) => path,
            Err(super::PathError::Empty) => return Ok(None),
            Err(_) => return Err("the path is not usable"),
        };
        if self.is_below_hidden(path) || !entry.is_open {
            self.report.hidden += 1;
            if entry.kind == Kind::Dir {
                self.hidden_dirs.insert(path.to_vec());
            }
            return Ok(None);
        }
        let prefix = self.options.prefix.trim_matches('/');
        Ok(Some(FileRecord {
            path: join(prefix.as_bytes(), path).into_owned(),
            size: if entry.kind == Kind::Dir { 0 } else { entry.size },
            mtime: entry.mtime,
            is_dir: entry.kind == Kind::Dir,
        }))
    }

    /// Lists name a directory before what is in it.
    fn is_below_hidden(&self, path: &[u8]) -> bool {
        !self.hidden_dirs.is_empty()
            && memchr::memchr_iter(b'/', path).any(|end| self.hidden_dirs.contains(&path[..end]))
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = anyhow::Result<FileRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            let result = match self.read_line() {
                Ok(None) if self.format == Format::FileTimes && self.file_times.is_cut_short() => {
                    self.failed = true;
                    Err("the list ends without [End]: it is still being written, or cut short")
                }
                Ok(None) => return None,
                Ok(Some(Ok(()))) => self.read_entry(),
                Ok(Some(Err(reason))) => Err(reason),
                Err(error) => {
                    self.failed = true;
                    let number = self.report.lines + 1;
                    let error = anyhow::Error::new(error);
                    return Some(Err(
                        error.context(format!("cannot read the list at line {number}"))
                    ));
                }
            };
            match result {
                Ok(Some(record)) => return Some(Ok(record)),
                Ok(None) => {}
                Err(reason) => {
                    self.report.bad += 1;
                    if self.report.first_bad.len() < BAD_KEPT {
                        let number = self.report.lines;
                        self.report.first_bad.push(BadLine { number, reason });
                    }
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(format: Format, text: &[u8]) -> (Vec<FileRecord>, ListReport) {
        // 2024-03-01 00:00 UTC
        let options = ListOptions { prefix: "m".to_owned(), now: 1_709_251_200 };
        let mut records = parse(format, text, options);
        let found = records.by_ref().map(Result::unwrap).collect();
        (found, records.report().clone())
    }

    fn file(path: &[u8], size: u64, mtime: i64) -> FileRecord {
        FileRecord { path: path.to_vec(), size, mtime, is_dir: false }
    }

    fn dir(path: &[u8], mtime: i64) -> FileRecord {
        FileRecord { path: path.to_vec(), size: 0, mtime, is_dir: true }
    }

    #[test]
    fn tsv_lines() {
        let (found, report) =
            read(Format::Tsv, b"/a/b\xff\tc\t5\t7\r\na/\t0\t8.25\nbad\t1\n\na/../b\t1\t2\n");
        assert_eq!(found, [file(b"m/a/b\xff\tc", 5, 7), dir(b"m/a", 8)]);
        assert_eq!(report.bad, 2);
        assert_eq!(report.first_bad[0].number, 3);
    }

    #[test]
    fn find_lines_with_and_without_type() {
        let list = b"d 4096 1700000000.5 \nd 4096 1700000000.5 a\nf 12 1700000001.0 a/b c\nl 3 1 a/l\n9 -5.0 x y\nq 1 2 z\n";
        let (found, report) = read(Format::Find, list);
        let expected = [
            dir(b"m/a", 1_700_000_000),
            file(b"m/a/b c", 12, 1_700_000_001),
            file(b"m/x y", 9, -5),
        ];
        assert_eq!(found, expected);
        assert_eq!((report.skipped, report.bad), (1, 1));
    }

    #[test]
    fn rsync_lines() {
        let list = b"welcome to the mirror\n\
            drwxr-xr-x          4,096 2024/01/02 03:04:05 .\n\
            -rw-r--r--     12,345,678 2024/01/02 03:04:05 a\\#012b c\n\
            drwxr-x---          4,096 2024/01/02 03:04:05 staged\n\
            -rw-r--r--              1 2024/01/02 03:04:05 staged/x\n\
            -rw-------              1 2024/01/02 03:04:05 secret\n\
            lrwxrwxrwx              4 2024/01/02 03:04:05 l -> a\n";
        let (found, report) = read(Format::RsyncList, list);
        assert_eq!(found, [file(b"m/a\nb c", 12_345_678, 1_704_164_645)]);
        assert_eq!((report.hidden, report.skipped, report.bad), (3, 1, 1));
    }

    #[test]
    fn ls_lines_with_and_without_year() {
        let list = b".:\ntotal 8\n\
            -rw-r--r-- 1 u g 10 Jun 13 2022 a b\n\
            -rw-r--r-- 1 u g 11 Dec 31 14:05 late\n\
            -rw-r--r-- 1 u g 12 Feb 29 14:05 young\n\
            drwxr-xr-x  2 u g 4096 Jan  1  2024 pool\n\
            drwx------  2 u g 4096 Jan  1  2024 dark\n\
            lrwxrwxrwx 1 u g 4 Jan  1  2024 l -> pool\n\
            -rw-r--r--+ 1 u g many Jan  1  2024 x\n\
            \n./pool:\ntotal 0\n\
            -rw-r--r-- 1 u g 13 2024-01-01 00:00 f\n\
            \n./dark:\ntotal 0\n\
            -rw-r--r-- 1 u g 14 Jan  1  2024 f\n";
        let (found, report) = read(Format::LsLr, list);
        let expected = [
            file(b"m/a b", 10, 1_655_078_400),
            file(b"m/late", 11, 1_704_031_500),
            file(b"m/young", 12, 1_709_215_500),
            dir(b"m/pool", 1_704_067_200),
            file(b"m/pool/f", 13, 1_704_067_200),
        ];
        assert_eq!(found, expected);
        assert_eq!((report.hidden, report.skipped, report.bad), (2, 1, 1));
        assert_eq!(report.first_bad[0].number, 9);
    }

    #[test]
    fn find_ls_lines_of_find_and_of_cpan() {
        let list = b"  1234      8 drwxr-xr-x   3 cpan cpan     4096 20240301.000000 authors\n\
              77 12 -rw-r--r-- 1 cpan cpan 9876 20231231.235959 authors/id/A/AB/X-1.0.tar.gz\n\
              78 12 -rw-r----- 1 cpan cpan 9876 20231231.235959 secret\n\
              79  0 lrwxrwxrwx 1 cpan cpan 4 20231231.235959 l -> authors\n\
              80 12 -rw-r--r-- 1 u g 11 Dec 31 14:05 ./a\\ b\\303\\274\n\
              81 12 -rw-r--r-- 1 u g 12 Jun 13  2022 c\n\
              82 12 -rw-r--r-- 1 u g 12 20231331.235959 d\n\
            no line of find\n";
        let (found, report) = read(Format::FindLs, list);
        let expected = [
            dir(b"m/authors", 1_709_251_200),
            file(b"m/authors/id/A/AB/X-1.0.tar.gz", 9876, 1_704_067_199),
            file(b"m/a b\xc3\xbc", 11, 1_704_031_500),
            file(b"m/c", 12, 1_655_078_400),
        ];
        assert_eq!(found, expected);
        assert_eq!((report.hidden, report.skipped, report.bad), (1, 1, 2));
        assert_eq!(report.first_bad[0], BadLine { number: 7, reason: "the date is not a date" });
    }

    #[test]
    fn file_times_are_read_from_their_section_only() {
        let list = b"[Version]\n2\n\n[Files]\n\
            1767700953\tf\t282\tlinux/extras/README\n\
            1767700954\td\t4096\tlinux/extras\n\
            1767700955\tl\t7\tlinux/latest\n\
            1767700956\td-\t4096\tlinux/releases/test\n\
            1767700957\tf\t5\tlinux/releases/test/staged.iso\n\
            1767700958\tf*\t5\tlinux/secret\n\
            1767700959\tf\tmany\tlinux/x\n\
            only\ttwo\n\
            \n[Checksums SHA1]\n0123456789abcdef0123456789abcdef01234567\tlinux/extras/README\n\
            \n[End]\n";
        let (found, report) = read(Format::FileTimes, list);
        let expected = [
            file(b"m/linux/extras/README", 282, 1_767_700_953),
            dir(b"m/linux/extras", 1_767_700_954),
        ];
        assert_eq!(found, expected);
        assert_eq!((report.hidden, report.skipped, report.bad), (3, 1, 2));
        let end = list.len() - b"[End]\n".len();
        let (found, report) = read(Format::FileTimes, &list[..end]);
        assert_eq!((found.len(), report.bad), (2, 3), "what is there is read, and the end missed");
        let (found, report) = read(Format::FileTimes, b"1767700953\tf\t282\tREADME\n");
        assert!(found.is_empty() && report.first_bad[0].reason.contains("[End]"));
    }

    #[test]
    fn ctan_lines() {
        let list = b"2023/01/02 |     1234 | biblio/bibtex/a b.bst\n\
            2023/01/03 | 5 | odd/with|bar\n\
            yesterday | 5 | x\n\
            2023/01/04 | 5\n";
        let (found, report) = read(Format::Ctan, list);
        let expected = [
            file(b"m/biblio/bibtex/a b.bst", 1234, 1_672_617_600),
            file(b"m/odd/with|bar", 5, 1_672_704_000),
        ];
        assert_eq!(found, expected);
        assert_eq!(report.bad, 2);
        assert_eq!(report.first_bad[1].reason, "three fields separated by | are needed");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(
            text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'\t'), Just(b'\n')], 0..300),
        ) {
            for (_, format) in Format::ALL {
                read(format, &text);
                let headed = [b"[Files]\n", text.as_slice()].concat();
                read(format, &headed);
            }
        }
    }
}
