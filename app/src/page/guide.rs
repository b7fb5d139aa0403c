//! The page of one mirror: its state, its guide in the chosen options, what is known of it.

use jiff::{Timestamp, civil::Date};
use leptos::prelude::*;

use crate::{
    Chrome, Document, download, format,
    model::{Audit, Freshness, Lang, Mirror, SignatureCheck, Topic},
    part::{self, Choice},
    shell::Section,
};

/// Data of the page.
pub struct GuideView {
    /// Language.
    pub lang: Lang,
    /// Moment of rendering.
    pub now: Timestamp,
    /// What the page is about.
    pub subject: Subject,
    /// Its guide, when there is one.
    pub guide: Option<Guide>,
}

/// What a page under `/docs/` is about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A mirror.
    Mirror(Box<Mirror>),
    /// A tool or service without a mirror.
    Topic(Topic),
}

impl Subject {
    /// Name in addresses.
    pub fn id(&self) -> &str {
        match self {
            Self::Mirror(mirror) => &mirror.id,
            Self::Topic(topic) => &topic.id,
        }
    }

    /// Path of the tree, with a leading and no trailing slash; nothing without a mirror.
    pub fn path(&self) -> &str {
        match self {
            Self::Mirror(mirror) => &mirror.path,
            Self::Topic(_) => "",
        }
    }

    /// Display name.
    pub fn name(&self, lang: Lang) -> &str {
        match self {
            Self::Mirror(mirror) => mirror.name.get(lang),
            Self::Topic(topic) => topic.name.get(lang),
        }
    }

    /// The address of the page.
    pub fn page(&self, lang: Lang) -> String {
        match self {
            Self::Mirror(mirror) => mirror.page(lang),
            Self::Topic(topic) => topic.page(lang),
        }
    }

    fn description(&self, lang: Lang) -> &str {
        match self {
            Self::Mirror(mirror) => mirror.description.get(lang),
            Self::Topic(topic) => topic.description.get(lang),
        }
    }

    fn mirror(&self) -> Option<&Mirror> {
        match self {
            Self::Mirror(mirror) => Some(mirror),
            Self::Topic(_) => None,
        }
    }
}

/// A guide with every option applied.
pub struct Guide {
    /// Title of the guide.
    pub title: String,
    /// Options in the order of the front matter.
    pub options: Vec<GuideOption>,
    /// Text and snippets in order.
    pub blocks: Vec<Block>,
    /// Headings of the second level: fragment and text.
    pub contents: Vec<(String, String)>,
    /// Canonical query of the chosen options, without `?`; empty for the defaults.
    pub query: String,
    /// Day of the last review.
    pub reviewed: Option<Date>,
    /// End of life of a chosen release, when it lies in the past.
    pub ended: Option<Date>,
    /// Labels of choices for which this mirror has nothing at the moment.
    pub lacking: Vec<String>,
    /// Where the page's source can be edited.
    pub edit_url: Option<String>,
    /// Where the page's source can be read.
    pub source_url: String,
    /// The whole as one script, where that can be.
    pub setup: Option<Setup>,
    /// Files that change, apart from those that snippets name.
    pub touched: Vec<String>,
}

/// Shell lines around `setup.sh`.
pub struct Setup {
    /// Runs it.
    pub run: String,
    /// Only shows what it would do.
    pub print: String,
    /// Takes it back.
    pub undo: String,
}

/// One option as the form shows it.
pub struct GuideOption {
    /// Name in the URL.
    pub id: String,
    /// Label.
    pub label: String,
    /// Shape.
    pub kind: OptionKind,
}

/// Shape of an option.
pub enum OptionKind {
    /// A closed list.
    Select(Vec<Choice>),
    /// On or off.
    Toggle(bool),
}

/// A piece of a guide.
pub enum Block {
    /// Rendered Markdown.
    Html(String),
    /// A snippet.
    Snippet(Snippet),
}

/// A snippet in the chosen options.
pub struct Snippet {
    /// Identifier within the guide, also part of the HTML id.
    pub id: String,
    /// The code as HTML.
    pub html: String,
    /// Where to and by whom.
    pub role: Role,
    /// Address of the plain text, absolute; absent for samples.
    pub raw_url: Option<String>,
    /// Shell line that writes the file, for files.
    pub curl: Option<String>,
    /// Whether it takes something back.
    pub is_undo: bool,
    /// Clients that accepted it, and the day.
    pub checked: Option<(String, Date)>,
}

/// What a snippet is for.
pub enum Role {
    /// Content of a whole file.
    Write(String),
    /// Lines for the end of a file.
    Append(String),
    /// Commands for root.
    Root,
    /// Commands that become root themselves.
    Sudo,
    /// Commands for anyone.
    User,
    /// Commands within a project directory.
    Project,
    /// Output to compare with.
    Sample,
}

impl Role {
    /// What stands above the snippet.
    pub fn caption(&self, lang: Lang) -> String {
        let t = lang.texts();
        match self {
            Self::Write(file) => format::fill(t.guide_write_to, &[file]),
            Self::Append(file) => format::fill(t.guide_append_to, &[file]),
            Self::Root => t.guide_as_root.to_owned(),
            Self::Sudo => t.guide_by_sudo.to_owned(),
            Self::User => t.guide_as_user.to_owned(),
            Self::Project => t.guide_in_project.to_owned(),
            Self::Sample => t.guide_sample.to_owned(),
        }
    }

    /// The file that is written, for snippets that are the content of one.
    fn file(&self) -> Option<&str> {
        match self {
            Self::Write(file) | Self::Append(file) => Some(file),
            Self::Root | Self::Sudo | Self::User | Self::Project | Self::Sample => None,
        }
    }
}

/// Makes the page.
pub fn document(chrome: &Chrome, view: GuideView) -> Document {
    let lang = view.lang;
    let t = lang.texts();
    let GuideView { subject, guide, now, .. } = view;
    let name = subject.name(lang).to_owned();
    let title = match &guide {
        Some(guide) => guide.title.clone(),
        None => name.clone(),
    };
    let query = guide.as_ref().map(|g| g.query.clone()).unwrap_or_default();
    let path = if query.is_empty() {
        subject.page(Lang::Zh)
    } else {
        format!("{}?{query}", subject.page(Lang::Zh))
    };
    let state_line = subject.mirror().map(|mirror| state_line(chrome, lang, now, mirror));
    let facts = subject.mirror().map(|mirror| {
        let heading = guide.is_some().then(|| view! { <h2 id="facts">{t.guide_facts}</h2> });
        view! { {heading} {facts(chrome, lang, now, mirror)} }
    });
    let markdown = guide.as_ref().map(|guide| {
        let suffix =
            if guide.query.is_empty() { String::new() } else { format!("?{}", guide.query) };
        let href = format!("{}.md{suffix}", subject.page(lang));
        view! { <li><a href=href>{t.guide_markdown}</a></li> }
    });
    let edit = guide
        .as_ref()
        .and_then(|g| g.edit_url.clone())
        .map(|url| view! { <li><a href=url>{t.guide_edit}</a></li> });
    let source = guide.as_ref().map(|g| g.source_url.clone());
    let source = source.map(|url| view! { <li><a href=url>{t.guide_source}</a></li> });
    let history = subject.mirror().map(|mirror| {
        view! { <li><a href=mirror.status_page(lang)>{t.history_link}</a></li> }
    });
    let reviewed = guide.as_ref().and_then(|g| g.reviewed).map(|day| {
        view! { <li class="quiet">{format::fill(t.guide_reviewed, &[&day.to_string()])}</li> }
    });
    let has_guide = guide.is_some();
    let side = guide.as_ref().map(|guide| side(lang, &subject, guide));
    let body = match guide {
        Some(guide) => guide_body(lang, guide),
        None => view! {
            <p class="notice">{t.guide_pending}</p>
            <h2>{t.guide_facts}</h2>
        }
        .into_any(),
    };
    let main = view! {
        <div class="wide">
            <div class="page-head">
                <div class="title">
                    <h1>{title.clone()}</h1>
                    {part::star(lang, &subject.page(Lang::Zh), subject.name(lang))}
                </div>
                <p class="lead">{subject.description(lang).to_owned()}</p>
                {state_line}
            </div>
            <div class="guide" id="guide">
                {side}
                <div class="guide-body">
                    {body}
                    {facts}
                    <ul class="page-links">{history}{markdown}{source}{edit}{reviewed}</ul>
                </div>
            </div>
        </div>
    };
    Document {
        lang,
        title: if has_guide { title } else { name },
        description: subject.description(lang).to_owned(),
        path,
        section: Section::Docs,
        noindex: !query.is_empty(),
        main: main.into_any(),
    }
}

/// State, ages and the way to the files in one line under the title.
fn state_line(chrome: &Chrome, lang: Lang, now: Timestamp, m: &Mirror) -> AnyView {
    let t = lang.texts();
    let zone = &chrome.site.time_zone;
    let content = m.content_time.map(|time| {
        view! {
            <li>{t.fact_content} " " {part::ago(lang, zone, now, Some(time), "")} " " {part::freshness_mark(lang, m.freshness)} {part::content_notes(lang, m)}</li>
        }
    });
    let success = m.last_success.map(|time| {
        view! { <li>{t.fact_success} " " {part::ago(lang, zone, m.as_of(now), Some(time), "")}</li> }
    });
    let recorded = m.recorded_at.map(|time| {
        view! { <li class="quiet">{format::fill(t.as_of, &[&format::day(zone, time)])}</li> }
    });
    let browse = m.has_tree.then(|| view! { <li><a href=m.href(lang)>{t.guide_browse}</a></li> });
    let downloads = m.downloads.as_ref().map(|id| {
        view! { <li><a href=download::page(lang, id)>{t.downloads_images}</a></li> }
    });
    view! {
        <ul class="state-line">
            <li>{part::state_mark(lang, m.state)}</li>
            {content}
            {success}
            {recorded}
            <li>{part::size(lang, m.size_bytes)}</li>
            {browse}
            {downloads}
            {part::official_mark(lang, m).map(|mark| view! { <li>{mark}</li> })}
        </ul>
    }
    .into_any()
}

/// What stays in sight beside the text: the options, the headings, what will change.
fn side(lang: Lang, subject: &Subject, guide: &Guide) -> AnyView {
    let t = lang.texts();
    let form = (!guide.options.is_empty()).then(|| options_form(lang, subject, &guide.options));
    let contents = (guide.contents.len() > 2).then(|| {
        let items = guide
            .contents
            .iter()
            .map(|(id, text)| view! { <li><a href=format!("#{id}")>{text.clone()}</a></li> })
            .collect_view();
        view! {
            <nav class="contents" aria-label=t.guide_contents>
                <ol>{items}</ol>
            </nav>
        }
    });
    view! { <div class="guide-side">{form}{contents}{changes(lang, guide)}</div> }.into_any()
}

/// The files that a reader of the page changes, with the way to what is written there.
fn changes(lang: Lang, guide: &Guide) -> Option<AnyView> {
    let mut seen: Vec<&str> = Vec::new();
    let mut items = Vec::new();
    for block in &guide.blocks {
        let Block::Snippet(snippet) = block else { continue };
        let Some(file) = snippet.role.file().filter(|_| !snippet.is_undo) else { continue };
        if !seen.contains(&file) {
            seen.push(file);
            let href = format!("#snippet-{}", snippet.id);
            items.push(view! { <li><a href=href><code>{file.to_owned()}</code></a></li> });
        }
    }
    let others = guide.touched.iter().filter(|file| !seen.contains(&file.as_str()));
    let others = others.map(|file| view! { <li><code>{file.clone()}</code></li> }).collect_view();
    (!items.is_empty() || !guide.touched.is_empty()).then(|| {
        view! {
            <div class="changes-here">
                <p>{lang.texts().guide_changes}</p>
                <ul>{items.collect_view()}{others}</ul>
            </div>
        }
        .into_any()
    })
}

fn guide_body(lang: Lang, guide: Guide) -> AnyView {
    let t = lang.texts();
    let ended = guide.ended.map(|day| {
        view! { <p class="notice warn">{format::fill(t.guide_eol_note, &[&day.to_string()])}</p> }
    });
    let lacking = (!guide.lacking.is_empty()).then(|| {
        let words = format::fill(t.guide_lacking_note, &[&guide.lacking.join(t.list_comma)]);
        view! { <p class="notice warn">{words}</p> }
    });
    let setup = guide.setup.map(|setup| setup_view(lang, setup));
    let blocks = guide
        .blocks
        .into_iter()
        .map(|block| match block {
            Block::Html(html) => view! { <div class="prose" inner_html=html></div> }.into_any(),
            Block::Snippet(snippet) => snippet_view(lang, snippet),
        })
        .collect_view();
    view! {
        {ended}
        {lacking}
        {setup}
        {blocks}
    }
    .into_any()
}

fn options_form(lang: Lang, subject: &Subject, options: &[GuideOption]) -> AnyView {
    let t = lang.texts();
    let fields = options
        .iter()
        .map(|option| match &option.kind {
            OptionKind::Select(choices) => part::select(&option.id, &option.label, choices),
            // The hidden field comes first, so that the box, when ticked, has the last word.
            OptionKind::Toggle(on) => view! {
                <div class="field toggle">
                    <input type="hidden" name=option.id.clone() value="off" />
                    <label>
                        <input type="checkbox" name=option.id.clone() value="on" checked=*on /> " "
                        <span>{option.label.clone()}</span>
                    </label>
                </div>
            }
            .into_any(),
        })
        .collect_view();
    view! {
        <form class="options" action=subject.page(lang) method="get" aria-label=t.guide_options data-swap="#guide" data-remember=subject.page(Lang::Zh)>
            <p class="side-title">{t.guide_options}" "<span data-last=t.guide_last_choice></span></p>
            {fields}
            <button type="submit" class="no-script">{t.guide_apply}</button>
        </form>
    }
    .into_any()
}

fn setup_view(lang: Lang, setup: Setup) -> AnyView {
    let t = lang.texts();
    let line = |id: &'static str, label: &'static str, code: String| {
        view! {
            <p>{label} " " <span class="actions"><span data-copy=format!("#{id}") data-label=t.guide_copy data-done=t.guide_copied></span></span></p>
            <pre tabindex="0"><code id=id>{code}</code></pre>
        }
    };
    view! {
        <details class="setup">
            <summary>{t.setup_summary}</summary>
            <p>{t.setup_lead}</p>
            {line("setup-run", t.setup_run, setup.run)}
            {line("setup-print", t.setup_print, setup.print)}
            {line("setup-undo", t.setup_undo, setup.undo)}
        </details>
    }
    .into_any()
}

fn snippet_view(lang: Lang, snippet: Snippet) -> AnyView {
    let t = lang.texts();
    let caption = snippet.role.caption(lang);
    let undo = snippet.is_undo.then(|| view! { <span class="badge">{t.guide_undo}</span> });
    let is_sample = matches!(snippet.role, Role::Sample);
    let code_id = format!("code-{}", snippet.id);
    let download = snippet.raw_url.clone().zip(snippet.role.file()).map(|(url, file)| {
        let name = file.rsplit('/').next().unwrap_or(file).to_owned();
        view! { <a href=url download=name>{t.guide_download}</a> }
    });
    let raw = snippet.raw_url.map(|url| view! { <a href=url>{t.guide_raw}</a> });
    // The script puts the button there: without it there would be nothing to press.
    let copy = (!is_sample).then(|| {
        view! { <span data-copy=format!("#{code_id}") data-label=t.guide_copy data-done=t.guide_copied></span> }
    });
    let curl = snippet.curl.map(|line| {
        let id = format!("curl-{}", snippet.id);
        view! {
            <details class="curl">
                <summary>{t.guide_by_curl}</summary>
                <pre tabindex="0"><code id=id.clone()>{line}</code></pre>
            </details>
        }
    });
    let checked = snippet.checked.map(|(clients, day)| {
        let words = format::fill(t.guide_checked, &[&clients, &day.to_string()]);
        view! { <p class="checked">{words}</p> }
    });
    view! {
        <figure class=if is_sample { "snippet sample" } else { "snippet" } id=format!("snippet-{}", snippet.id)>
            <figcaption><span class="target">{caption}</span> " " {undo} " " <span class="actions">{download}" "{raw}" "{copy}</span></figcaption>
            <pre tabindex="0"><code id=code_id inner_html=snippet.html></code></pre>
            {curl}
            {checked}
        </figure>
    }
    .into_any()
}

/// What is known of a mirror, as a list.
pub(crate) fn facts(chrome: &Chrome, lang: Lang, now: Timestamp, m: &Mirror) -> AnyView {
    let t = lang.texts();
    let zone = &chrome.site.time_zone;
    let as_of = m.as_of(now);
    let url = format!("{}{}/", chrome.site.base_url, m.path);
    let mut rows: Vec<(&'static str, AnyView)> = vec![
        (t.fact_path, view! { <code>{url}</code> }.into_any()),
        (t.fact_size, part::size(lang, m.size_bytes)),
        (t.fact_state, part::state_of(lang, m)),
        (t.fact_success, part::moment(lang, zone, as_of, m.last_success, t.unknown)),
        (t.fact_attempt, part::moment(lang, zone, as_of, m.last_attempt, t.unknown)),
        (
            t.fact_next,
            match m.next {
                Some(next) if next <= as_of => t.due.into_any(),
                next => part::moment(lang, zone, as_of, next, t.unknown),
            },
        ),
        (t.fact_content, content_fact(chrome, lang, now, m)),
    ];
    rows.extend(upstream_fact(chrome, lang, now, m).map(|fact| (t.fact_against_upstream, fact)));
    rows.extend(m.audit.as_ref().map(|audit| (t.fact_consistency, audit_fact(lang, now, audit))));
    if let (Some(rsync), true) = (&chrome.site.rsync, m.has_tree) {
        rows.push((
            t.fact_rsync,
            view! { <code>{format!("{rsync}{}/", m.path)}</code> }.into_any(),
        ));
    }
    if let Some(upstream) = &m.upstream {
        rows.push((t.fact_upstream, view! { <code>{part::address(upstream)}</code> }.into_any()));
    }
    if let Some(url) = &m.homepage {
        rows.push((t.fact_homepage, view! { <a href=url.clone()>{url.clone()}</a> }.into_any()));
    }
    if let Some(url) = &m.official {
        rows.push((t.fact_official, view! { <a href=url.clone()>{url.clone()}</a> }.into_any()));
    }
    if !m.aliases.is_empty() {
        rows.push((t.fact_aliases, m.aliases.join(" · ").into_any()));
    }
    let rows = rows
        .into_iter()
        .map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> })
        .collect_view();
    view! { <dl class="facts">{rows}</dl> }.into_any()
}

fn content_fact(chrome: &Chrome, lang: Lang, now: Timestamp, m: &Mirror) -> AnyView {
    let t = lang.texts();
    let zone = &chrome.site.time_zone;
    let verdict = (m.freshness != Freshness::Unknown)
        .then(|| view! { " " {part::freshness_mark(lang, m.freshness)} });
    view! { {part::moment(lang, zone, now, m.content_time, t.not_measured)} {verdict} }.into_any()
}

/// How far the content is behind the upstream's, and that the upstream could not be asked.
fn upstream_fact(chrome: &Chrome, lang: Lang, now: Timestamp, m: &Mirror) -> Option<AnyView> {
    let t = lang.texts();
    let zone = &chrome.site.time_zone;
    let distance = m.lag_seconds.map(|seconds| match seconds {
        0 => t.in_step.to_owned(),
        seconds => format::fill(t.behind, &[&format::seconds(lang, seconds)]),
    });
    let time = m.upstream_time.map(|time| {
        let moment = format!("{} ({})", format::minute(zone, time), format::age(lang, now, time));
        format::fill(t.upstream_of, &[&moment])
    });
    let error = m.upstream_error.as_ref().map(|e| format::fill(t.upstream_unreachable, &[e]));
    let texts: Vec<String> = [distance, time, error].into_iter().flatten().collect();
    (!texts.is_empty()).then(|| texts.join(" · ").into_any())
}

/// The verdict on the tree, how much was looked at, and what does not fit.
fn audit_fact(lang: Lang, now: Timestamp, audit: &Audit) -> AnyView {
    let t = lang.texts();
    let mut counts = format::fill(
        t.audit_counts,
        &[
            &format::count(audit.indexes as u64),
            &format::count(audit.packages as u64),
            &format::age(lang, now, audit.checked_at),
        ],
    );
    if audit.signature == SignatureCheck::Good {
        counts = format!("{counts} · {}", t.audit_signed);
    }
    let faults = (!audit.faults.is_empty()).then(|| {
        let items = audit
            .faults
            .iter()
            .map(|fault| {
                view! { <li>{fault.kind.word(lang)} " " <code>{fault.path.clone()}</code> " " {fault.detail.clone()}</li> }
            })
            .collect_view();
        let more = audit.fault_count.saturating_sub(audit.faults.len());
        let more = (more > 0)
            .then(|| view! { <li>{format::fill(t.audit_more, &[&more.to_string()])}</li> });
        view! { <ul class="faults">{items} {more}</ul> }
    });
    let mark = part::consistency_mark(lang, audit.consistency);
    view! { {mark} " " <small>{counts}</small> {faults} }.into_any()
}
