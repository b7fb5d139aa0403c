//! The index of prose, in memory: a document for each section of a guide, page or news item.

use std::{collections::HashSet, ops::Range};

use app::{Lang, address, page::search::TextHit};
use tantivy::{
    Index, IndexReader, TantivyDocument, Term,
    collector::TopDocs,
    query::{BooleanQuery, BoostQuery, FuzzyTermQuery, Occur, Query, TermQuery},
    schema::{
        Field, IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions, Value as _,
    },
};

use super::tokenizer::{self, WordTokenizer};
use crate::{
    content::{Content, markdown, topic::TopicFacts},
    guide::{Guide, Piece},
};

/// Memory that building may use, in bytes; the least that tantivy takes.
const BUILD_MEMORY: usize = 15_000_000;
/// Sections ranked; several may be of one page, of which the best is shown.
const RANKED: usize = 60;
/// Longest excerpt, in characters.
const EXCERPT: usize = 140;
/// Of more than two words, so many tenths must occur: pairs of characters that straddle two words
/// of the query need not stand together in the text.
const LEAST_TENTHS: usize = 6;
/// Weight of a word in the title, in the heading, in the text.
const WEIGHTS: [f32; 3] = [4.0, 2.0, 1.0];

/// The prose of a site, searchable.
pub struct TextIndex {
    zh: Shelf,
    en: Shelf,
}

impl TextIndex {
    /// Reads all prose.
    ///
    /// # Errors
    /// Only those of tantivy, for which there is no reason in memory.
    pub fn new(content: &Content) -> tantivy::Result<Self> {
        Ok(Self {
            zh: Shelf::new(sections(content, Lang::Zh))?,
            en: Shelf::new(sections(content, Lang::En))?,
        })
    }

    /// The best sections, one a page, at most `limit`, of guides whose mirror or topic `is_there`. The
    /// last word may be unfinished.
    ///
    /// # Errors
    /// Only those of tantivy.
    pub fn search(
        &self,
        lang: Lang,
        text: &str,
        limit: usize,
        is_there: impl Fn(&str) -> bool,
    ) -> tantivy::Result<Vec<TextHit>> {
        match lang {
            Lang::Zh => self.zh.search(text, limit, is_there),
            Lang::En => self.en.search(text, limit, is_there),
        }
    }
}

/// A piece of a page under one heading.
#[derive(Debug, Default, PartialEq, Eq)]
struct Section {
    /// Mirror or topic of a guide; empty for pages and news.
    subject: String,
    /// Words by which the page is found though they are not in it.
    words: String,
    page: String,
    title: String,
    heading: Option<String>,
    text: String,
}

struct Shelf {
    reader: IndexReader,
    sections: Vec<Section>,
    /// Title, heading, text.
    fields: [Field; 3],
    number: Field,
}

impl Shelf {
    fn new(sections: Vec<Section>) -> tantivy::Result<Self> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("words")
            .set_index_option(IndexRecordOption::WithFreqs);
        let options = TextOptions::default().set_indexing_options(indexing);
        let fields =
            ["title", "heading", "text"].map(|name| schema.add_text_field(name, options.clone()));
        let number = schema.add_u64_field("number", STORED);
        let index = Index::create_in_ram(schema.build());
        index.tokenizers().register("words", WordTokenizer);
        let mut writer = index.writer_with_num_threads(1, BUILD_MEMORY)?;
        for (at, section) in sections.iter().enumerate() {
            let mut document = TantivyDocument::default();
            let heading = section.heading.as_deref().unwrap_or_default();
            let title = format!("{} {}", section.title, section.words);
            for (field, text) in fields.iter().zip([&title, heading, &section.text]) {
                document.add_text(*field, text);
            }
            document.add_u64(number, at as u64);
            writer.add_document(document)?;
        }
        writer.commit()?;
        Ok(Self { reader: index.reader()?, sections, fields, number })
    }

    fn search(
        &self,
        text: &str,
        limit: usize,
        is_there: impl Fn(&str) -> bool,
    ) -> tantivy::Result<Vec<TextHit>> {
        let mut words: Vec<String> =
            tokenizer::words(text).into_iter().map(|(word, _)| word).collect();
        let is_unfinished = text.ends_with(char::is_alphanumeric);
        let last = words.last().cloned().filter(|_| is_unfinished);
        let mut seen = HashSet::new();
        words.retain(|word| seen.insert(word.clone()));
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let clauses = words.iter().map(|word| {
            (Occur::Should, self.anywhere(word, last.as_deref() == Some(word.as_str())))
        });
        let enough = match words.len() {
            few @ ..=2 => few,
            many => (many * LEAST_TENTHS).div_ceil(10),
        };
        let query = BooleanQuery::with_minimum_required_clauses(clauses.collect(), enough);
        let searcher = self.reader.searcher();
        let ranked = searcher.search(&query, &TopDocs::with_limit(RANKED).order_by_score())?;
        let mut pages = HashSet::new();
        let mut hits = Vec::new();
        for (_, place) in ranked {
            let document: TantivyDocument = searcher.doc(place)?;
            let number = document.get_first(self.number).and_then(|value| value.as_u64());
            let section = number.and_then(|n| self.sections.get(usize::try_from(n).ok()?));
            let shown =
                |section: &&Section| section.subject.is_empty() || is_there(&section.subject);
            if let Some(section) = section.filter(shown)
                && pages.insert(&section.page)
            {
                hits.push(section.hit(&words, last.as_deref()));
            }
            if hits.len() == limit {
                break;
            }
        }
        Ok(hits)
    }

    /// A word in any field; one that may be unfinished matches as a beginning too.
    fn anywhere(&self, word: &str, is_prefix: bool) -> Box<dyn Query> {
        let clauses = self.fields.iter().zip(WEIGHTS).flat_map(|(field, weight)| {
            let term = Term::from_field_text(*field, word);
            let whole: Box<dyn Query> =
                Box::new(TermQuery::new(term.clone(), IndexRecordOption::WithFreqs));
            let prefix = is_prefix
                .then(|| -> Box<dyn Query> { Box::new(FuzzyTermQuery::new_prefix(term, 0, true)) });
            [Some(whole), prefix].into_iter().flatten().map(
                move |query| -> (Occur, Box<dyn Query>) {
                    (Occur::Should, Box::new(BoostQuery::new(query, weight)))
                },
            )
        });
        Box::new(BooleanQuery::new(clauses.collect()))
    }
}

impl Section {
    fn hit(&self, words: &[String], last: Option<&str>) -> TextHit {
        let is_wanted = |word: &str| {
            words.iter().any(|wanted| wanted == word)
                || last.is_some_and(|last| word.starts_with(last))
        };
        let marks = |line: &str| -> Vec<Range<usize>> {
            let found = tokenizer::words(line).into_iter();
            merged(found.filter(|(word, _)| is_wanted(word)).map(|(_, range)| range))
        };
        let covered = |line: &&str| marks(line).iter().map(ExactSizeIterator::len).sum::<usize>();
        // Of lines that say as much the first: `max_by_key` would take the last.
        let line = self.text.lines().rev().max_by_key(covered).unwrap_or_default();
        let first = marks(line).first().map_or(0, |mark| mark.start);
        let excerpt = excerpt(line, first);
        let fragment = self.heading.as_ref().map(|heading| markdown::fragment(heading));
        TextHit {
            href: match fragment {
                Some(fragment) => format!("{}#{fragment}", self.page),
                None => self.page.clone(),
            },
            title: self.title.clone(),
            heading: self.heading.clone(),
            marks: marks(&excerpt),
            excerpt,
        }
    }
}

/// At most [`EXCERPT`] characters of a line, with the byte at `first` near their start.
fn excerpt(line: &str, first: usize) -> String {
    let before = line[..first].chars().count();
    let skipped = if line.chars().count() <= EXCERPT { 0 } else { before.saturating_sub(30) };
    let start = line.char_indices().nth(skipped).map_or(line.len(), |(at, _)| at);
    let is_cut = |at: usize| {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        letter(line[..at].chars().next_back()) && letter(line[at..].chars().next())
    };
    // Latin words are not cut, unless there is no end of one nearby.
    let start = match line[start..first].find(' ') {
        Some(blank) if is_cut(start) => start + blank + 1,
        _ => start,
    };
    let end = line[start..].char_indices().nth(EXCERPT).map_or(line.len(), |(at, _)| start + at);
    let end = match line[start..end].rfind(' ') {
        Some(blank) if is_cut(end) && blank > EXCERPT / 2 => start + blank,
        _ => end,
    };
    let ends = [start > 0, end < line.len()].map(|cut| if cut { "…" } else { "" });
    format!("{}{}{}", ends[0], &line[start..end], ends[1])
}

/// Ranges in ascending order, those that touch made one: pairs of characters overlap.
fn merged(ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

fn sections(content: &Content, lang: Lang) -> Vec<Section> {
    let prefix = lang.prefix();
    let mut all = Vec::new();
    for guide in content.guides.values() {
        let page = format!("{prefix}/docs/{}", address::segment(guide.id.as_bytes()));
        let words = content.topics.get(&guide.id).map(TopicFacts::words).unwrap_or_default();
        let sections = cut(&page, guide.title.get(lang), &source(guide, lang));
        all.extend(sections.into_iter().map(|section| Section {
            subject: guide.id.clone(),
            words: words.clone(),
            ..section
        }));
    }
    for ((name, _), page) in content.pages.iter().filter(|((_, l), _)| *l == lang) {
        all.extend(cut(&format!("{prefix}/{name}"), &page.title, &page.source));
    }
    for ((slug, _), news) in content.news.iter().filter(|((_, l), _)| *l == lang) {
        let text = format!("{}\n{}", news.summary, news.source);
        all.extend(cut(&format!("{prefix}/news/{slug}"), &news.title, &text));
    }
    all
}

/// A guide as Markdown, with its code, without what only the template engine reads.
fn source(guide: &Guide, lang: Lang) -> String {
    let mut out = String::new();
    for piece in guide.pieces(lang) {
        let text = match piece {
            Piece::Text(prose) => &prose.text,
            Piece::Code(at) => match guide.blocks.get(*at) {
                Some(block) => &block.text,
                None => continue,
            },
        };
        for line in text.lines().filter(|line| !line.trim_start().starts_with("%%")) {
            let mut rest = line;
            while let Some((before, after)) = rest.split_once("{{") {
                out.push_str(before);
                rest = after.split_once("}}").map_or("", |(_, after)| after);
            }
            out.push_str(rest);
            out.push('\n');
        }
    }
    out
}

/// Cuts a text at its headings; Markdown's marks are left out.
fn cut(page: &str, title: &str, text: &str) -> Vec<Section> {
    let start = |heading: Option<String>| Section {
        page: page.to_owned(),
        title: title.to_owned(),
        heading,
        ..Section::default()
    };
    let mut sections = vec![start(None)];
    for line in text.lines() {
        let marks = line.len() - line.trim_start_matches('#').len();
        if (2..=6).contains(&marks) && line[marks..].starts_with(' ') {
            let heading = plain(line[marks..].trim());
            sections.push(start(Some(heading)));
        } else if let Some(section) = sections.last_mut() {
            let line = line.trim_start_matches(['-', '>', ' ', '*', '|']);
            if !line.is_empty() {
                section.text.push_str(&plain(line));
                section.text.push('\n');
            }
        }
    }
    sections
}

/// A line of Markdown as one reads it: without marks of emphasis and code, links by their text.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('[') {
        let found =
            after.split_once("](").and_then(|(label, end)| Some((label, end.split_once(')')?.1)));
        text.push_str(before);
        match found {
            Some((label, after)) if !label.contains('[') => {
                text.push_str(label);
                rest = after;
            }
            _ => {
                text.push('[');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text.replace(['`', '*'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_read_as_text() {
        assert_eq!(plain("见 [安装镜像](/docs/debian-cd)与 [x]、`a`。"), "见 安装镜像与 [x]、a。");
        assert_eq!(plain("a[0] and [b](c"), "a[0] and [b](c");
    }

    const ZH: &str = "换源之后，pip 会从镜像下载软件包。\n## 更换 PyPI 软件源\n写入配置文件 `pip.conf`。\n## 恢复\n删除配置即可。";

    fn shelf() -> Shelf {
        let mut sections = cut("/docs/pypi", "PyPI 软件源", ZH);
        sections.extend(cut("/docs/debian", "Debian 软件源", "## 写入新配置\n替换 sources.list。"));
        Shelf::new(sections).unwrap()
    }

    fn hrefs(text: &str) -> Vec<String> {
        shelf().search(text, 8, |_| true).unwrap().into_iter().map(|hit| hit.href).collect()
    }

    #[test]
    fn chinese_words_are_found_without_blanks_between_them() {
        assert_eq!(hrefs("更换软件源").first().unwrap(), "/docs/pypi#更换-pypi-软件源");
        assert_eq!(hrefs("恢复"), ["/docs/pypi#恢复"]);
        assert_eq!(hrefs("写入配置").len(), 2);
        assert_eq!(hrefs("内核"), Vec::<String>::new());
    }

    #[test]
    fn the_last_word_may_be_unfinished_and_case_is_nothing() {
        assert_eq!(hrefs("DEBIAN sour"), ["/docs/debian#写入新配置"]);
        assert_eq!(hrefs("sour debian"), Vec::<String>::new());
    }

    #[test]
    fn hits_show_the_line_and_mark_the_words() {
        let hit = shelf().search("pip.conf 配置", 8, |_| true).unwrap().remove(0);
        assert_eq!(hit.excerpt, "写入配置文件 pip.conf。");
        let marked: Vec<&str> = hit.marks.iter().map(|mark| &hit.excerpt[mark.clone()]).collect();
        assert_eq!(marked, ["配置", "pip", "conf"]);
        assert_eq!(hit.heading.as_deref(), Some("更换 PyPI 软件源"));
    }

    #[test]
    fn long_lines_are_cut_around_the_word() {
        let line = format!("{}目标{}", "字".repeat(200), "符".repeat(200));
        let shown = excerpt(&line, "字".len() * 200);
        assert!(shown.starts_with('…') && shown.ends_with('…') && shown.contains("目标"));
        assert!(shown.chars().count() <= EXCERPT + 2);
    }
}
