//! Other readings of a query that finds nothing.

use super::query::{Query, Synonyms, Word, split};

/// Words left out in turn at most: each costs a search.
const MAX_LEFT_OUT: usize = 5;

/// The query as it might be spelt elsewhere: `centos7` as `centos 7`, `2404` as `24.04`, `a-b` as `a_b` or `ab`, `rock5b`
/// as `rock-5b`, `notepad++` as `notepad`, and with what [`Query::instead`] knows. Nothing when that makes no difference.
pub fn spelt_otherwise(query: &Query) -> Option<Query> {
    let mut words = Vec::new();
    for word in split(&query.text) {
        match apart(&word) {
            Some((name, version)) if !query.instead.contains_key(&word.text.to_lowercase()) => {
                words.extend([Word::plain(name), Word::plain(version)]);
            }
            _ => words.push(word),
        }
    }
    let mut also = query.also.clone();
    for word in words.iter().filter(|word| word.is_plain()) {
        let text = word.text.to_lowercase();
        let known = query.instead.get(&text).into_iter().flatten().cloned();
        let others: Vec<String> = known.chain(spellings(&text)).collect();
        if !others.is_empty() {
            also.entry(text).or_default().extend(others);
        }
    }
    let other = Query { text: join(&words), also, instead: Synonyms::new(), ..query.clone() };
    (other.text != query.text || other.also != query.also).then_some(other)
}

/// The query without one of its words, for each that may go, with that word; the last first.
pub fn shortened(query: &Query) -> Vec<(String, Query)> {
    let words = split(&query.text);
    let plain: Vec<usize> = (0..words.len()).filter(|&at| words[at].is_plain()).collect();
    if plain.len() < 2 {
        return Vec::new();
    }
    let without = |&left_out: &usize| {
        let rest = words.iter().enumerate().filter(|&(at, _)| at != left_out);
        let text = join(rest.map(|(_, word)| word));
        (words[left_out].text.clone(), Query { text, ..query.clone() })
    };
    plain.iter().rev().take(MAX_LEFT_OUT).map(without).collect()
}

fn join<'a>(words: impl IntoIterator<Item = &'a Word>) -> String {
    words.into_iter().map(Word::source).collect::<Vec<_>>().join(" ")
}

/// The letters and the digits of a word that has both in this order: `centos` and `7` of `centos7`.
fn apart(word: &Word) -> Option<(&str, &str)> {
    let digits = word.text.find(|c: char| c.is_ascii_digit())?;
    let (name, version) = word.text.split_at(digits);
    let is_name = !name.is_empty() && name.chars().all(char::is_alphabetic);
    let is_version = version.chars().all(|c| c.is_ascii_digit() || c == '.');
    (word.is_plain() && is_name && is_version).then_some((name, version))
}

fn spellings(word: &str) -> Vec<String> {
    let mut others = Vec::new();
    // What stays as it is, a version say, keeps a word that is nowhere cheap to look for.
    let marks: &[char] = if word.contains(['-', '_']) { &['-', '_'] } else { &['.'] };
    if word.contains(marks) {
        others.extend(["-", "_", ""].map(|mark| word.replace(marks, mark)));
    } else if let Ok(number) = word.parse::<u16>()
        && word.len() == 4
    {
        others.push(format!("{:02}.{:02}", number / 100, number % 100));
    } else if let Some(digits) = word.find(|c: char| c.is_ascii_digit()).filter(|&at| at > 0) {
        let (name, model) = word.split_at(digits);
        others.extend(["-", "_"].map(|mark| format!("{name}{mark}{model}")));
    }
    others.push(word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned());
    others.retain(|other| other != word && other.len() > 1);
    others
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
            Some((text, also.into_values().flatten().collect::<Vec<_>>().join(" ")))
        };
        let pair = |text: &str, also: &str| Some((text.to_owned(), also.to_owned()));
        assert_eq!(spelt("centos7"), pair("centos 7", ""));
        assert_eq!(spelt("jdk17.0 \"a1\""), pair("jdk 17.0 \"a1\"", "17-0 17_0 170"));
        assert_eq!(spelt("ubuntu2404"), pair("ubuntu 2404", "24.04"));
        assert_eq!(spelt("ubuntu -x86 24.04"), pair("ubuntu -x86 24.04", "24-04 24_04 2404"));
        assert_eq!(spelt("scikit-learn"), pair("scikit-learn", "scikit_learn scikitlearn"));
        assert_eq!(spelt("rock5b notepad++"), pair("rock5b notepad++", "notepad rock-5b rock_5b"));
        assert_eq!(spelt("plain ext:tar.gz size:>1G a*b-c"), None);
    }

    #[test]
    fn what_stands_for_a_word_only_when_nothing_is_found() {
        let instead = Synonyms::from([("amd64".to_owned(), vec!["x86_64".to_owned()])]);
        let other = spelt_otherwise(&Query { instead, ..query("AMD64 iso") }).unwrap();
        assert_eq!(other.text, "AMD64 iso", "what is known is no name with a version");
        assert_eq!(other.also["amd64"][0], "x86_64");
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
    }
}
