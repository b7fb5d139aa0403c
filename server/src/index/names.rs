//! The names file: compressed blocks, their offsets, and the dictionary they share.
//!
//! An own file read through tantivy's memory map instead of tantivy's doc store: a scattered hit
//! then costs one 2 kB block (3 µs) and not a 16 kB one (12 µs), and the dictionary makes up for
//! the smaller blocks.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, ensure};
use tantivy::directory::{Directory as _, MmapDirectory, OwnedBytes};
use zstd::bulk::Compressor;
use zstd::dict::DecoderDictionary;
use zstd::zstd_safe::{CParameter, DCtx};

use super::block::{self, BLOCK_LEN, DamagedBlock, Facts, Frame, Lines};

/// The compressed blocks.
pub const BLOCKS_FILE: &str = "names.blocks";
/// One little-endian `u32` a block and one for the end.
pub const OFFSETS_FILE: &str = "names.offsets";
/// The shared dictionary; empty when there were too few names to train one.
pub const DICTIONARY_FILE: &str = "names.dictionary";

/// Level 6 as plocate uses: higher ones gain 1 % for twice the time.
const ZSTD_LEVEL: i32 = 6;
/// What every zstd frame starts with (RFC 8878); left out in each block.
const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
const DICTIONARY_SIZE: usize = 110 * 1024;
/// Blocks to train with. Samples of a hundred times the dictionary's size gain nothing here.
pub const TRAINING_BLOCKS: usize = 2000;

/// Trains a dictionary from encoded names; empty when there are too few.
pub fn train(samples: &[Vec<u8>]) -> Vec<u8> {
    // zstd refuses small sets and warns about them; without a dictionary all still works.
    if samples.len() < 100 {
        return Vec::new();
    }
    zstd::dict::from_samples(samples, DICTIONARY_SIZE).unwrap_or_default()
}

/// Writes blocks one after the other.
pub struct NamesWriter<'a> {
    blocks: BufWriter<File>,
    offsets: BufWriter<File>,
    compressor: Compressor<'a>,
    end: u32,
    longest: usize,
    encoded: Vec<u8>,
    packed: Vec<u8>,
    facts: Vec<u8>,
    framed: Vec<u8>,
}

impl NamesWriter<'_> {
    /// Creates the three files in `dir`.
    pub fn create(dir: &Path, dictionary: &[u8]) -> anyhow::Result<Self> {
        let create = |name: &str| {
            let path = dir.join(name);
            File::create(&path).with_context(|| format!("cannot create {}", path.display()))
        };
        create(DICTIONARY_FILE)?.write_all(dictionary)?;
        let mut compressor = Compressor::with_dictionary(ZSTD_LEVEL, dictionary)?;
        // Four bytes a block that say nothing new.
        compressor.set_parameter(CParameter::DictIdFlag(false))?;
        compressor.set_parameter(CParameter::ContentSizeFlag(false))?;
        let mut offsets = BufWriter::new(create(OFFSETS_FILE)?);
        offsets.write_all(&0_u32.to_le_bytes())?;
        Ok(Self {
            blocks: BufWriter::with_capacity(1 << 20, create(BLOCKS_FILE)?),
            offsets,
            compressor,
            end: 0,
            longest: 0,
            encoded: Vec::new(),
            packed: Vec::new(),
            facts: Vec::new(),
            framed: Vec::new(),
        })
    }

    /// Adds one block.
    pub fn add(&mut self, lines: &Lines, facts: &[Facts]) -> anyhow::Result<()> {
        self.encoded.clear();
        self.facts.clear();
        self.framed.clear();
        self.packed.clear();
        block::encode_names(lines, &mut self.encoded, &mut self.packed);
        block::encode_facts(facts, &mut self.facts);
        self.longest = self.longest.max(self.encoded.len());
        let compressed = self.compressor.compress(&self.encoded)?;
        let compressed = compressed.strip_prefix(&MAGIC).context("zstd has another format")?;
        let dirs = block::dir_bits(facts);
        let Self { facts, packed, .. } = self;
        Frame { dirs, facts, packed, names: compressed }.write(&mut self.framed);
        self.blocks.write_all(&self.framed)?;
        let length = u32::try_from(self.framed.len())?;
        self.end = self.end.checked_add(length).context("a part of the index is too large")?;
        self.offsets.write_all(&self.end.to_le_bytes())?;
        Ok(())
    }

    /// Flushes the files. Returns the length in bytes of the longest block before compression,
    /// which a reader needs.
    pub fn finish(mut self) -> anyhow::Result<usize> {
        self.blocks.flush()?;
        self.offsets.flush()?;
        Ok(self.longest)
    }
}

/// Reads blocks by number.
pub struct Names {
    blocks: OwnedBytes,
    offsets: OwnedBytes,
    dictionary: DecoderDictionary<'static>,
    longest: usize,
    entries: u64,
}

impl Names {
    /// Maps the files of a generation that holds `entries` entries.
    pub fn open(dir: &Path, entries: u64, longest: usize) -> anyhow::Result<Self> {
        let files = MmapDirectory::open(dir)?;
        let read = |name: &str| -> anyhow::Result<OwnedBytes> {
            let slice = files.open_read(Path::new(name)).with_context(|| name.to_owned())?;
            Ok(slice.read_bytes()?)
        };
        let names = Self {
            blocks: read(BLOCKS_FILE)?,
            offsets: read(OFFSETS_FILE)?,
            dictionary: DecoderDictionary::copy(&read(DICTIONARY_FILE)?),
            longest,
            entries,
        };
        let expected = entries.div_ceil(BLOCK_LEN as u64);
        ensure!(
            names.offsets.len() as u64 == 4 * (expected + 1)
                && names.offset(expected) == Some(names.blocks.len()),
            "{OFFSETS_FILE} does not fit {BLOCKS_FILE}"
        );
        Ok(names)
    }

    /// Number of blocks.
    pub fn len(&self) -> u32 {
        u32::try_from(self.entries.div_ceil(BLOCK_LEN as u64)).unwrap_or(u32::MAX)
    }

    fn offset(&self, block: u64) -> Option<usize> {
        let at = usize::try_from(block).ok()?.checked_mul(4)?;
        let bytes = self.offsets.get(at..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }

    /// Decodes the names of a block into `scratch`.
    pub fn read(&self, block: u32, scratch: &mut Scratch) -> Result<(), DamagedBlock> {
        let first = u64::from(block) * BLOCK_LEN as u64;
        let count = self.entries.saturating_sub(first).min(BLOCK_LEN as u64);
        let count = usize::try_from(count).map_err(|_| DamagedBlock)?;
        let start = self.offset(u64::from(block)).ok_or(DamagedBlock)?;
        let end = self.offset(u64::from(block) + 1).ok_or(DamagedBlock)?;
        let framed = self.blocks.get(start..end).ok_or(DamagedBlock)?;
        let Frame { dirs, facts, packed, names } = Frame::read(framed)?;
        scratch.count = count;
        scratch.dirs = dirs;
        scratch.encoded_facts.clear();
        scratch.encoded_facts.extend_from_slice(facts);
        scratch.facts.clear();
        scratch.compressed.truncate(MAGIC.len());
        scratch.compressed.extend_from_slice(names);
        scratch.encoded.clear();
        scratch.encoded.reserve(self.longest);
        let Scratch { context, compressed, encoded, .. } = scratch;
        context
            .decompress_using_ddict(encoded, compressed, self.dictionary.as_ddict())
            .map_err(|_| DamagedBlock)?;
        block::decode_names(&scratch.encoded, packed, count, &mut scratch.lines)
    }
}

/// Buffers for reading blocks; used again and again, since making them takes as long as a search.
pub struct Scratch {
    context: DCtx<'static>,
    compressed: Vec<u8>,
    encoded: Vec<u8>,
    /// The lines of the block read last.
    pub lines: Lines,
    count: usize,
    dirs: u32,
    encoded_facts: Vec<u8>,
    facts: Vec<Facts>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            context: DCtx::create(),
            compressed: MAGIC.to_vec(),
            encoded: Vec::new(),
            lines: Lines::default(),
            count: 0,
            dirs: 0,
            encoded_facts: Vec::new(),
            facts: Vec::new(),
        }
    }
}

impl Scratch {
    /// Whether a line of the block read last is a directory.
    pub fn is_dir(&self, line: usize) -> bool {
        self.dirs >> line & 1 == 1
    }

    /// Size, time and kind of a line of the block read last; decoded at the first call.
    pub fn facts(&mut self, line: usize) -> Result<Facts, DamagedBlock> {
        if self.facts.is_empty() {
            block::decode_facts(&self.encoded_facts, self.count, self.dirs, &mut self.facts)?;
        }
        self.facts.get(line).copied().ok_or(DamagedBlock)
    }
}
