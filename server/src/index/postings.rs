//! The inverted index: which blocks hold a gram. All use of tantivy's index is here.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use tantivy::directory::MmapDirectory;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};
use tantivy::{
    Index, IndexSettings, InvertedIndexReader, SegmentReader, SingleSegmentIndexWriter,
    TantivyDocument, Term,
};

use super::gram::{Gram, GramTokenizer};

const FIELD: &str = "gram";
const TOKENIZER: &str = "grams";
/// Only sizes tantivy's hash table; the writer never splits a segment.
const MEMORY_BUDGET: usize = 256 << 20;

/// Writes one tantivy document a block.
pub struct PostingsWriter {
    writer: SingleSegmentIndexWriter,
    field: Field,
}

impl PostingsWriter {
    /// Creates the tantivy index in an empty directory.
    pub fn create(dir: &Path) -> anyhow::Result<Self> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(TOKENIZER)
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic);
        let field =
            schema.add_text_field(FIELD, TextOptions::default().set_indexing_options(indexing));
        let tokenizers = TokenizerManager::new();
        tokenizers.register(TOKENIZER, TextAnalyzer::from(GramTokenizer::default()));
        let settings = IndexSettings {
            // The doc store is empty: the names lie in their own file.
            docstore_compression: Compressor::Zstd(ZstdCompressor::default()),
            ..IndexSettings::default()
        };
        let writer = Index::builder()
            .schema(schema.build())
            .settings(settings)
            .tokenizers(tokenizers)
            .single_segment_index_writer(MmapDirectory::open(dir)?, MEMORY_BUDGET)
            .context("cannot create the inverted index")?;
        Ok(Self { writer, field })
    }

    /// Adds the next block, given its grams from [`super::gram::GramSet::drain_text`].
    pub fn add(&mut self, grams: String) -> anyhow::Result<()> {
        let mut document = TantivyDocument::default();
        document.add_text(self.field, grams);
        Ok(self.writer.add_document(document)?)
    }

    /// Writes the index.
    pub fn finish(self) -> anyhow::Result<()> {
        self.writer.finalize().context("cannot write the inverted index")?;
        Ok(())
    }
}

/// The blocks of a list, ascending.
///
/// PERF: nearly 2 kB, and to make a new one takes as long as to read what it starts with.
pub struct List {
    postings: Box<BlockSegmentPostings>,
    /// Place among the numbers that are unpacked.
    at: usize,
}

impl List {
    /// A list of nothing.
    pub fn empty() -> Self {
        Self { postings: Box::new(BlockSegmentPostings::empty()), at: 0 }
    }

    /// The first block at or after `target`, or [`TERMINATED`](tantivy::TERMINATED).
    pub fn seek(&mut self, target: u32) -> u32 {
        if self.postings.doc(self.at) < target {
            self.at = self.postings.seek(target);
        }
        self.postings.doc(self.at)
    }
}

/// Reads posting lists.
pub struct Postings {
    index: Index,
    inverted: Arc<InvertedIndexReader>,
    field: Field,
}

impl Postings {
    /// Opens the tantivy index of a generation with `blocks` blocks.
    pub fn open(dir: &Path, blocks: u32) -> anyhow::Result<Self> {
        let index = Index::open_in_dir(dir).context("cannot open the inverted index")?;
        let segments = index.searchable_segments()?;
        let [segment] = segments.as_slice() else {
            anyhow::bail!("the inverted index has {} segments instead of 1", segments.len());
        };
        let reader = SegmentReader::open(segment)?;
        ensure!(
            reader.max_doc() == blocks,
            "the inverted index has {} blocks, the names have {blocks}",
            reader.max_doc()
        );
        let field = index.schema().get_field(FIELD)?;
        let inverted = reader.inverted_index(field)?;
        Ok(Self { index, inverted, field })
    }

    /// Finds the list of the blocks that hold `gram`, or `None` when there are none.
    pub fn find(&self, gram: Gram) -> io::Result<Option<TermInfo>> {
        self.inverted.get_term_info(&Term::from_field_text(self.field, &gram.text()))
    }

    /// All grams that have a list.
    pub fn grams(&self) -> io::Result<Vec<Gram>> {
        let mut grams = Vec::new();
        let mut terms = self.inverted.terms().stream()?;
        while terms.advance() {
            grams.push(Gram::from_token(terms.key()));
        }
        Ok(grams)
    }

    /// Opens a list in the place of one that is no longer used.
    pub fn open_list(&self, list: &TermInfo, place: &mut List) -> io::Result<()> {
        place.at = 0;
        self.inverted.reset_block_postings_from_terminfo(list, &mut place.postings)
    }

    /// Reads all files and compares checksums; fails with the names of the damaged ones.
    pub fn verify(&self) -> anyhow::Result<()> {
        let damaged = self.index.validate_checksum()?;
        ensure!(damaged.is_empty(), "damaged files: {damaged:?}");
        Ok(())
    }
}
