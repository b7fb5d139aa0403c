//! Other readings of a query that finds nothing.

use std::sync::Arc;

use super::query::{MAX_TERMS, Query, Synonyms, Word, split};

/// Words left out in turn at most: each costs a search.
const MAX_LEFT_OUT: usize = 5;

/// The query as it might be spelt elsewhere: `centos7` as `centos 7`, `2404` as `24.04`, `a-b` as `a_b` or `ab`, `rock5b`
/// as `rock-5b`, `notepad++` as `notepad`, and with what [`Query::instead`] knows. Nothing when that makes no difference.
pub fn spelt_otherwise(query: &Query) -> Option<Query> {
    let mut words = Vec::new();
    for word in split(&query.text) {
        let is_known = query.instead.contains_key(&word.text.to_lowercase());
        match apart(&word).filter(|_| !is_known) {
            Some(pieces) => words.extend(pieces.into_iter().map(Word::plain)),
            None => words.push(word),
        }
    }
    let mut also = Synonyms::new();
    for word in words.iter().filter(|word| word.is_plain()) {
        let text = word.text.to_lowercase();
        let known = query.instead.get(&text).into_iter().flatten().cloned();
        let others: Vec<String> = known.chain(spellings(&text)).collect();
        if !others.is_empty() {
            also.insert(text, others);
        }
    }
    let text = join(&words);
    if text == query.text && also.is_empty() {
        return None;
    }
    for (word, others) in query.also.iter() {
        also.entry(word.clone()).or_default().extend_from_slice(others);
    }
    Some(Query { text, also: Arc::new(also), instead: Arc::default(), ..query.clone() })
}

/// The query with all that hangs together taken apart: `rocky9-minimal` as `rocky 9 minimal`. Nothing when nothing does.
pub fn in_pieces(query: &Query) -> Option<Query> {
    let mut words = Vec::new();
    for word in split(&query.text) {
        if word.is_plain() && word.text.contains(is_mark) {
            words.extend(pieces(&word.text).map(Word::plain));
        } else {
            words.push(word);
        }
    }
    let text = join(&words);
    // A query of more words would be refused, and every shorter one of it, too.
    let is_other = text != query.text && words.len() <= MAX_TERMS;
    let query = is_other.then(|| Query { text, ..query.clone() })?;
    spelt_otherwise(&query).or(Some(query))
}

/// The query without one of its words, for each that may go, with what is left out; the last first.
pub fn shortened(query: &Query) -> Vec<(String, Query)> {
    let (words, plain) = may_go(query);
    let all = plain.iter().rev().take(MAX_LEFT_OUT);
    all.filter(|_| plain.len() > 1).map(|&at| without(query, &words, &[at])).collect()
}

/// The query without two of its words, as long as two remain; the last first.
pub fn halved(query: &Query) -> Vec<(String, Query)> {
    let (words, plain) = may_go(query);
    if plain.len() < 4 {
        return Vec::new();
    }
    let last: Vec<usize> = plain.into_iter().rev().take(MAX_LEFT_OUT).collect();
    let pairs = (0..last.len()).flat_map(|a| (a + 1..last.len()).map(move |b| (a, b)));
    pairs.map(|(a, b)| without(query, &words, &[last[b], last[a]])).collect()
}

/// The words of a query, and the places of those that may be left out.
fn may_go(query: &Query) -> (Vec<Word>, Vec<usize>) {
    let words = split(&query.text);
    let plain = (0..words.len()).filter(|&at| words[at].is_plain()).collect();
    (words, plain)
}

/// What is left out, and the query without it.
fn without(query: &Query, words: &[Word], left_out: &[usize]) -> (String, Query) {
    let rest = words.iter().enumerate().filter(|(at, _)| !left_out.contains(at));
    let text = join(rest.map(|(_, word)| word));
    let left_out = join(left_out.iter().map(|&at| &words[at]));
    (left_out, Query { text, ..query.clone() })
}

fn join<'a>(words: impl IntoIterator<Item = &'a Word>) -> String {
    words.into_iter().map(Word::source).collect::<Vec<_>>().join(" ")
}

/// Whether a mark holds words together.
fn is_mark(c: char) -> bool {
    matches!(c, '-' | '_' | ':')
}

fn pieces(word: &str) -> impl Iterator<Item = &str> {
    word.split(is_mark).filter(|piece| !piece.is_empty())
}

/// The letters and the versions of a word that begins with letters and has both: `centos` and `7` of `centos7`; `gdb`,
/// `16.3`, `tar` and `xz` of `gdb16.3.tar.xz`.
fn apart(word: &Word) -> Option<Vec<&str>> {
    let text = word.text.as_str();
    let is_version = |c: char| c.is_ascii_digit() || c == '.';
    let is_plain = text.starts_with(char::is_alphabetic)
        && text.chars().all(|c| is_version(c) || c.is_alphabetic());
    if !word.is_plain() || !is_plain {
        return None;
    }
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let changes = |c: char| is_version(c) != is_version(first);
        let (piece, after) = rest.split_at(rest.find(changes).unwrap_or(rest.len()));
        // A lone letter behind a number belongs to it: `rock5b`.
        if !pieces.is_empty() && piece.chars().count() == 1 && first.is_alphabetic() {
            return None;
        }
        pieces.extend(Some(piece.trim_matches('.')).filter(|piece| !piece.is_empty()));
        rest = after;
    }
    let has_version = pieces.iter().any(|piece| piece.starts_with(is_version));
    (pieces.len() > 1 && has_version).then_some(pieces)
}

/// How a word may be spelt in names. What ends with `*` need not end where a word does, for it may still be typed.
fn spellings(word: &str) -> Vec<String> {
    let mut others = Vec::new();
    let start = |text: String| format!("{text}*");
    // What stays as it is, a version say, keeps a word that is nowhere cheap to look for.
    if word.contains(is_mark) {
        let pieces: Vec<&str> = pieces(word).collect();
        others.extend(["-", "_", ""].map(|mark| start(pieces.join(mark))));
        let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
        if stem.len() < word.len() && stem.ends_with(char::is_alphabetic) {
            others.extend(["-", "_"].map(|mark| format!("{stem}{mark}{}", &word[stem.len()..])));
        }
    } else if word.contains('.') {
        others.extend(["-", "_", ""].map(|mark| word.replace('.', mark)));
    } else if word.bytes().all(|byte| byte.is_ascii_digit()) {
        others.extend(versions(word));
    } else if let Some(digits) = word.find(|c: char| c.is_ascii_digit()).filter(|&at| at > 0) {
        let (name, model) = word.split_at(digits);
        others.extend(["-", "_"].map(|mark| format!("{name}{mark}{model}")));
    }
    others.push(word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned());
    others.retain(|other| other.trim_end_matches('*') != word && other.len() > 1);
    others
}

/// What digits may mean without the dots: `24.04` of `2404`, `3.12` of `312`, `4.2` of `42`, `2024.10` of `202410`.
fn versions(digits: &str) -> Vec<String> {
    let cut = |at: usize| format!("{}.{}", &digits[..at], &digits[at..]);
    match digits.len() {
        2 | 3 => vec![cut(1)],
        4 => vec![cut(2)],
        6 => vec![cut(4)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query { text: text.to_owned(), ..Query::default() }
    }

    #[test]
    fn words_are_spelt_as_elsewhere() {
        let spelt = |text: &str| {
            let Query { text, also, .. } = spelt_otherwise(&query(text))?;
            Some((text, also.values().flatten().cloned().collect::<Vec<_>>().join(" ")))
        };
        let pair = |text: &str, also: &str| Some((text.to_owned(), also.to_owned()));
        assert_eq!(spelt("centos7"), pair("centos 7", ""));
        assert_eq!(spelt("blender4.5linux"), pair("blender 4.5 linux", "4-5 4_5 45"));
        assert_eq!(spelt("jdk17.0 \"a1\""), pair("jdk 17.0 \"a1\"", "17-0 17_0 170"));
        assert_eq!(spelt("gdb16.3.tar.xz"), pair("gdb 16.3 tar xz", "16-3 16_3 163"));
        assert_eq!(spelt("readme.txt"), pair("readme.txt", "readme-txt readme_txt readmetxt"));
        assert_eq!(spelt("python312"), pair("python 312", "3.12"));
        assert_eq!(spelt("remi-el9"), pair("remi-el9", "remi_el9* remiel9* remi-el-9 remi-el_9"));
        assert_eq!(spelt("JSON::XS"), pair("JSON::XS", "json-xs* json_xs* jsonxs*"));
        assert_eq!(spelt("ubuntu2404"), pair("ubuntu 2404", "24.04"));
        assert_eq!(spelt("ubuntu -x86 24.04"), pair("ubuntu -x86 24.04", "24-04 24_04 2404"));
        assert_eq!(spelt("scikit-learn"), pair("scikit-learn", "scikit_learn* scikitlearn*"));
        assert_eq!(spelt("rock5b notepad++"), pair("rock5b notepad++", "notepad rock-5b rock_5b"));
        assert_eq!(spelt("plain ext:tar.gz size:>1G a*b-c"), None);
    }

    #[test]
    fn what_stands_for_a_word_only_when_nothing_is_found() {
        let instead = Arc::new(Synonyms::from([("amd64".to_owned(), vec!["x86_64".to_owned()])]));
        let other = spelt_otherwise(&Query { instead, ..query("AMD64 iso") }).unwrap();
        assert_eq!(other.text, "AMD64 iso", "what is known is no name with a version");
        assert_eq!(other.also["amd64"][0], "x86_64");
    }

    #[test]
    fn what_hangs_together_is_taken_apart() {
        let pieces = |text: &str| in_pieces(&query(text)).map(|query| query.text);
        assert_eq!(pieces("rocky9-minimal ext:iso"), Some("rocky 9 minimal ext:iso".to_owned()));
        assert_eq!(pieces("debian_live-kde"), Some("debian live kde".to_owned()));
        assert_eq!(pieces("a-b-c-d-e-f-g-h i"), None, "too many words");
        assert_eq!(pieces("plain -x \"a-b\""), None);
    }

    #[test]
    fn words_are_left_out_and_filters_are_not() {
        let left = |text: &str| {
            let shortened = shortened(&query(text)).into_iter();
            shortened.map(|(word, query)| format!("{word}: {}", query.text)).collect::<Vec<_>>()
        };
        assert_eq!(
            left("a \"b c\" -d ext:iso e"),
            ["e: a \"b c\" -d ext:iso", "a: \"b c\" -d ext:iso e"]
        );
        assert!(left("alone").is_empty() && left("alone mirror:x -y").is_empty());
        assert_eq!(left("1 2 3 4 5 6 7").len(), MAX_LEFT_OUT);
        let two = |text: &str| {
            let halved = halved(&query(text)).into_iter();
            halved.map(|(words, query)| format!("{words}: {}", query.text)).collect::<Vec<_>>()
        };
        assert!(two("a b c ext:iso").is_empty());
        let pairs = ["c d: a b", "b d: a c", "a d: b c", "b c: a d", "a c: b d", "a b: c d"];
        assert_eq!(two("a b c d"), pairs);
    }
}
