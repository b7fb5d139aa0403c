//! Everything under `content/`, read at once, with every mistake listed.

pub mod front_matter;
pub mod lexicon;
pub mod lint;
pub mod markdown;
pub mod mirror;
pub mod problem;
pub mod prose;
pub mod releases;
pub mod removed;
pub mod source;
pub mod topic;
pub mod verified;

use std::{collections::BTreeMap, path::Path};

use app::Lang;

use crate::guide::Guide;
use lexicon::Lexicon;
use mirror::{MirrorFacts, RESERVED};
use problem::Problem;
use prose::{News, Page};
use releases::Releases;
use removed::Removed;
use source::{Files, LARGEST};
use topic::TopicFacts;
use verified::Verified;

/// The content of a site.
#[derive(Debug, Default)]
pub struct Content {
    /// Mirrors by id.
    pub mirrors: BTreeMap<String, MirrorFacts>,
    /// Guides that belong to no mirror, by id.
    pub topics: BTreeMap<String, TopicFacts>,
    /// Guides by the id of their mirror or topic.
    pub guides: BTreeMap<String, Guide>,
    /// Pages by name and language.
    pub pages: BTreeMap<(String, Lang), Page>,
    /// News by slug and language.
    pub news: BTreeMap<(String, Lang), News>,
    /// When releases of distributions end.
    pub releases: Releases,
    /// Which client accepted which snippet.
    pub verified: Verified,
    /// Mirrors that are gone, by id.
    pub removed: BTreeMap<String, Removed>,
    /// Words of visitors that files do not hold.
    pub lexicon: Lexicon,
    /// Whether the folder is the list of mirrors; otherwise it only describes those that a backend
    /// or the disk has.
    pub is_registry: bool,
    /// Agreed names by the names that single sites use, in the form of `cname.json` of
    /// mirrorz-org/mirrorz-config; what folders say themselves comes first.
    pub cnames: BTreeMap<String, String>,
    /// Other files, for `content:///…` addresses of backends.
    pub files: Files,
}

impl Content {
    /// Reads all of it; what is broken is left out and reported.
    pub fn parse(files: Files) -> (Self, Vec<Problem>) {
        let mut content = Self { is_registry: true, ..Self::default() };
        let mut problems = Vec::new();
        let mut guides: BTreeMap<String, GuideTexts<'_>> = BTreeMap::new();
        let mut links = Vec::new();
        for (path, bytes) in &files {
            let text = match readable(path, bytes) {
                Ok(text) => text,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            if Path::new(path).extension().is_some_and(|extension| extension == "md") {
                let (mut wrong, mut found) = lint::read(path, text);
                problems.append(&mut wrong);
                links.append(&mut found);
            }
            let segments: Vec<&str> = path.split('/').collect();
            let outcome = match segments.as_slice() {
                ["releases.toml"] => {
                    Releases::parse(path, text).map(|releases| content.releases = releases)
                }
                ["verified.json"] => {
                    verified::parse(path, text).map(|verified| content.verified = verified)
                }
                ["site.toml"] | ["recorded", _] => Ok(()),
                ["cname.json"] => serde_json::from_str(text)
                    .map(|cnames| content.cnames = cnames)
                    .map_err(|error| Problem::at(path, error.line(), error.to_string())),
                ["removed.toml"] => {
                    removed::parse(path, text).map(|removed| content.removed = removed)
                }
                ["search.toml"] => {
                    Lexicon::parse(path, text).map(|lexicon| content.lexicon = lexicon)
                }
                ["mirrors", id, "mirror.toml"] => MirrorFacts::parse(id, path, text)
                    .map(|mirror| drop(content.mirrors.insert((*id).to_owned(), mirror))),
                ["guides", id, "guide.toml"] => TopicFacts::parse(id, path, text)
                    .map(|topic| drop(content.topics.insert((*id).to_owned(), topic))),
                ["mirrors" | "guides", _, name @ ("help.zh.md" | "help.en.md")] => {
                    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                    let texts = guides.entry(folder.to_owned()).or_default();
                    if *name == "help.zh.md" {
                        texts.zh = Some(text);
                    } else {
                        texts.en = Some(text);
                    }
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
                    "is not a file that the site reads; expected mirrors/<id>/{mirror.toml,help.zh.md,help.en.md}, guides/<id>/{guide.toml,help.zh.md,help.en.md}, pages/, news/, recorded/, cname.json, search.toml or removed.toml",
                )),
            };
            if let Err(problem) = outcome {
                problems.push(problem);
            }
        }
        for (folder, texts) in &guides {
            match (texts.zh, texts.en) {
                (Some(zh), Some(en)) => {
                    let (guide, mut wrong) = Guide::parse(folder, zh, en);
                    problems.append(&mut wrong);
                    content.guides.extend(guide.map(|guide| (guide.id.clone(), guide)));
                }
                (zh, _) => {
                    let missing = if zh.is_none() { "help.zh.md" } else { "help.en.md" };
                    problems.push(Problem::in_file(&format!("{folder}/{missing}"), "is missing"));
                }
            }
        }
        let releases = &content.releases;
        for guide in content.guides.values_mut() {
            guide.date_releases(releases, &mut problems);
        }
        problems.extend(links.iter().filter_map(|link| lint::check(&content, link)));
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
        self.guides.retain(|id, _| self.mirrors.contains_key(id));
        self.topics.clear();
        Self {
            is_registry: false,
            pages: BTreeMap::new(),
            news: BTreeMap::new(),
            removed: BTreeMap::new(),
            ..self
        }
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
            for alias in mirror.other_names() {
                if alias != id && self.mirrors.contains_key(alias) {
                    problems.push(Problem::in_file(
                        &file,
                        format!("alias \"{alias}\" is the id of a mirror"),
                    ));
                }
                if let Some(other) = seen.insert(alias.to_lowercase(), id)
                    && other != id
                {
                    problems.push(Problem::in_file(
                        &file,
                        format!("alias \"{alias}\" is also claimed by mirrors/{other}"),
                    ));
                }
            }
        }
        self.check_topics(&mut seen, problems);
        for guide in self.guides.values() {
            let (facts, is_there) = match guide.folder.split_once('/') {
                Some(("guides", id)) => ("guide.toml", self.topics.contains_key(id)),
                _ => ("mirror.toml", self.mirrors.contains_key(&guide.id)),
            };
            if !is_there {
                let file = format!("{}/{facts}", guide.folder);
                problems.push(Problem::in_file(&file, "is missing beside the guide"));
            }
        }
        for id in self.lexicon.mirror_ids().filter(|id| !self.mirrors.contains_key(*id)) {
            problems.push(Problem::in_file("search.toml", format!("there is no mirror \"{id}\"")));
        }
        for removed in self.removed.values() {
            let file = "removed.toml";
            if self.mirrors.contains_key(&removed.id) {
                problems.push(Problem::in_file(file, format!("\"{}\" is a mirror", removed.id)));
            }
            if let Some(id) = removed.instead.as_ref().filter(|id| !self.mirrors.contains_key(*id))
            {
                problems.push(Problem::in_file(file, format!("there is no mirror \"{id}\"")));
            }
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

    fn check_topics<'a>(
        &'a self,
        seen: &mut BTreeMap<String, &'a str>,
        problems: &mut Vec<Problem>,
    ) {
        for (id, topic) in &self.topics {
            let file = format!("guides/{id}/guide.toml");
            for name in std::iter::once(id).chain(&topic.file.aliases) {
                if self.resolve(name).is_some() {
                    let message = format!("\"{name}\" is a mirror already");
                    problems.push(Problem::in_file(&file, message));
                }
                if seen.insert(name.to_lowercase(), id).is_some() {
                    let message = format!("\"{name}\" is also claimed by another guide or mirror");
                    problems.push(Problem::in_file(&file, message));
                }
            }
            if !self.guides.contains_key(id) {
                let message = "is missing; a guide without a mirror is nothing but its help";
                problems.push(Problem::in_file(&format!("guides/{id}/help.zh.md"), message));
            }
        }
    }

    /// The guide without a mirror of that name, in any spelling.
    pub fn topic(&self, name: &str) -> Option<&TopicFacts> {
        self.topics.values().find(|topic| topic.is_called(name))
    }

    /// Path of the tree that a guide is about; nothing where there is none.
    pub fn path_of(&self, guide: &Guide) -> String {
        self.mirrors.get(&guide.id).map_or_else(String::new, MirrorFacts::path)
    }

    /// The id for any spelling: itself, an alias, the agreed name, or the same letters in another
    /// case.
    pub fn resolve(&self, name: &str) -> Option<&str> {
        if let Some((id, _)) = self.mirrors.get_key_value(name) {
            return Some(id);
        }
        self.mirrors
            .values()
            .find(|m| {
                m.id.eq_ignore_ascii_case(name)
                    || m.other_names().any(|other| other.to_lowercase() == name.to_lowercase())
            })
            .map(|m| m.id.as_str())
    }

    /// The id for the name and place that a backend gives a mirror: that of a folder if there is one,
    /// otherwise the agreed name.
    pub fn identify<'a>(&'a self, name: &'a str, path: Option<&str>) -> &'a str {
        let agreed = self.cnames.get(name).map_or(name, String::as_str);
        let at_path = || self.mirrors.values().find(|m| Some(m.path().as_str()) == path);
        self.resolve(name)
            .or_else(|| self.resolve(agreed))
            .or_else(|| at_path().map(|m| m.id.as_str()))
            .unwrap_or(agreed)
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

/// The text of a file that may be read.
///
/// # Errors
/// A file that is too large or no text, with the line where it ceases to be.
fn readable<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, Problem> {
    if bytes.len() > LARGEST && !path.starts_with("recorded/") {
        let message = format!("is larger than {} kB; texts are not", LARGEST / 1024);
        return Err(Problem::in_file(path, message));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + memchr::memchr_iter(b'\n', good).count();
        Problem::at(path, line, "is not UTF-8")
    })
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
    fn what_contributors_get_wrong_is_named_with_its_line() {
        const TOPIC: &str =
            "name = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲。\", en = \"A.\" }\n";
        let page = |text: &str| format!("+++\ntitle = \"t\"\n+++\n{text}");
        let huge = "x".repeat(10 << 20);
        let both = |text: &str| vec![("pages/p.zh.md", page(text)), ("pages/p.en.md", page(""))];
        let guide = |zh: &str, en: &str| {
            vec![
                ("guides/g/guide.toml", TOPIC.to_owned()),
                ("guides/g/help.zh.md", page(zh)),
                ("guides/g/help.en.md", page(en)),
            ]
        };
        let block = "```sh id=a run=user\nx\n```\n";
        for (files, said) in [
            (
                both(
                    "[x](/docs/a) [y](/a/b) [z](/en/docs/A.md?x=1) [w](/status) [v](https://e.example/)",
                ),
                "",
            ),
            (
                both("\n[x](/docs/nothing)"),
                "pages/p.zh.md:5: /docs/nothing: there is no mirror or guide",
            ),
            (
                both("[x](/nothing/b)"),
                "pages/p.zh.md:4: /nothing/b: no page of the site and below no mirror",
            ),
            (both("[x](/news/none)"), "pages/p.zh.md:4: /news/none: there is no such news"),
            (
                both("[x](debian)"),
                "pages/p.zh.md:4: debian: a link to a page of the site starts with /",
            ),
            (both("[x](javascript:a)"), "pages/p.zh.md:4: javascript:a: links have http"),
            (
                both("<script>alert(1)</script>"),
                "pages/p.zh.md:4: `<script>alert(1)</script>`: HTML",
            ),
            (both(&huge), "pages/p.zh.md: is larger than 1024 kB"),
            (guide(block, "```use id=a\n```\n"), ""),
            (guide(block, "```use id=b\n```\n"), "guides/g/help.en.md:4: use id=b: no such block"),
            (guide(block, ""), "guides/g/help.en.md: never uses the block `a`; add an empty fence"),
            (vec![("guides/g/guide.toml", TOPIC.to_owned())], "guides/g/help.zh.md: is missing"),
            (
                vec![("guides/a/guide.toml", TOPIC.to_owned())],
                "guides/a/guide.toml: \"a\" is a mirror already",
            ),
            (
                vec![("guides/g/help.zh.md", page("")), ("guides/g/help.en.md", page(""))],
                "guides/g/guide.toml: is missing",
            ),
        ] {
            let mut all = vec![("mirrors/a/mirror.toml", MIRROR)];
            all.extend(files.iter().map(|(path, text)| (*path, text.as_str())));
            let (_, problems) = parse(&all);
            if said.is_empty() {
                assert_eq!(problems, [""; 0]);
            } else {
                assert!(problems.iter().any(|p| p.starts_with(said)), "{said}: {problems:#?}");
            }
        }
    }

    #[test]
    fn a_file_that_is_no_text_is_named_with_the_line() {
        let bytes = b"+++\ntitle = \"\xff\"\n+++\n".to_vec();
        let (_, problems) = Content::parse([("pages/p.zh.md".to_owned(), bytes.into())].into());
        assert_eq!(problems[0].to_string(), "pages/p.zh.md:2: is not UTF-8");
    }

    #[test]
    fn a_backend_may_call_a_mirror_by_its_own_name_or_place() {
        let with = |more: &str| format!("{MIRROR}{more}\n");
        let (content, problems) = parse(&[
            ("mirrors/arch/mirror.toml", &with("cname = \"archlinux\"")),
            ("mirrors/rosdistro/mirror.toml", &with("path = \"/git/rosdistro\"")),
            (
                "cname.json",
                "{\"Arch Linux\": \"archlinux\", \"debian-multimedia\": \"deb-multimedia\"}",
            ),
        ]);
        assert_eq!(problems, Vec::<String>::new());
        for (name, path, id) in [
            ("archlinux", None, "arch"),
            ("Arch Linux", None, "arch"),
            ("ros.git", Some("/git/rosdistro"), "rosdistro"),
            ("debian-multimedia", None, "deb-multimedia"),
            ("deb-multimedia", Some("/elsewhere"), "deb-multimedia"),
            ("nobody", None, "nobody"),
        ] {
            assert_eq!(content.identify(name, path), id, "{name}");
        }
        let (_, problems) = parse(&[
            ("mirrors/a/mirror.toml", &with("cname = \"b\"")),
            ("mirrors/b/mirror.toml", MIRROR),
            ("cname.json", "[]"),
        ]);
        assert_eq!(problems.len(), 2, "{problems:#?}");
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
