//! Words that visitors type and files do not hold: Chinese names of mirrors, Chinese words for
//! which files have English ones, and words that say nothing (`content/search.toml`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;

use super::problem::Problem;
use crate::index::{Kind, Synonyms};

/// `search.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    mirrors: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    words: BTreeMap<String, String>,
    #[serde(default)]
    noise: Noise,
    #[serde(default)]
    also: Synonyms,
    #[serde(default)]
    instead: Synonyms,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Noise {
    words: Vec<String>,
    /// These say that a file is wanted.
    files: Vec<String>,
    /// These say that a folder is wanted.
    folders: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    /// Mirrors, and the word that names of files elsewhere have for it.
    Mirrors(Vec<String>, Option<String>),
    Word(String),
    Noise(Option<Kind>),
}

/// The dictionary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lexicon {
    meanings: HashMap<String, Meaning>,
    /// Letters of the longest word.
    longest: usize,
    also: Arc<Synonyms>,
    instead: Arc<Synonyms>,
}

/// A query as the dictionary reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The words to look for.
    pub text: String,
    /// Ids of the mirrors meant; empty for all.
    pub mirrors: Vec<String>,
    /// The words to look for in all mirrors when these have nothing, if there is a word for each mirror named.
    pub anywhere: Option<String>,
    /// What is wanted, if a word says so.
    pub kind: Option<Kind>,
    /// What may stand for words.
    pub also: Arc<Synonyms>,
    /// The same, when nothing is found without.
    pub instead: Arc<Synonyms>,
}

impl Lexicon {
    /// Reads `search.toml`; words must not be blank and have no blanks in them.
    pub fn parse(path: &str, text: &str) -> Result<Self, Problem> {
        let mut file: File =
            toml::from_str(text).map_err(|error| Problem::toml(path, text, 1, &error))?;
        let mirrors: Vec<_> = std::mem::take(&mut file.mirrors)
            .into_iter()
            .map(|(word, ids)| {
                let other = file.words.remove(&word);
                (word, Meaning::Mirrors(ids, other))
            })
            .collect();
        let words = file.words.into_iter().map(|(word, other)| (word, Meaning::Word(other)));
        let Noise { words: others, files, folders } = file.noise;
        let noise = |words: Vec<String>, kind| {
            words.into_iter().map(move |word| (word, Meaning::Noise(kind)))
        };
        let noise = noise(others, None)
            .chain(noise(files, Some(Kind::File)))
            .chain(noise(folders, Some(Kind::Folder)));
        let synonyms = file.also.iter().chain(&file.instead);
        for word in synonyms.flat_map(|(word, others)| std::iter::once(word).chain(others)) {
            if word.is_empty() || word.contains(char::is_whitespace) || *word != word.to_lowercase()
            {
                return Err(Problem::in_file(
                    path,
                    format!("\"{word}\": expected one word in small letters"),
                ));
            }
        }
        let (also, instead) = (Arc::new(file.also), Arc::new(file.instead));
        let mut lexicon = Self { also, instead, ..Self::default() };
        for (word, meaning) in mirrors.into_iter().chain(words).chain(noise) {
            if word.is_empty() || word.is_ascii() || word.contains(char::is_whitespace) {
                return Err(Problem::in_file(
                    path,
                    format!("\"{word}\": expected one word with letters beyond ASCII"),
                ));
            }
            lexicon.longest = lexicon.longest.max(word.chars().count());
            if lexicon.meanings.insert(word.clone(), meaning).is_some() {
                return Err(Problem::in_file(path, format!("\"{word}\" is said twice")));
            }
        }
        Ok(lexicon)
    }

    /// Ids of mirrors that are named.
    pub fn mirror_ids(&self) -> impl Iterator<Item = &str> {
        self.meanings
            .values()
            .flat_map(|meaning| match meaning {
                Meaning::Mirrors(ids, _) => ids.as_slice(),
                _ => &[],
            })
            .map(String::as_str)
    }

    /// Replaces what it knows in a query. Words that are not wholly known stay as they were typed,
    /// and so does a query of nothing but noise.
    pub fn read(&self, text: &str) -> Reading {
        let mut words: Vec<String> = Vec::new();
        // The same, with words for the mirrors, as long as there are some.
        let mut all_words: Vec<String> = Vec::new();
        let mut has_words = true;
        let mut mirrors: Vec<String> = Vec::new();
        let mut kind = None;
        for word in text.split_whitespace() {
            let pieces = if word.is_ascii() || word.contains('"') { None } else { self.cut(word) };
            let Some(pieces) = pieces else {
                words.push(word.to_owned());
                all_words.push(word.to_owned());
                continue;
            };
            for piece in pieces {
                match piece {
                    Piece::Known(Meaning::Mirrors(ids, other)) => {
                        narrow(&mut mirrors, ids);
                        has_words &= other.is_some();
                        all_words.extend(other.clone());
                    }
                    Piece::Known(Meaning::Word(other)) => {
                        words.push(other.clone());
                        all_words.push(other.clone());
                    }
                    Piece::Known(Meaning::Noise(says)) => kind = says.or(kind),
                    Piece::Ascii(text) => {
                        words.push(text.to_owned());
                        all_words.push(text.to_owned());
                    }
                }
            }
        }
        if words.is_empty() && mirrors.is_empty() {
            words.push(text.to_owned());
        }
        // Blanks within quotation marks are kept.
        let text = if text.is_ascii() { text.to_owned() } else { words.join(" ") };
        let anywhere = (!mirrors.is_empty() && has_words).then(|| all_words.join(" "));
        let (also, instead) = (Arc::clone(&self.also), Arc::clone(&self.instead));
        Reading { text, mirrors, anywhere, kind, also, instead }
    }

    /// Cuts a word into known words, the longest first, and runs of ASCII; nothing when something
    /// else remains.
    fn cut<'a>(&'a self, word: &'a str) -> Option<Vec<Piece<'a>>> {
        let mut pieces = Vec::new();
        // Where the run of ASCII before `at` starts.
        let (mut start, mut at) = (0, 0);
        while at < word.len() {
            let known = self.known_at(&word[at..]);
            if known.is_none() && word.as_bytes()[at].is_ascii() {
                at += 1;
                continue;
            }
            let (length, meaning) = known?;
            pieces.extend((start < at).then(|| Piece::Ascii(&word[start..at])));
            pieces.push(Piece::Known(meaning));
            at += length;
            start = at;
        }
        pieces.extend((start < at).then(|| Piece::Ascii(&word[start..at])));
        Some(pieces)
    }

    /// The longest known word at the start of a text, and its length in bytes. It may begin with ASCII: `64位`.
    fn known_at(&self, text: &str) -> Option<(usize, &Meaning)> {
        let ends: Vec<usize> =
            text.char_indices().map(|(at, c)| at + c.len_utf8()).take(self.longest).collect();
        let meaning = |end: usize| self.meanings.get(text[..end].to_ascii_lowercase().as_str());
        ends.into_iter().rev().find_map(|end| Some((end, meaning(end)?)))
    }
}

enum Piece<'a> {
    Known(&'a Meaning),
    Ascii(&'a str),
}

/// Two names narrow each other where they can: `容器 内核` names no mirror that is both, so either.
fn narrow(mirrors: &mut Vec<String>, ids: &[String]) {
    let both: Vec<String> = mirrors.iter().filter(|id| ids.contains(id)).cloned().collect();
    if both.is_empty() {
        mirrors.extend_from_slice(ids);
    } else {
        *mirrors = both;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[mirrors]\n\"乌班图\" = [\"ubuntu\", \"ubuntu-releases\"]\n\"内核\" = [\"kernel\"]\n[words]\n\"桌面版\" = \"desktop\"\n[noise]\nwords = [\"源\", \"清华源\", \"镜像\"]\n";

    fn read(text: &str) -> (String, Vec<String>) {
        let reading = Lexicon::parse("search.toml", FILE).unwrap().read(text);
        (reading.text, reading.mirrors)
    }

    #[test]
    fn known_words_are_replaced_and_others_kept() {
        let ubuntu = ["ubuntu".to_owned(), "ubuntu-releases".to_owned()];
        assert_eq!(
            read("乌班图桌面版 24.04 iso"),
            ("desktop 24.04 iso".to_owned(), ubuntu.to_vec())
        );
        assert_eq!(read("乌班图源"), (String::new(), ubuntu.to_vec()));
        assert_eq!(read("pip清华源"), ("pip".to_owned(), Vec::new()));
        assert_eq!(read("linux 内核"), ("linux".to_owned(), vec!["kernel".to_owned()]));
        assert_eq!(read("乌班图 内核").1.len(), 3);
    }

    #[test]
    fn words_may_stand_for_others_and_mirrors_be_words_after_all() {
        let more =
            "[also]\nwindows = [\".exe\"]\n[instead]\namd64 = [\"x64\"]\ndesktop = [\"gui\"]\n";
        let file = FILE.replace("[noise]", "\"内核\" = \"linux\"\n[noise]") + more;
        let lexicon = Lexicon::parse("search.toml", &file).unwrap();
        let reading = lexicon.read("Windows 桌面版  amd64");
        assert_eq!(reading.also["windows"], [".exe"]);
        assert_eq!(reading.instead.keys().collect::<Vec<_>>(), ["amd64", "desktop"]);
        assert_eq!(reading.anywhere, None);
        let reading = lexicon.read("安卓 内核 6.1");
        assert_eq!((reading.text.as_str(), reading.mirrors.len()), ("安卓 6.1", 1));
        assert_eq!(reading.anywhere.as_deref(), Some("安卓 linux 6.1"));
        assert_eq!(lexicon.read("乌班图 内核").anywhere, None);
        assert!(
            Lexicon::parse("x", "[also]\nWindows = []\n")
                .unwrap_err()
                .to_string()
                .contains("small letters")
        );
    }

    #[test]
    fn words_that_name_nothing_may_say_what_is_wanted() {
        let file = "[noise]\nwords = [\"源\"]\nfiles = [\"下载\"]\nfolders = [\"目录\"]\n";
        let lexicon = Lexicon::parse("search.toml", file).unwrap();
        let read = |text: &str| {
            let Reading { text, kind, .. } = lexicon.read(text);
            (text, kind)
        };
        assert_eq!(read("a 下载"), ("a".to_owned(), Some(Kind::File)));
        assert_eq!(read("a源目录"), ("a".to_owned(), Some(Kind::Folder)));
        let lexicon = Lexicon::parse("search.toml", "[words]\n\"64位\" = \"64bit\"\n").unwrap();
        assert_eq!(lexicon.read("Win64位 64").text, "Win 64bit 64");
        assert_eq!(read("a 源"), ("a".to_owned(), None));
    }

    #[test]
    fn what_is_not_wholly_known_stays() {
        assert_eq!(read("镜像手册.pdf"), ("镜像手册.pdf".to_owned(), Vec::new()));
        assert_eq!(read("清华源"), ("清华源".to_owned(), Vec::new()), "all noise is a word again");
        assert_eq!(read("\"乌班图\""), ("\"乌班图\"".to_owned(), Vec::new()));
        assert_eq!(read("ext:iso -beta"), ("ext:iso -beta".to_owned(), Vec::new()));
    }

    #[test]
    fn mistakes_are_named() {
        let message = |text: &str| Lexicon::parse("search.toml", text).unwrap_err().to_string();
        assert!(message("[words]\n\"desktop\" = \"x\"\n").contains("beyond ASCII"));
        assert!(message("[noise]\nwords = [\"源\", \"源\"]\n").contains("twice"));
        assert!(message("[word]\n").contains("search.toml:1"));
    }
}
