//! Every page of the sitemap, and every link on it: new pages are found without being named here.

use std::collections::{BTreeMap, BTreeSet};

use server::web::handler::feed;

use crate::{harness::TestSite, html::Html};

const BASE: &str = "https://mirror.example";

#[tokio::test]
async fn every_page_is_sound_and_every_internal_link_leads_somewhere() {
    let site = TestSite::shared().await;
    let snapshot = site.state().snapshot();
    let mut faults = Vec::new();
    // Link, and the page on which it was found first.
    let mut links: BTreeMap<String, String> = BTreeMap::new();
    let mut titles: BTreeMap<String, String> = BTreeMap::new();
    let mut visited = BTreeSet::new();
    let mut count = 0;
    for path in feed::pages(&snapshot) {
        for (prefix, lang) in [("", "zh-CN"), ("/en", "en")] {
            let path = format!("{prefix}{path}");
            let answer = site.visit(&path).await.is(200);
            let page = answer.html();
            faults.extend(unsound(&page, lang).into_iter().map(|fault| format!("{path}: {fault}")));
            if let Some(other) = titles.insert(page.title(), path.clone()) {
                faults.push(format!("{path}: has the title of {other}: {}", page.title()));
            }
            for link in page.links() {
                let link = link.strip_prefix(BASE).unwrap_or(&link);
                if link.starts_with('/') {
                    let link = link.split('#').next().unwrap();
                    links.entry(link.to_owned()).or_insert(path.clone());
                }
            }
            visited.insert(path);
            count += 1;
        }
    }
    assert!(count > 120, "{count} pages");
    for (link, from) in links.iter().filter(|(link, _)| !visited.contains(*link)) {
        let mut answer = site.visit(link).await;
        if answer.status.is_redirection() {
            // Prose may name a default, as in `?release=trixie`.
            answer = site.visit(answer.location()).await;
        }
        let status = answer.status.as_u16();
        // A guide may name a folder of its mirror whose tree is on another machine.
        let is_elsewhere = snapshot.mirror_at(link).is_some_and(|mirror| !mirror.has_tree);
        if status != 200 && !is_elsewhere {
            faults.push(format!("{from} links to {link}: {status} {}", answer.location()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with a page.
fn unsound(page: &Html, lang: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |ok: bool, what: String| {
        if !ok {
            faults.push(what);
        }
    };
    let headings = page.texts("h1");
    check(headings.len() == 1 && !headings[0].trim().is_empty(), format!("h1: {headings:?}"));
    let titles = page.texts("title");
    check(titles.len() == 1 && titles[0].chars().count() > 3, format!("title: {titles:?}"));
    let langs: Vec<_> = page.all("html").filter_map(|html| html.get("lang")).collect();
    check(langs == [lang], format!("lang: {langs:?}"));
    let description = page.all("meta").find(|m| m.get("name") == Some("description"));
    let description = description.and_then(|m| m.get("content")).unwrap_or_default();
    check(!description.is_empty(), "no description".to_owned());
    let alternates = page.all("link").filter(|l| l.get("hreflang").is_some()).count();
    check(alternates == 2, format!("{alternates} alternates"));
    for (id, times) in page.ids() {
        check(times == 1, format!("id {id} is there {times} times"));
    }
    let ids = page.ids();
    for link in page.links() {
        if let Some(fragment) = link.strip_prefix('#') {
            check(ids.contains_key(fragment), format!("#{fragment} leads nowhere"));
        }
    }
    check(page.runs_only_scripts_of_the_frame(), "inline script".to_owned());
    for tag in page.tags() {
        for (key, _) in &tag.attributes {
            check(
                key != "style" && !key.starts_with("on"),
                format!("inline {key} on {}", tag.name),
            );
        }
        check(tag.name != "style", "inline style".to_owned());
        let labelled = tag.get("aria-labelledby").is_none_or(|id| ids.contains_key(id));
        check(labelled, format!("{:?} labels nothing", tag.get("aria-labelledby")));
        if tag.name == "label"
            && let Some(id) = tag.get("for")
        {
            check(ids.contains_key(id), format!("label for {id}"));
        }
    }
    let text = page.main().visible();
    for left in ["{{", "{0}", "{1}", "%%"] {
        check(!text.contains(left), format!("{left} is left"));
    }
    faults
}
