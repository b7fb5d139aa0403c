//! Search in prose: guides, pages and news, by words of either language.

mod text;
mod tokenizer;

pub use text::TextIndex;
