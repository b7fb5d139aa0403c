//! Search in prose: guides, pages and news, by words of either language; and what becomes of results.

pub mod fold;
mod text;
mod tokenizer;

pub use text::TextIndex;
