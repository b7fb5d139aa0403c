//! Reading logs: each line once, whatever becomes of the files meanwhile.
//!
//! A log is known by its first line and not by its name: rotation renames, copies and compresses it. How
//! far it was read is verified by the last line of that part, so that two logs which begin alike are not
//! taken for one. Both lines are kept as digests of what follows the address.

use std::{
    fs::{self, File},
    io::{self, Read, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Instant,
};

use app::stats::Rejected;
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use memchr::memchr;
use sha2::{Digest as _, Sha256};

use super::{
    line,
    store::{FileState, Position, Store},
    tally::{Counter, Rules, Tally},
};
use crate::database::StoreError;

/// No line of a log is longer: servers refuse such requests.
pub const LONGEST: usize = 64 << 10;
/// Bytes that are read at once.
const PIECE: usize = 256 << 10;
/// Bytes after which what was counted is written down.
const PORTION: u64 = 256 << 20;
/// Sums in memory after which it is, too.
const SUMS: usize = 50_000;
/// Bytes of a digest that are kept.
const DIGEST: usize = 16;

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The log.
    #[error("{}: {cause}", path.display())]
    Log {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// What was counted cannot be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What reading has brought.
#[derive(Debug, Default)]
pub struct Report {
    /// Files with something new.
    pub files: usize,
    /// Lines that were counted.
    pub lines: u64,
    /// Lines that were not.
    pub rejected: u64,
    /// Bytes that were read, decompressed.
    pub bytes: u64,
    /// The time was over before all was read.
    pub is_unfinished: bool,
}

/// Reads what is new in some logs.
pub struct Ingest<'a> {
    /// Where sums and positions are kept.
    pub store: &'a mut Store,
    /// What the lines are counted by.
    pub rules: &'a Rules,
    /// The present moment.
    pub now: Timestamp,
    /// When to stop; the rest is read the next time.
    pub until: Option<Instant>,
}

impl Ingest<'_> {
    /// Reads one log, compressed by gzip or not.
    ///
    /// # Errors
    /// See [`IngestError`]. What was read before is written down in any case.
    pub fn log(&mut self, path: &Path, report: &mut Report) -> Result<(), IngestError> {
        let of_log = |cause| IngestError::Log { path: path.to_owned(), cause };
        let name = path.to_string_lossy();
        let metadata = fs::metadata(path).map_err(of_log)?;
        let state = FileState {
            inode: metadata.ino(),
            size: metadata.len(),
            modified: metadata
                .mtime()
                .saturating_mul(1_000_000_000)
                .saturating_add(metadata.mtime_nsec()),
        };
        if self.store.file(&name)? == Some(state) {
            return Ok(());
        }
        let Some(head) = head(path).map_err(of_log)? else { return Ok(()) };
        let known = self.store.positions(&head)?;
        let is_done = match resume(path, head, known).map_err(of_log)? {
            Some((source, position)) => self.read(path, source, position, report)?,
            None => true,
        };
        if is_done {
            self.store.set_file(&name, state, self.now)?;
        }
        Ok(())
    }

    /// Counts lines from where the source stands; whether it came to the end.
    fn read(
        &mut self,
        path: &Path,
        source: Source,
        mut position: Position,
        report: &mut Report,
    ) -> Result<bool, IngestError> {
        let mut lines = Lines::new(source);
        let mut counter = Counter::new(self.rules, self.now);
        let mut written = position.offset;
        let before = (report.lines, report.bytes);
        let ended = loop {
            let more = lines.fill();
            lines.count(&mut counter, &mut position);
            let is_late = self.until.is_some_and(|until| Instant::now() >= until);
            let is_much = position.offset - written >= PORTION || counter.tally.len() >= SUMS;
            let is_over = is_late || !matches!(more, Ok(true));
            if position.offset > written && (is_much || is_over) {
                self.write(&mut counter.tally, &mut position, report)?;
                report.bytes += position.offset - written;
                written = position.offset;
            }
            match more {
                Ok(true) if is_late => {
                    report.is_unfinished = true;
                    break Ok(false);
                }
                Ok(true) => {}
                Ok(false) => break Ok(true),
                Err(cause) => break Err(IngestError::Log { path: path.to_owned(), cause }),
            }
        };
        report.files += usize::from((report.lines, report.bytes) != before);
        ended
    }

    fn write(
        &mut self,
        tally: &mut Tally,
        position: &mut Position,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        self.store.commit(tally, self.rules, position, self.now)?;
        report.lines += tally.lines;
        report.rejected += tally.rejected.values().sum::<u64>();
        *tally = Tally::default();
        Ok(())
    }
}

/// A log as a stream of its lines.
enum Source {
    Plain(File),
    Gzip(Box<MultiGzDecoder<File>>),
}

impl Source {
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut magic = [0; 2];
        let is_gzip = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
        file.rewind()?;
        Ok(if is_gzip {
            Self::Gzip(Box::new(MultiGzDecoder::new(file)))
        } else {
            Self::Plain(file)
        })
    }

    /// Whether nobody writes to it any more, so that a last line without an end is whole.
    fn is_final(&self) -> bool {
        matches!(self, Self::Gzip(_))
    }

    /// Goes so far from the beginning; whether there is so much.
    fn skip(&mut self, bytes: u64) -> io::Result<bool> {
        match self {
            Self::Plain(file) => {
                file.seek(SeekFrom::Start(bytes))?;
                Ok(file.metadata()?.len() >= bytes)
            }
            Self::Gzip(decoder) => {
                Ok(io::copy(&mut decoder.by_ref().take(bytes), &mut io::sink())? == bytes)
            }
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

/// What tells a log from others; nothing until it has a whole line.
fn head(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut source = Source::open(path)?;
    let is_final = source.is_final();
    let mut start = Vec::new();
    source.by_ref().take(LONGEST as u64).read_to_end(&mut start)?;
    let end = match memchr(b'\n', &start) {
        Some(end) => end,
        None if start.len() == LONGEST || is_final && !start.is_empty() => start.len(),
        None => return Ok(None),
    };
    Ok(Some(digest(start.get(..end).unwrap_or_default())))
}

fn digest(line: &[u8]) -> Vec<u8> {
    let mut digest = Sha256::digest(line::without_address(line)).to_vec();
    digest.truncate(DIGEST);
    digest
}

/// The log, at the line after those that were read; nothing if all that is here was.
fn resume(
    path: &Path,
    head: Vec<u8>,
    known: Vec<Position>,
) -> io::Result<Option<(Source, Position)>> {
    let mut is_part = false;
    for position in known {
        let mut source = Source::open(path)?;
        let mut tail = Vec::new();
        let is_there = source.skip(position.offset.saturating_sub(position.tail_length))?
            && source.by_ref().take(position.tail_length).read_to_end(&mut tail)? as u64
                == position.tail_length;
        if !is_there {
            // A copy that is being made.
            is_part = true;
            continue;
        }
        let line = tail.strip_suffix(b"\n").unwrap_or(&tail);
        if position.tail_length == 0 || digest(line) == position.tail {
            return Ok(Some((source, position)));
        }
    }
    if is_part {
        return Ok(None);
    }
    Ok(Some((Source::open(path)?, Position { head, ..Position::default() })))
}

/// Cuts a source into lines, in bounded memory.
struct Lines {
    source: Source,
    buffer: Vec<u8>,
    /// Bytes of the buffer that hold something.
    filled: usize,
    /// Bytes of a line that is too long, which are no longer in the buffer.
    skipped: u64,
    is_at_end: bool,
}

impl Lines {
    fn new(source: Source) -> Self {
        let buffer = vec![0; PIECE + LONGEST];
        Self { source, buffer, filled: 0, skipped: 0, is_at_end: false }
    }

    /// Reads a piece; whether there was one.
    fn fill(&mut self) -> io::Result<bool> {
        let free = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let length = self.source.read(free)?;
        self.filled += length;
        self.is_at_end = length == 0;
        Ok(length > 0)
    }

    /// Counts the whole lines that are there; the position is then behind the last of them.
    fn count(&mut self, counter: &mut Counter<'_>, position: &mut Position) {
        let mut rest = self.buffer.get(..self.filled).unwrap_or_default();
        let mut last: Option<(&[u8], u64)> = None;
        while let Some(length) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(length);
            rest = after.get(1..).unwrap_or_default();
            position.offset += self.skipped + line.len() as u64 + 1;
            last = one(line, &mut self.skipped, counter).then_some((line, line.len() as u64 + 1));
            position.tail_length = 0;
        }
        if self.is_at_end && self.source.is_final() && self.skipped + rest.len() as u64 > 0 {
            position.offset += self.skipped + rest.len() as u64;
            last = one(rest, &mut self.skipped, counter).then_some((rest, rest.len() as u64));
            position.tail_length = 0;
            rest = &[];
        } else if rest.len() > LONGEST {
            self.skipped += rest.len() as u64;
            rest = &[];
        }
        if let Some((line, length)) = last {
            (position.tail, position.tail_length) = (digest(line), length);
        }
        let left = rest.len();
        self.buffer.copy_within(self.filled - left..self.filled, 0);
        self.filled = left;
    }
}

/// Counts a line; whether it was looked at. A line that was too long counts when its end has come, so
/// that no position is ever within one.
fn one(line: &[u8], skipped: &mut u64, counter: &mut Counter<'_>) -> bool {
    let is_too_long = std::mem::take(skipped) > 0 || line.len() > LONGEST;
    if is_too_long {
        counter.reject(Rejected::TooLong);
    } else {
        counter.count(line.strip_suffix(b"\r").unwrap_or(line));
    }
    !is_too_long
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, time::Duration};

    use flate2::{Compression, write::GzEncoder};
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::stats::place::{Named, Places};

    fn rules() -> Rules {
        Rules {
            places: Places::new([Named { id: "debian", path: "/debian", aliases: &[] }]),
            hosts: Vec::new(),
            campus: Vec::new(),
            zone: TimeZone::UTC,
            keep: Duration::from_hours(400 * 24),
        }
    }

    fn now() -> Timestamp {
        "2026-11-21T06:00:00Z".parse().unwrap()
    }

    /// The `n`-th line of a log, different from all others.
    fn line(n: usize) -> String {
        let (day, hour, minute) = (10 + n / 1440 % 10, n / 60 % 24, n % 60);
        format!(
            "192.0.2.{} - - [{day}/Nov/2026:{hour:02}:{minute:02}:00 +0000] \"GET /debian/{n} HTTP/1.1\" \
             200 {n} \"-\" \"curl/8\"\n",
            n % 256
        )
    }

    fn lines(range: std::ops::Range<usize>) -> String {
        range.map(line).collect()
    }

    /// A folder with logs and sums.
    struct Site {
        folder: TempDir,
        store: Store,
        report: Report,
    }

    impl Site {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(&folder.path().join("stats.sqlite")).unwrap();
            Self { folder, store, report: Report::default() }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
            fs::write(self.path(name), bytes).unwrap();
        }

        fn append(&self, name: &str, text: &str) {
            let file = File::options().append(true).create(true).open(self.path(name));
            file.unwrap().write_all(text.as_bytes()).unwrap();
        }

        fn compress(&self, from: &str, to: &str) {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&fs::read(self.path(from)).unwrap()).unwrap();
            self.write(to, encoder.finish().unwrap());
            fs::remove_file(self.path(from)).unwrap();
        }

        fn ingest(&mut self, name: &str) -> Result<(), IngestError> {
            let path = self.path(name);
            let rules = rules();
            let (store, until) = (&mut self.store, None);
            Ingest { store, rules: &rules, now: now(), until }.log(&path, &mut self.report)
        }

        /// Requests and bytes of all days, and lines that were not counted.
        fn sums(&self) -> (u64, u64, u64) {
            let today = now().to_zoned(TimeZone::UTC).date();
            let stats = self.store.sum_up(today, None, now()).unwrap();
            let requests = stats.days.values().map(|day| day.requests).sum();
            assert_eq!(stats.lines, requests);
            let bytes = stats.days.values().map(|day| day.bytes).sum();
            (requests, bytes, stats.rejected.values().sum())
        }
    }

    /// What `n` lines amount to, from the first on.
    fn of(n: u64) -> (u64, u64, u64) {
        (n, n * (n - 1) / 2, 0)
    }

    #[test]
    fn a_log_that_grows_is_read_on_and_a_line_without_its_end_waits() {
        let mut site = Site::new();
        site.append("log", &lines(0..10));
        site.ingest("log").unwrap();
        let (half, rest) = {
            let next = line(10);
            (next[..30].to_owned(), next[30..].to_owned())
        };
        site.append("log", &half);
        site.ingest("log").unwrap();
        assert_eq!(site.sums(), of(10));
        site.append("log", &rest);
        site.ingest("log").unwrap();
        site.ingest("log").unwrap();
        assert_eq!(site.sums(), of(11));
    }

    #[test]
    fn a_rotated_log_is_the_same_log_by_name_copy_and_compression() {
        let mut site = Site::new();
        site.append("log", &lines(0..10));
        site.ingest("log").unwrap();
        // Lines come in between, then logrotate renames and makes a new file.
        site.append("log", &lines(10..15));
        fs::rename(site.path("log"), site.path("log.1")).unwrap();
        site.append("log", &lines(15..18));
        for name in ["log.1", "log"] {
            site.ingest(name).unwrap();
        }
        assert_eq!(site.sums(), of(18));
        // copytruncate: the same file begins anew.
        site.append("log", &lines(18..20));
        fs::copy(site.path("log"), site.path("log.copy")).unwrap();
        site.write("log", lines(20..21));
        for name in ["log", "log.copy", "log.1"] {
            site.ingest(name).unwrap();
        }
        assert_eq!(site.sums(), of(21));
        site.compress("log.1", "log.2.gz");
        site.compress("log.copy", "log.1.gz");
        for name in ["log.1.gz", "log.2.gz", "log.2.gz"] {
            site.ingest(name).unwrap();
        }
        assert_eq!(site.sums(), of(21));
    }

    #[test]
    fn a_copy_that_is_being_made_is_not_a_new_log() {
        let mut site = Site::new();
        let text = lines(0..50);
        site.write("log", &text);
        site.ingest("log").unwrap();
        site.write("log.1", &text[..text.len() / 2]);
        site.ingest("log.1").unwrap();
        site.write("log.1", text + &line(50));
        site.ingest("log.1").unwrap();
        assert_eq!(site.sums(), of(51));
    }

    #[test]
    fn logs_that_begin_alike_are_not_taken_for_one() {
        let mut site = Site::new();
        site.write("one", lines(0..5));
        site.write("other", line(0) + &lines(10..20));
        for name in ["one", "other", "one", "other"] {
            site.ingest(name).unwrap();
        }
        assert_eq!(site.sums().0, 16);
        site.append("one", &line(5));
        site.append("other", &line(20));
        for name in ["one", "other"] {
            site.ingest(name).unwrap();
        }
        assert_eq!(site.sums().0, 18);
    }

    #[test]
    fn of_a_damaged_archive_the_sound_part_counts_once() {
        let mut site = Site::new();
        site.write("log", lines(0..20_000));
        site.compress("log", "log.gz");
        let mut bytes = fs::read(site.path("log.gz")).unwrap();
        bytes.truncate(bytes.len() / 2);
        site.write("log.gz", bytes);
        assert!(matches!(site.ingest("log.gz"), Err(IngestError::Log { .. })));
        let sums = site.sums();
        assert!(sums.0 > 5_000 && sums.2 == 0, "{sums:?}");
        assert!(site.ingest("log.gz").is_err());
        assert_eq!(site.sums(), sums);
        // Then it is whole.
        site.write("log", lines(0..20_000));
        site.ingest("log").unwrap();
        assert_eq!(site.sums(), of(20_000));
    }

    #[test]
    fn a_line_without_measure_is_one_line_and_takes_no_memory() {
        let mut site = Site::new();
        site.write("log", lines(0..3) + &"x".repeat(5 << 20));
        site.ingest("log").unwrap();
        assert_eq!(site.sums(), of(3), "its end has not come");
        site.append("log", &format!("\n{}", lines(3..5)));
        site.ingest("log").unwrap();
        let (requests, bytes, rejected) = site.sums();
        assert_eq!((requests, bytes, rejected), (5, 10, 1));
    }

    #[test]
    fn when_the_time_is_over_the_rest_waits() {
        let mut site = Site::new();
        site.write("log", lines(0..20_000));
        let rules = rules();
        let path = site.path("log");
        let mut rounds = 0;
        loop {
            let mut report = Report::default();
            let until = Some(Instant::now());
            let mut ingest = Ingest { store: &mut site.store, rules: &rules, now: now(), until };
            ingest.log(&path, &mut report).unwrap();
            rounds += 1;
            if !report.is_unfinished {
                break;
            }
        }
        assert!(rounds > 3, "{rounds}");
        assert_eq!(site.sums(), of(20_000));
    }

    #[test]
    fn no_address_is_kept_in_whatever_form() {
        let mut site = Site::new();
        site.write("log", lines(0..300));
        site.ingest("log").unwrap();
        drop(site.store);
        let address = Sha256::digest(b"192.0.2.1").to_vec();
        let line = line(1);
        let whole = Sha256::digest(line.trim_end().as_bytes()).to_vec();
        for entry in fs::read_dir(site.folder.path()).unwrap().flatten() {
            if entry.file_name() == "log" {
                continue;
            }
            let bytes = fs::read(entry.path()).unwrap();
            for secret in
                [b"192.0.2".as_slice(), &[192, 0, 2, 1], &address[..DIGEST], &whole[..DIGEST]]
            {
                assert!(memchr::memmem::find(&bytes, secret).is_none(), "{:?}", entry.path());
            }
        }
    }

    /// What may happen to a log between two readings.
    #[derive(Clone, Debug)]
    enum Step {
        /// So many lines are written, and so many bytes of the next.
        Write(usize, usize),
        Read,
        Rename,
        CopyTruncate,
        Compress,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..40_usize, 0..60_usize).prop_map(|(lines, bytes)| Step::Write(lines, bytes)),
            4 => Just(Step::Read),
            1 => Just(Step::Rename),
            1 => Just(Step::CopyTruncate),
            1 => Just(Step::Compress),
        ];
        prop::collection::vec(step, 1..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn however_it_is_split_each_line_counts_once(steps in steps()) {
            let mut site = Site::new();
            // Names from the oldest to the live log; lines written; bytes of a line under way.
            let (mut old, mut written, mut pending) = (Vec::<String>::new(), 0, String::new());
            let finish = |site: &Site, pending: &mut String| site.append("log", &std::mem::take(pending));
            for (n, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Write(count, bytes) => {
                        finish(&site, &mut pending);
                        site.append("log", &lines(written..written + count));
                        let next = line(written + count);
                        let (now, later) = next.split_at(bytes.min(next.len()));
                        site.append("log", now);
                        pending = later.to_owned();
                        written += count + 1;
                    }
                    Step::Read => {
                        for name in old.clone().iter().map(String::as_str).chain(["log"]) {
                            if site.path(name).exists() {
                                site.ingest(name).unwrap();
                            }
                        }
                    }
                    // A server goes on writing to the renamed file until it is told.
                    Step::Rename if site.path("log").exists() => {
                        finish(&site, &mut pending);
                        old.push(format!("log.r{n}"));
                        fs::rename(site.path("log"), site.path(&old[old.len() - 1])).unwrap();
                    }
                    Step::CopyTruncate if site.path("log").exists() => {
                        finish(&site, &mut pending);
                        old.push(format!("log.c{n}"));
                        fs::copy(site.path("log"), site.path(&old[old.len() - 1])).unwrap();
                        site.write("log", "");
                    }
                    Step::Compress => {
                        if let Some(name) = old.last_mut().filter(|name| name.strip_suffix(".gz").is_none()) {
                            let to = format!("{name}.gz");
                            site.compress(name, &to);
                            *name = to;
                        }
                    }
                    Step::Rename | Step::CopyTruncate => {}
                }
            }
            site.append("log", &pending);
            for name in old.iter().map(String::as_str).chain(["log"]) {
                site.ingest(name).unwrap();
            }
            let n = written as u64;
            prop_assert_eq!(site.sums(), (n, n * n.saturating_sub(1) / 2, 0));
        }
    }
}
