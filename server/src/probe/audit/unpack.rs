//! Reading compressed indexes, by the ends of their names.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// Most memory that a dictionary may take, in KiB; `xz -9` needs 64 MiB.
const XZ_MEMORY_KIB: u32 = 128 * 1024;
/// The same for zstd, as a power of two in bytes.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Most bytes without an end of line or of an XML tag: readers keep that much in memory.
const LONGEST: u64 = 4 * 1024 * 1024;

/// The endings that can be read, quickest first.
pub const ENDINGS: [&str; 4] = ["", ".zst", ".gz", ".xz"];

/// A file unpacked by the end of `name`, not further than `limit` bytes.
pub fn open(path: &Path, name: &str, limit: u64) -> io::Result<Unpacked> {
    let file = BufReader::new(File::open(path)?);
    let reader: Box<dyn Read> = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "gz" => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        "xz" => Box::new(lzma_rust2::XzReader::new_mem_limit(file, true, XZ_MEMORY_KIB)),
        "zst" => {
            let mut decoder = zstd::Decoder::with_buffer(file)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
        _ => Box::new(file),
    };
    Ok(Unpacked {
        reader: BufReader::with_capacity(64 * 1024, Counted { reader, left: limit, unbroken: 0 }),
        limit,
    })
}

/// An index being unpacked.
pub struct Unpacked {
    reader: BufReader<Counted>,
    limit: u64,
}

struct Counted {
    reader: Box<dyn Read>,
    left: u64,
    /// Bytes since the last end of a line or tag.
    unbroken: u64,
}

impl Unpacked {
    /// For reading it line by line.
    pub fn reader(&mut self) -> impl BufRead {
        &mut self.reader
    }

    /// Bytes unpacked so far.
    pub fn count(&self) -> u64 {
        self.limit - self.reader.get_ref().left
    }

    /// Whether it went on beyond the limit.
    pub fn is_cut(&self) -> bool {
        self.reader.get_ref().left == 0
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.reader.read(&mut buffer[..most])?;
        self.left -= count as u64;
        self.unbroken = match memchr::memrchr2(b'\n', b'>', &buffer[..count]) {
            Some(end) => (count - end) as u64,
            None => self.unbroken + count as u64,
        };
        if self.unbroken > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line without end"));
        }
        Ok(count)
    }
}
