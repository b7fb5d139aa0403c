//! The file index follows the runs of mirrors.

use jiff::SignedDuration;
use server::{
    index::{Index, Query},
    reindex::Reindexer,
};

use crate::harness::{TestSite, few, file, now};

fn found(site: &TestSite, text: &str) -> Vec<String> {
    let index = Index::open(&site.state().config().index_folder()).unwrap();
    let answer = index.search(&Query { text: text.to_owned(), ..Query::default() }).unwrap();
    answer.hits.into_iter().map(|hit| hit.path).collect()
}

#[tokio::test]
async fn a_finished_run_brings_the_new_files_of_that_mirror_alone() {
    let make = |root: &std::path::Path| {
        file(&root.join("alpha/old.iso"), "x");
        file(&root.join("beta/old.iso"), "x");
    };
    let site = few().tree(make).indexed().start().await;
    let root = site.state().config().root();
    file(&root.join("alpha/new.iso"), "x");
    file(&root.join("beta/new.iso"), "x");
    std::fs::remove_file(root.join("alpha/old.iso")).unwrap();
    let finish = |id: &'static str, hours: i64| {
        let at = now() + SignedDuration::from_hours(hours);
        site.publish(at, |mirrors| {
            for mirror in mirrors {
                let success = if mirror.id == id { Some(at) } else { None };
                mirror.last_success = success;
            }
        });
        at
    };
    let mut reindexer = Reindexer::default();
    let at = finish("alpha", -1);
    assert!(reindexer.look(site.state(), at).await.is_empty(), "that run was before the index");
    let at = finish("alpha", 1);
    assert_eq!(reindexer.look(site.state(), at).await, ["alpha"]);
    assert_eq!(found(&site, "new"), ["alpha/new.iso"]);
    assert_eq!(found(&site, "old"), ["beta/old.iso"]);
    assert!(reindexer.look(site.state(), at).await.is_empty(), "one run, one walk");
    let at = finish("beta", 2);
    assert_eq!(reindexer.look(site.state(), at).await, ["beta"]);
    let mut both = found(&site, "new");
    both.sort();
    assert_eq!(both, ["alpha/new.iso", "beta/new.iso"]);
}
