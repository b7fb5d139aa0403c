//! Every guide in every state of its options.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use app::Lang;
use server::guide::{Place, RenderedPiece, RenderedSnippet};

use crate::harness::TestSite;

const PLACE: Place<'_> = Place { host: "mirror.example", scheme: "https", path: "/here" };

/// What is wrong with a rendered text; `Signed-By` and here-documents suffer from invisible blanks.
fn fault(text: &str, is_code: bool) -> Option<String> {
    for left in ["{{", "}}", "{%", "%}", "%%", "{#"] {
        if text.contains(left) {
            return Some(format!("`{left}` is left"));
        }
    }
    if !is_code {
        return None;
    }
    if text.contains('\r') {
        return Some("a carriage return".to_owned());
    }
    if text.contains('\t') {
        return Some("a tab".to_owned());
    }
    if !text.ends_with('\n') || text.ends_with("\n\n") || text.starts_with('\n') {
        return Some("does not end with one line feed, or starts with one".to_owned());
    }
    text.lines().find(|line| line.ends_with(' ')).map(|line| format!("trailing blank: {line:?}"))
}

#[tokio::test]
async fn every_state_of_every_guide_is_rendered_without_a_trace_of_its_template() {
    let site = TestSite::shared().await;
    let snapshot = site.state().snapshot();
    let mut states = 0;
    let mut shell: BTreeMap<String, String> = BTreeMap::new();
    let mut faults = BTreeSet::new();
    for guide in snapshot.content.guides.values() {
        for selection in guide.selections(&PLACE).unwrap() {
            states += 1;
            let here = || format!("{}?{}", guide.id, guide.canonical_query(&selection));
            let mut by_lang = Vec::new();
            for lang in Lang::ALL {
                let rendered = guide.render(lang, &selection);
                let rendered = rendered.unwrap_or_else(|e| panic!("{}: {e}", here()));
                let mut snippets: Vec<RenderedSnippet> = Vec::new();
                for piece in rendered.pieces {
                    match piece {
                        RenderedPiece::Text(text) => {
                            faults.extend(fault(&text, false).map(|f| format!("{}: {f}", here())));
                        }
                        RenderedPiece::Snippet(snippet) => {
                            // A sample shows what a program prints, tabs included.
                            let found = fault(&snippet.text, true)
                                .filter(|found| !(snippet.show_only && found == "a tab"));
                            faults
                                .extend(found.map(|f| format!("{} {}: {f}", guide.id, snippet.id)));
                            snippets.push(snippet);
                        }
                    }
                }
                by_lang.push(snippets);
            }
            let order = |snippets: &[RenderedSnippet]| -> Vec<RenderedSnippet> {
                let mut sorted = snippets.to_vec();
                sorted.sort_by(|a, b| (&a.id, &a.text).cmp(&(&b.id, &b.text)));
                sorted
            };
            assert_eq!(order(&by_lang[0]), order(&by_lang[1]), "{}", here());
            for snippet in by_lang.swap_remove(0) {
                if ["sh", "bash"].contains(&snippet.language.as_str()) && !snippet.show_only {
                    shell
                        .entry(snippet.text)
                        .or_insert_with(|| format!("{} {}", here(), snippet.id));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(states > 500 && shell.len() > 50, "{states} states, {} scripts", shell.len());
    assert_shell_accepts(&shell);
}

/// Has bash read, and not run, every script; one process starts it all.
fn assert_shell_accepts(scripts: &BTreeMap<String, String>) {
    let folder = tempfile::tempdir().unwrap();
    for (number, script) in scripts.keys().enumerate() {
        std::fs::write(folder.path().join(format!("{number:04}.sh")), script).unwrap();
    }
    let loop_ = "for f in *.sh; do bash -n \"$f\" 2>&1; done";
    let output = Command::new("bash").arg("-c").arg(loop_).current_dir(&folder).output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stdout);
    let named: Vec<String> = complaints
        .lines()
        .map(|line| {
            let number: Option<usize> = line.get(..4).and_then(|n| n.parse().ok());
            let of = number.and_then(|n| scripts.values().nth(n));
            format!("{}: {line}", of.map_or("?", String::as_str))
        })
        .collect();
    assert!(named.is_empty(), "{}", named.join("\n"));
}
