//! Installers and applications: by distribution, the newest first, each with its checksum.

use jiff::Timestamp;
use leptos::prelude::*;

use crate::{
    Chrome, Document,
    download::{Distribution, Download, Kind},
    format,
    model::{Freshness, Lang, Mirror},
    part,
    shell::Section,
};

/// Data of the page.
pub struct DownloadsView<'a> {
    /// Language.
    pub lang: Lang,
    /// Moment of rendering.
    pub now: Timestamp,
    /// Distributions, with those of their files that are asked for.
    pub distributions: Vec<Distribution>,
    /// Files without the filter.
    pub total: usize,
    /// Whether the trees have been looked at.
    pub is_known: bool,
    /// Words that files must have.
    pub filter: String,
    /// Every mirror.
    pub mirrors: &'a [Mirror],
}

/// Makes the page.
pub fn document(chrome: &Chrome, view: &DownloadsView<'_>) -> Document {
    let lang = view.lang;
    let t = lang.texts();
    let empty = match (view.is_known, view.total) {
        (false, _) => t.downloads_pending,
        (true, 0) => t.downloads_none,
        (true, _) => t.downloads_no_match,
    };
    let mut numbers = 0..;
    let sections = view
        .distributions
        .iter()
        .map(|distribution| section(chrome, view, distribution, &mut numbers))
        .collect_view();
    let main = view! {
        <div class="wide">
            <div class="page-head">
                <h1>{t.downloads_title}</h1>
                <p class="lead">{t.downloads_lead}</p>
            </div>
            {filter_form(view)}
            {jump_list(lang, &view.distributions)}
            <div id="distributions" class="distributions">{sections}</div>
            <p class="empty" data-empty=t.downloads_no_match>{view.distributions.is_empty().then_some(empty)}</p>
        </div>
    };
    Document {
        lang,
        title: t.downloads_title.to_owned(),
        description: format!("{}: {}", chrome.site.name.get(lang), t.downloads_lead),
        path: "/downloads".to_owned(),
        section: Section::Downloads,
        noindex: !view.filter.is_empty(),
        main: main.into_any(),
    }
}

fn filter_form(view: &DownloadsView<'_>) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let shown: usize = view.distributions.iter().map(|d| d.files.len()).sum();
    let shown = format::fill(t.list_shown, &[&shown.to_string(), &view.total.to_string()]);
    let reset = (!view.filter.is_empty()).then(|| {
        view! { <a class="reset" href=format!("{}/downloads", lang.prefix())>{t.list_reset}</a> }
    });
    let text = view! {
        <input name="q" type="search" value=view.filter.clone() placeholder=t.downloads_placeholder maxlength="128" autocomplete="off" autocapitalize="none" spellcheck="false" data-filter="#distributions" data-focus-key="/" />
    };
    view! {
        <form class="filter" action=format!("{}/downloads", lang.prefix()) method="get">
            {part::field("field grow", t.downloads_filter, text.into_any())}
            <button type="submit" class="no-script">{t.list_apply}</button>
            <p class="shown"><output data-shown="">{shown}</output>{reset}</p>
        </form>
    }
    .into_any()
}

fn jump_list(lang: Lang, distributions: &[Distribution]) -> AnyView {
    let shelf = |kind: Kind| {
        let links: Vec<_> = distributions
            .iter()
            .filter(|d| d.kind == kind)
            .map(|d| view! { <li><a href=format!("#{}", d.id)>{d.name.get(lang).to_owned()}</a></li> })
            .collect();
        (!links.is_empty()).then(|| {
            view! { <p class="quiet">{kind.word(lang)}</p><ul>{links}</ul> }
        })
    };
    view! { <nav class="jump" aria-label=lang.texts().contents>{Kind::ALL.map(shelf).into_iter().collect_view()}</nav> }
        .into_any()
}

fn section(
    chrome: &Chrome,
    view: &DownloadsView<'_>,
    distribution: &Distribution,
    numbers: &mut std::ops::RangeFrom<usize>,
) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let name = distribution.name.get(lang).to_owned();
    let words = format!("{} {} {}", distribution.id, distribution.name.zh, distribution.name.en);
    let rows = distribution
        .files
        .iter()
        .zip(numbers)
        .map(|(file, number)| row(chrome, lang, &words, file, number))
        .collect_view();
    let states = view
        .mirrors
        .iter()
        .filter(|mirror| distribution.files.iter().any(|file| file.mirror == mirror.id))
        .map(|mirror| state(chrome, view, mirror))
        .collect_view();
    view! {
        <section aria-labelledby=distribution.id.clone()>
            <h2 id=distribution.id.clone()>{name}</h2>
            <ul class="state-line">{states}</ul>
            <table class="listing">
                <thead>
                    <tr>
                        <th scope="col">{t.downloads_file}</th>
                        <th scope="col" class="num">{t.listing_size}</th>
                        <th scope="col">{t.downloads_date}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}

/// A mirror that holds some of the files, and how well it is.
fn state(chrome: &Chrome, view: &DownloadsView<'_>, mirror: &Mirror) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let verdict = (mirror.freshness != Freshness::Unknown)
        .then(|| view! { " " {part::freshness_mark(lang, mirror.freshness)} });
    let content = mirror.content_time.map(|time| {
        let ago = part::ago(lang, &chrome.site.time_zone, view.now, Some(time), "");
        view! { " · " {t.fact_content} " " {ago} {verdict} }
    });
    view! {
        <li>
            <a href=mirror.href(lang)>{format!("{}/", mirror.path)}</a> " "
            {part::state_mark(lang, mirror.state)} {content} " · "
            <a href=mirror.page(lang)>{t.list_help}</a>
        </li>
    }
    .into_any()
}

fn row(chrome: &Chrome, lang: Lang, words: &str, file: &Download, number: usize) -> AnyView {
    let label = file.label();
    let name = (label != file.file).then(|| view! { " " <small>{file.file.clone()}</small> });
    let time = file.time.map(|time| {
        view! { <time datetime=time.to_string()>{format::day(&chrome.site.time_zone, time)}</time> }
    });
    view! {
        <tr data-words=words.to_owned()>
            <th scope="row">
                <a href=file.href.clone()>{label}</a> {name} " " {proof(lang, file, number)}
            </th>
            <td class="num">{format::size(file.size)}</td>
            <td>{time}</td>
        </tr>
    }
    .into_any()
}

/// Checksum, the command that compares it, and what signs it.
fn proof(lang: Lang, file: &Download, number: usize) -> AnyView {
    let t = lang.texts();
    let signature = |href: &Option<String>, label: &'static str| {
        href.clone().map(|href| view! { " " <a href=href>{label}</a> })
    };
    let of_file = signature(&file.signature, t.downloads_signature);
    let Some(checksum) = &file.checksum else {
        return view! { <span class="proof">{of_file}</span> }.into_any();
    };
    let copy = |id: &str| {
        view! { <span data-copy=format!("#{id}") data-label=t.guide_copy data-done=t.guide_copied></span> }
    };
    let (sum, command) = (format!("sum-{number}"), format!("check-{number}"));
    view! {
        <details class="proof">
            <summary>{checksum.algorithm.name()}</summary>
            <p><code id=sum.clone()>{checksum.hex.clone()}</code> " " {copy(&sum)}</p>
            <p>{t.downloads_check} " " {copy(&command)}</p>
            <pre tabindex="0"><code id=command.clone()>{checksum.command(&file.file)}</code></pre>
            <p>
                <a href=checksum.source.clone()>{t.downloads_sums}</a>
                {signature(&checksum.signature, t.downloads_sums_signature)} {of_file}
            </p>
        </details>
    }
    .into_any()
}
