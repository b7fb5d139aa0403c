//! A message in words, in the language of its rule.

use app::{
    format::{self, fill},
    shell::Site,
    text::Texts,
};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    Rule, Trigger,
    engine::{Content, Item, Outgoing, Subject, Told},
};
use crate::web::encode;

/// What a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub title: String,
    /// What it is about, one line each, without the title.
    pub lines: Vec<String>,
    /// Page with more.
    pub link: String,
    /// What the last line says when lines had to be left out; `{0}` is their number.
    more: &'static str,
}

impl Message {
    /// Says it.
    pub fn new(rule: &Rule, site: &Site, out: &Outgoing) -> Self {
        let t = rule.lang.texts();
        let words = Words { t, zone: &site.time_zone };
        let (title, lines) = match &out.content {
            Content::Test => (t.alert_test.to_owned(), vec![t.alert_test_text.to_owned()]),
            Content::Alert { items, omitted } => {
                let mut lines = words.groups(items);
                if *omitted > 0 {
                    lines.push(fill(t.alert_more, &[&omitted.to_string()]));
                }
                (words.title(items), lines)
            }
            Content::Digest { mirrors, failed, stale, items } => {
                let counts = [mirrors, failed, stale].map(ToString::to_string);
                let counts = counts.each_ref().map(String::as_str);
                let mut lines = vec![fill(t.alert_digest_counts, &counts)];
                lines.extend(words.groups(items));
                (t.alert_digest.to_owned(), lines)
            }
        };
        let name = site.short.get(rule.lang);
        let prefix = rule.lang.prefix();
        Self {
            title: fill(t.alert_title, &[name, &title]),
            lines,
            link: format!("{}{prefix}/status", site.base_url),
            more: t.alert_more,
        }
    }

    #[cfg(test)]
    pub(super) fn of(title: &str, lines: &[String], link: &str) -> Self {
        let more = app::Lang::Zh.texts().alert_more;
        Self { title: title.to_owned(), lines: lines.to_vec(), link: link.to_owned(), more }
    }

    /// Title, lines and link within so many bytes of UTF-8.
    pub fn text(&self, limit: usize) -> String {
        let tail = format!("\n{}", self.link);
        // Room for the line that tells how many are missing.
        let room = limit.saturating_sub(tail.len() + self.more.len() + 8);
        let mut text = cut(&self.title, room).to_owned();
        for (done, line) in self.lines.iter().enumerate() {
            if text.len() + line.len() + 1 > room {
                let left = (self.lines.len() - done).to_string();
                text.push('\n');
                text.push_str(&fill(self.more, &[&left]));
                break;
            }
            text.push('\n');
            text.push_str(line);
        }
        text + &tail
    }
}

/// The address of the page of what an item is about.
pub fn link(rule: &Rule, site: &Site, item: &Item) -> String {
    let status = format!("{}{}/status", site.base_url, rule.lang.prefix());
    match &item.subject {
        Subject::Mirror(id) => format!("{status}/{}", encode::path(id.as_bytes())),
        Subject::Backend(_) => status,
    }
}

struct Words<'a> {
    t: &'static Texts,
    zone: &'a TimeZone,
}

impl Words<'_> {
    /// `3 failed, 1 recovered`, or what it is about when that is only one thing.
    fn title(&self, items: &[Item]) -> String {
        if let [item] = items {
            return fill(self.t.alert_one, &[&item.name, &self.word(item)]);
        }
        let groups = kinds(items).into_iter().map(|kind| {
            let count = items.iter().filter(|item| key(item) == key(kind)).count();
            fill(self.t.alert_many, &[&count.to_string(), &self.word(kind)])
        });
        groups.collect::<Vec<_>>().join(self.t.alert_comma)
    }

    /// Items by what is said of them, a heading before each.
    fn groups(&self, items: &[Item]) -> Vec<String> {
        let mut lines = Vec::new();
        for kind in kinds(items) {
            lines.push(fill(self.t.alert_heading, &[&self.word(kind)]));
            lines.extend(items.iter().filter(|item| key(item) == key(kind)).map(|i| self.line(i)));
        }
        lines
    }

    fn line(&self, item: &Item) -> String {
        let t = self.t;
        let subject = match &item.subject {
            Subject::Mirror(id) if *id == item.name => id.clone(),
            Subject::Mirror(id) => fill(t.alert_name, &[&item.name, id]),
            Subject::Backend(text) => text.clone(),
        };
        let mut line = fill(t.alert_line, &[&subject, &self.minute(item.since)]);
        if item.told == Told::Ended {
            line = fill(t.alert_line_ended, &[&subject, &self.minute(item.at)]);
        } else if let Some(time) = item.last_good {
            let last = match item.trigger() {
                Trigger::Stale => t.alert_content,
                Trigger::Away => t.alert_answer,
                _ => t.alert_success,
            };
            line.push_str(&fill(last, &[&self.minute(time)]));
        }
        line
    }

    fn minute(&self, time: Timestamp) -> String {
        format::minute(self.zone, time)
    }

    fn word(&self, item: &Item) -> String {
        let t = self.t;
        let word = match item.trigger() {
            Trigger::Failed => t.alert_failed,
            Trigger::Recovered => t.alert_recovered,
            Trigger::Stale => t.alert_stale,
            Trigger::Fresh => t.alert_fresh,
            Trigger::Broken => t.alert_broken,
            Trigger::Sound => t.alert_sound,
            Trigger::Gone => t.alert_gone,
            Trigger::Listed => t.alert_listed,
            Trigger::Away => t.alert_away,
            Trigger::Back => t.alert_back,
        };
        if item.told == Told::Still { fill(t.alert_still, &[word]) } else { word.to_owned() }
    }
}

fn key(item: &Item) -> (Trigger, Told) {
    (item.trigger(), item.told)
}

/// The first item of each kind, troubles before their ends.
fn kinds(items: &[Item]) -> Vec<&Item> {
    let mut kinds: Vec<&Item> = items.iter().collect();
    kinds.sort_by_key(|item| (item.told, item.trigger()));
    kinds.dedup_by_key(|item| key(item));
    kinds
}

fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
