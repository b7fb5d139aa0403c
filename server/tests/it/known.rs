//! What people type, and the file that they mean: most of them must see it first.

use std::{collections::BTreeMap, fmt::Write as _};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use server::index::{self, FileRecord, Index};

use crate::harness::{TestSite, now};

const TREE: &str = include_str!("../fixtures/search/tree.txt");
const KNOWN: &str = include_str!("../fixtures/search/known.tsv");
const LARGER_TREE: &str = include_str!("../fixtures/search/larger-tree.txt");
const LARGER: &str = include_str!("../fixtures/search/larger.tsv");
const LATER_TREE: &str = include_str!("../fixtures/search/later-tree.txt");
const LATER: &str = include_str!("../fixtures/search/later.tsv");
const STUDENTS_TREE: &str = include_str!("../fixtures/search/students-tree.txt");
const STUDENTS: &str = include_str!("../fixtures/search/students.tsv");
const PACKAGES_TREE: &str = include_str!("../fixtures/search/packages-tree.txt");
const PACKAGES: &str = include_str!("../fixtures/search/packages.tsv");
const FAIR_TREE: &str = include_str!("../fixtures/search/fair-tree.txt");
const FAIR: &str = include_str!("../fixtures/search/fair.tsv");

/// Shares of queries that must be answered, in percent.
struct Share {
    first: usize,
    among_five: usize,
}

/// Where the brace at the start of `text` closes.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let closes = |(at, c): (usize, char)| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        (depth == 0).then_some(at)
    };
    text.char_indices().find_map(closes).expect("a brace that closes")
}

/// Cuts at commas outside of inner braces.
fn choices(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            found.push(&text[start..at]);
            start = at + 1;
        }
    }
    found.push(&text[start..]);
    found
}

/// Writes out a line of `tree.txt`, from left to right.
fn expand(line: &str, named: &BTreeMap<String, String>, out: &mut Vec<String>) {
    let Some(open) = line.find('{') else { return out.push(line.to_owned()) };
    let close = open + closing(&line[open..]);
    let (before, inside, after) = (&line[..open], &line[open + 1..close], &line[close + 1..]);
    if let Some(value) = named.get(inside) {
        return expand(&format!("{before}{value}{after}"), named, out);
    }
    let (name, values) = match inside.split_once('=') {
        Some((name, values)) if name.len() == 1 => (Some(name), values),
        _ => (None, inside),
    };
    for value in choices(values) {
        let mut named = named.clone();
        if let Some(name) = name {
            let numbers: Vec<&str> = value.splitn(3, '.').collect();
            named.insert(format!("{name}/2"), numbers[..numbers.len().min(2)].join("."));
            named.insert(name.to_owned(), value.to_owned());
        }
        expand(&format!("{before}{value}{after}"), &named, out);
    }
}

/// Whether this is what may stand behind a file or folder.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

fn paths(trees: &[&str]) -> Vec<String> {
    let mut paths = Vec::new();
    for line in trees.iter().flat_map(|tree| tree.lines()).filter(|line| !line.starts_with('#')) {
        expand(line, &BTreeMap::new(), &mut paths);
    }
    paths
}

#[tokio::test]
async fn people_find_the_file_they_mean() {
    score(&[TREE], KNOWN, Share { first: 90, among_five: 98 }).await;
}

#[tokio::test]
async fn people_find_the_file_they_mean_in_a_larger_tree() {
    score(&[TREE, LARGER_TREE], LARGER, Share { first: 90, among_five: 98 }).await;
}

#[tokio::test]
async fn people_find_what_was_asked_for_later() {
    score(&[TREE, LARGER_TREE, LATER_TREE], LATER, Share { first: 90, among_five: 98 }).await;
}

#[tokio::test]
async fn students_in_a_hurry_find_theirs() {
    score(&[STUDENTS_TREE], STUDENTS, Share { first: 90, among_five: 96 }).await;
}

#[tokio::test]
async fn packages_and_repositories_are_found() {
    score(&[PACKAGES_TREE], PACKAGES, Share { first: 90, among_five: 98 }).await;
}

#[tokio::test]
async fn a_fair_sample_of_a_day_is_answered() {
    score(&[FAIR_TREE], FAIR, Share { first: 90, among_five: 98 }).await;
}

#[expect(clippy::print_stderr, reason = "the score is worth reading when it is good, too")]
async fn score(trees: &[&str], known: &str, share: Share) {
    let config = "[search]\nper_minute = 1000000\nburst = 100000\n";
    let site = TestSite::builder().config(config).start().await;
    let folder = site.state().config().index_folder();
    let paths = paths(trees);
    let records = paths.iter().map(|path| {
        Ok(FileRecord { path: path.clone().into_bytes(), size: 1, mtime: 0, is_dir: false })
    });
    index::build(&folder, &[], records, now().as_second(), &mut |_| {}).unwrap();
    site.state().set_index(Index::open(&folder).unwrap());
    let (mut queries, mut first, mut among_five) = (0, 0, 0);
    let mut report = String::new();
    for line in known.lines().filter(|line| !line.starts_with('#')) {
        let (query, wanted) = line.split_once('\t').expect("a query and its file");
        let wanted: Vec<&str> = wanted.split(' ').collect();
        for path in &wanted {
            let is_here = |known: &String| known.strip_prefix(path).is_some_and(is_end);
            assert!(paths.iter().any(is_here), "{path} is not in tree.txt");
        }
        let q = utf8_percent_encode(query, NON_ALPHANUMERIC);
        let answer = site.get(&format!("/api/v1/files?q={q}&limit=5")).await.is(200).json();
        let hits = answer["hits"].as_array().unwrap();
        let path = |hit: &serde_json::Value| hit["path"].as_str().unwrap().to_owned();
        let hits: Vec<String> = hits.iter().map(path).collect();
        let place = hits.iter().position(|hit| wanted.contains(&hit.trim_matches('/')));
        queries += 1;
        first += usize::from(place == Some(0));
        among_five += usize::from(place.is_some());
        if place != Some(0) {
            writeln!(report, "{query}: {place:?} of {hits:#?}").unwrap();
        }
    }
    eprintln!("{report}{queries} queries: {first} first, {among_five} among the first five");
    assert!(queries >= 120 && paths.len() > 1500, "{queries} queries, {} paths", paths.len());
    assert!(first * 100 >= queries * share.first, "{first} of {queries}\n{report}");
    assert!(among_five * 100 >= queries * share.among_five, "{among_five} of {queries}\n{report}");
}
