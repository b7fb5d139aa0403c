//! Everything under `content/`, read at once, with every mistake listed.

pub mod front_matter;
pub mod markdown;
pub mod mirror;
pub mod problem;
pub mod prose;
pub mod source;

use std::collections::BTreeMap;

use app::Lang;

use crate::guide::Guide;
use mirror::{MirrorFacts, RESERVED};
use problem::Problem;
use prose::{News, Page};
use source::Files;

/// The content of a site.
#[derive(Debug, Default)]
pub struct Content {
    /// Mirrors by id.
    pub mirrors: BTreeMap<String, MirrorFacts>,
    /// Guides by mirror id.
    pub guides: BTreeMap<String, Guide>,
    /// Pages by name and language.
    pub pages: BTreeMap<(String, Lang), Page>,
    /// News by slug and language.
    pub news: BTreeMap<(String, Lang), News>,
    /// Whether the folder is the list of mirrors; otherwise it only describes those that a backend
    /// or the disk has.
    pub is_registry: bool,
    /// Other files, for `content:///…` addresses of backends.
    pub files: Files,
}

impl Content {
    /// Reads all of it; what is broken is left out and reported.
    pub fn parse(files: Files) -> (Self, Vec<Problem>) {
        let mut content = Self { is_registry: true, ..Self::default() };
        let mut problems = Vec::new();
        let mut guides: BTreeMap<String, GuideTexts<'_>> = BTreeMap::new();
        for (path, bytes) in &files {
            let Ok(text) = std::str::from_utf8(bytes) else {
                problems.push(Problem::in_file(path, "is not UTF-8"));
                continue;
            };
            let segments: Vec<&str> = path.split('/').collect();
            let outcome = match segments.as_slice() {
                ["site.toml"] | ["recorded", _] => Ok(()),
                ["mirrors", id, "mirror.toml"] => MirrorFacts::parse(id, path, text)
                    .map(|mirror| drop(content.mirrors.insert((*id).to_owned(), mirror))),
                ["mirrors", id, "help.zh.md"] => {
                    guides.entry((*id).to_owned()).or_default().zh = Some(text);
                    Ok(())
                }
                ["mirrors", id, "help.en.md"] => {
                    guides.entry((*id).to_owned()).or_default().en = Some(text);
                    Ok(())
                }
                ["pages", name] => named(path, name).and_then(|(name, lang)| {
                    Page::parse(path, text)
                        .map(|page| drop(content.pages.insert((name, lang), page)))
                }),
                ["news", name] => named(path, name).and_then(|(name, lang)| {
                    News::parse(path, text)
                        .map(|news| drop(content.news.insert((name, lang), news)))
                }),
                _ => Err(Problem::in_file(
                    path,
                    "is not a file that the site reads; expected mirrors/<id>/{mirror.toml,help.zh.md,help.en.md}, pages/, news/ or recorded/",
                )),
            };
            if let Err(problem) = outcome {
                problems.push(problem);
            }
        }
        for (id, texts) in &guides {
            match (texts.zh, texts.en) {
                (Some(zh), Some(en)) => {
                    let (guide, mut wrong) = Guide::parse(id, zh, en);
                    problems.append(&mut wrong);
                    content.guides.extend(guide.map(|guide| (id.clone(), guide)));
                }
                (zh, _) => {
                    let missing = if zh.is_none() { "help.zh.md" } else { "help.en.md" };
                    problems
                        .push(Problem::in_file(&format!("mirrors/{id}/{missing}"), "is missing"));
                }
            }
        }
        content.cross_check(&mut problems);
        content.files = files;
        (content, problems)
    }

    /// What remains for a site of another name: descriptions and guides, but nothing that is true
    /// only of the site the content was written for.
    pub fn into_library(mut self) -> Self {
        for mirror in self.mirrors.values_mut() {
            mirror.file.official = None;
            mirror.file.upstream = None;
            mirror.file.interval = None;
        }
        Self { is_registry: false, pages: BTreeMap::new(), news: BTreeMap::new(), ..self }
    }

    /// What no file can know alone: names that collide, languages that are missing.
    fn cross_check(&self, problems: &mut Vec<Problem>) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for (id, mirror) in &self.mirrors {
            let file = format!("mirrors/{id}/mirror.toml");
            let path = mirror.path();
            let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
            if RESERVED.contains(&first) {
                problems.push(Problem::in_file(
                    &file,
                    format!("/{first} is an address of the site itself; choose another id or path"),
                ));
            }
            for alias in &mirror.file.aliases {
                if self.mirrors.contains_key(alias) {
                    problems.push(Problem::in_file(
                        &file,
                        format!("alias \"{alias}\" is the id of a mirror"),
                    ));
                }
                if let Some(other) = seen.insert(alias.to_lowercase(), id) {
                    problems.push(Problem::in_file(
                        &file,
                        format!("alias \"{alias}\" is also claimed by mirrors/{other}"),
                    ));
                }
            }
        }
        for id in self.guides.keys().filter(|id| !self.mirrors.contains_key(*id)) {
            problems.push(Problem::in_file(
                &format!("mirrors/{id}/mirror.toml"),
                "is missing beside the guide",
            ));
        }
        let both =
            |has: &dyn Fn(Lang) -> bool, folder: &str, name: &str, problems: &mut Vec<Problem>| {
                for lang in Lang::ALL {
                    if !has(lang) {
                        let file = format!("{folder}/{name}.{}.md", short(lang));
                        problems.push(Problem::in_file(
                            &file,
                            "is missing; every page exists in both languages",
                        ));
                    }
                }
            };
        for (name, _) in self.pages.keys() {
            both(&|lang| self.pages.contains_key(&(name.clone(), lang)), "pages", name, problems);
        }
        for (name, _) in self.news.keys() {
            both(&|lang| self.news.contains_key(&(name.clone(), lang)), "news", name, problems);
        }
        problems.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
        problems.dedup();
    }

    /// The id for any spelling: itself, an alias, or the same letters in another case.
    pub fn resolve(&self, name: &str) -> Option<&str> {
        if let Some((id, _)) = self.mirrors.get_key_value(name) {
            return Some(id);
        }
        self.mirrors
            .values()
            .find(|m| {
                m.id.eq_ignore_ascii_case(name)
                    || m.file.aliases.iter().any(|a| a.to_lowercase() == name.to_lowercase())
            })
            .map(|m| m.id.as_str())
    }

    /// News in one language, newest first.
    pub fn news_in(&self, lang: Lang) -> Vec<(&str, &News)> {
        let mut items: Vec<(&str, &News)> = self
            .news
            .iter()
            .filter(|((_, l), _)| *l == lang)
            .map(|((slug, _), news)| (slug.as_str(), news))
            .collect();
        items.sort_by(|a, b| (b.1.date, b.0).cmp(&(a.1.date, a.0)));
        items
    }
}

#[derive(Default)]
struct GuideTexts<'a> {
    zh: Option<&'a str>,
    en: Option<&'a str>,
}

fn short(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "zh",
        Lang::En => "en",
    }
}

/// Splits `faq.zh.md` into name and language.
fn named(path: &str, name: &str) -> Result<(String, Lang), Problem> {
    for lang in Lang::ALL {
        if let Some(stem) = name.strip_suffix(&format!(".{}.md", short(lang))) {
            return Ok((stem.to_owned(), lang));
        }
    }
    Err(Problem::in_file(path, "expected a name ending in .zh.md or .en.md"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(files: &[(&str, &str)]) -> (Content, Vec<String>) {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec().into()))
            .collect();
        let (content, problems) = Content::parse(files);
        (content, problems.iter().map(ToString::to_string).collect())
    }

    const MIRROR: &str = "name = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲。\", en = \"A.\" }\ncategory = \"other\"\n";

    #[test]
    fn the_embedded_content_has_no_problem() {
        let (content, problems) = Content::parse(source::embedded());
        assert!(problems.is_empty(), "{problems:#?}");
        assert!(content.mirrors.len() >= 63 && content.guides.len() >= 8);
    }

    #[test]
    fn every_problem_is_listed_not_only_the_first() {
        let (content, problems) = parse(&[
            ("mirrors/a/mirror.toml", MIRROR),
            ("mirrors/b/mirror.toml", "name = 1\n"),
            ("mirrors/docs/mirror.toml", MIRROR),
            ("pages/about.zh.md", "+++\ntitle = \"t\"\n+++\n"),
            ("stray.txt", ""),
        ]);
        assert!(content.mirrors.contains_key("a"));
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(
            problems.iter().any(|p| p.starts_with("mirrors/b/mirror.toml:1: ")),
            "{problems:#?}"
        );
    }

    #[test]
    fn aliases_resolve_in_any_case_and_may_not_collide() {
        let with = |alias: &str| format!("{MIRROR}aliases = [\"{alias}\"]\n");
        let (content, problems) = parse(&[
            ("mirrors/a/mirror.toml", &with("Alpha")),
            ("mirrors/b/mirror.toml", &with("alpha")),
        ]);
        assert_eq!(content.resolve("ALPHA"), Some("a"));
        assert_eq!(problems.len(), 1, "{problems:#?}");
    }
}
