//! How a visitor reaches the site: address, family, campus, names that suit, limits, speed.

use leptos::prelude::*;
use serde::Deserialize;

use crate::{
    Chrome, Document,
    format::{count, fill},
    model::{Bilingual, Lang},
    part::{self, Column},
    shell::Section,
};

/// Families of addresses under which a name is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4 alone.
    Ipv4,
    /// IPv6 alone.
    Ipv6,
    /// Both.
    #[default]
    Both,
}

impl Family {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Ipv4, Self::Ipv6, Self::Both];

    /// The value in the configuration and in JSON.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Both => "both",
        }
    }

    /// As people write it.
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Both => lang.texts().network_both,
        }
    }
}

/// A name of the site, judged for one visitor.
#[derive(Clone, Debug)]
pub struct Name {
    /// Host, with a port if there is one.
    pub host: String,
    /// Under which families it is reached.
    pub family: Family,
    /// Whether it answers on campus alone.
    pub is_campus_only: bool,
    /// What the operator says of it.
    pub note: Bilingual,
    /// Whether it can be used by the connection of the visitor.
    pub is_usable: bool,
    /// Whether it is the best of those that can.
    pub is_suggested: bool,
}

/// What may slow a visitor down, as far as it is configured.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Searches of one address in a minute, and at once.
    pub searches: (u32, u32),
    /// Connections of one address to images, where nginx is in front.
    pub image_connections: Option<u32>,
    /// Speed tests of one address in a minute, and of everybody at once; nothing where there are none.
    pub tests: Option<(u32, usize)>,
}

/// A download for measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestSize {
    /// A megabyte.
    One,
    /// Ten.
    Ten,
    /// A hundred.
    Hundred,
}

impl TestSize {
    /// Every size.
    pub const ALL: [Self; 3] = [Self::One, Self::Ten, Self::Hundred];

    /// The value of `size`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::One => "1M",
            Self::Ten => "10M",
            Self::Hundred => "100M",
        }
    }

    /// Bytes of the download.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::One => 1_000_000,
            Self::Ten => 10_000_000,
            Self::Hundred => 100_000_000,
        }
    }

    /// Path and query of the download; refusals are in this language.
    pub fn href(self, lang: Lang) -> String {
        format!("{}/network/speed?size={}", lang.prefix(), self.id())
    }
}

/// Data of the page.
#[derive(Clone, Debug)]
pub struct NetworkView {
    /// Language.
    pub lang: Lang,
    /// Where the request came from; nothing when it did not come over a network.
    pub address: Option<std::net::IpAddr>,
    /// Whether that is on campus; nothing where no networks are configured.
    pub is_on_campus: Option<bool>,
    /// The names of the site.
    pub names: Vec<Name>,
    /// What is configured.
    pub limits: Limits,
    /// Address of the script that measures.
    pub script: String,
}

impl NetworkView {
    /// Family of the connection.
    pub fn family(&self) -> Option<Family> {
        self.address.map(|address| if address.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 })
    }

    /// Label and value of what is known of the connection.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let t = self.lang.texts();
        let unknown = || t.unknown.to_owned();
        let mut facts = vec![
            (t.network_address, self.address.map_or_else(unknown, |address| address.to_string())),
            (
                t.network_family,
                self.family().map_or_else(unknown, |family| family.word(self.lang).to_owned()),
            ),
        ];
        if let Some(is_on_campus) = self.is_on_campus {
            let word = if is_on_campus { t.network_inside } else { t.network_outside };
            facts.push((t.network_campus, word.to_owned()));
        }
        facts
    }

    /// What may slow the visitor down, a sentence each.
    fn limit_texts(&self) -> Vec<String> {
        let t = self.lang.texts();
        let number = |n: u32| count(n.into());
        let (per_minute, burst) = self.limits.searches;
        let mut texts = vec![fill(t.network_limit_search, &[&number(per_minute), &number(burst)])];
        if let Some(connections) = self.limits.image_connections {
            texts.push(fill(t.network_limit_images, &[&number(connections)]));
        }
        if self.names.iter().any(|name| name.is_campus_only) {
            texts.push(t.network_limit_campus.to_owned());
        }
        if let Some((per_minute, at_once)) = self.limits.tests {
            texts.push(fill(t.network_limit_tests, &[&number(per_minute), &at_once.to_string()]));
        }
        texts
    }

    /// Why a name is, or is not, for this visitor.
    fn verdict(&self, name: &Name) -> String {
        let t = self.lang.texts();
        let came = self.family().map(|family| family.word(self.lang));
        match came {
            _ if name.is_suggested => t.network_suits.to_owned(),
            _ if name.is_usable => t.network_usable.to_owned(),
            Some(came) if name.family != Family::Both && Some(name.family) != self.family() => {
                fill(t.network_other_family, &[name.family.word(self.lang), came])
            }
            _ if name.is_campus_only => t.network_campus_only.to_owned(),
            _ => t.unknown.to_owned(),
        }
    }
}

/// A command that prints the speed in bytes a second.
fn command(chrome: &Chrome, lang: Lang) -> String {
    let address = format!("{}{}", chrome.site.base_url, TestSize::Ten.href(lang));
    format!("curl -fo /dev/null -w '%{{speed_download}} B/s\\n' '{address}'")
}

/// Makes the page.
pub fn document(chrome: &Chrome, view: &NetworkView) -> Document {
    let lang = view.lang;
    let t = lang.texts();
    let facts = view
        .facts()
        .into_iter()
        .map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> })
        .collect_view();
    let limits =
        view.limit_texts().into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
    let main = view! {
        <div class="wide network">
            <div class="page-head">
                <h1>{t.network_title}</h1>
                <p class="lead">{t.network_lead}</p>
            </div>
            <dl class="facts">{facts}</dl>
            <section aria-labelledby="names">
                <h2 id="names">{t.network_names}</h2>
                {names(view)}
            </section>
            <section aria-labelledby="limits">
                <h2 id="limits">{t.network_limits}</h2>
                <p>{t.network_limits_lead}</p>
                <ul>{limits}</ul>
            </section>
            {view.limits.tests.is_some().then(|| speed(chrome, view))}
        </div>
    };
    Document {
        lang,
        title: t.network_title.to_owned(),
        description: t.network_lead.to_owned(),
        path: "/network".to_owned(),
        section: Section::None,
        noindex: true,
        main: main.into_any(),
    }
}

fn names(view: &NetworkView) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let rows = view
        .names
        .iter()
        .map(|name| {
            let note = match name.note.get(lang) {
                "" => view! { <span class="blank">"–"</span> }.into_any(),
                note => note.to_owned().into_any(),
            };
            let class = if name.is_suggested { Some("suggested") } else { None };
            let campus =
                name.is_campus_only.then(|| format!("{}{}", t.list_comma, t.network_campus_only));
            view! {
                <tr class=class>
                    <th scope="row"><code>{name.host.clone()}</code></th>
                    <td data-label=t.network_family>{name.family.word(lang)} {campus}</td>
                    <td data-label=t.network_for_you class="verdict">{view.verdict(name)}</td>
                    <td data-label=t.network_note>{note}</td>
                </tr>
            }
        })
        .collect_view();
    part::table(
        "list",
        &[
            Column::Text(t.network_name),
            Column::Text(t.network_family),
            Column::Text(t.network_for_you),
            Column::Text(t.network_note),
        ],
        rows.into_any(),
    )
}

/// Links that download, a command that measures; the script makes the links measure, too.
fn speed(chrome: &Chrome, view: &NetworkView) -> AnyView {
    let t = view.lang.texts();
    let links = TestSize::ALL
        .map(|size| {
            let label = fill(t.network_download, &[&(size.bytes() / 1_000_000).to_string()]);
            view! { <li><a href=size.href(view.lang) download="" data-bytes=size.bytes().to_string()>{label}</a></li> }
        })
        .collect_view();
    view! {
        <section aria-labelledby="speed">
            <h2 id="speed">{t.network_speed}</h2>
            <p>{t.network_speed_lead}</p>
            <ul class="page-links" data-speed=t.network_measured>{links}</ul>
            <p role="status" id="measured"></p>
            {part::command("measure", t.network_by_curl, command(chrome, view.lang), view.lang)}
            <script src=view.script.clone() defer="defer"></script>
        </section>
    }
    .into_any()
}

/// The same for a terminal.
pub fn text(chrome: &Chrome, view: &NetworkView) -> String {
    let t = view.lang.texts();
    let line = |label: &str, value: &str| fill(t.network_line, &[label, value]);
    let names = view.names.iter().map(|name| {
        let details = [name.family.word(view.lang), &view.verdict(name), name.note.get(view.lang)];
        let details: Vec<&str> = details.into_iter().filter(|text| !text.is_empty()).collect();
        format!("  {}", line(&name.host, &details.join(t.list_comma)))
    });
    let mut lines: Vec<String> =
        view.facts().iter().map(|(label, value)| line(label, value)).collect();
    lines.extend([String::new(), t.network_names.to_owned()]);
    lines.extend(names);
    lines.extend([String::new(), t.network_limits.to_owned()]);
    lines.extend(view.limit_texts().into_iter().map(|text| format!("  {text}")));
    if view.limits.tests.is_some() {
        let command = format!("  {}", command(chrome, view.lang));
        lines.extend([String::new(), t.network_by_curl.to_owned(), command]);
    }
    lines.join("\n") + "\n"
}
