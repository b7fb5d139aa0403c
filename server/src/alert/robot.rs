//! The shape in which each receiver wants a message.
//!
//! Sources, as of 2026: Feishu "Custom bot usage guide", `DingTalk` "Custom robot access" and
//! "Customize robot security settings", `WeCom` "Group robot configuration", Matrix client-server
//! API v1.11 "Sending events to a room" and "User and room mentions", Discord "Execute Webhook",
//! Slack "Sending messages using incoming webhooks" and "Formatting message text".

use anyhow::Context as _;
use app::shell::Site;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use serde::Serialize;
use sha2::Sha256;

use super::{
    Kind, Rule, Secret,
    engine::{Content, Item, Outgoing, Subject, Told},
    message::{self, Message},
    rule::{Address, Trigger},
};
use crate::web::encode;

/// An HTTP request that carries a message.
#[derive(Clone, Debug)]
pub struct Request {
    /// `PUT` instead of `POST`.
    pub is_put: bool,
    /// Where to.
    pub url: Secret,
    /// Value of a bearer token.
    pub token: Option<Secret>,
    /// JSON.
    pub body: Vec<u8>,
}

#[derive(Serialize)]
struct Feishu<'a> {
    #[serde(flatten)]
    signature: Option<Signature>,
    msg_type: &'static str,
    content: FeishuText<'a>,
}

/// Feishu takes seconds as a text.
#[derive(Serialize)]
struct Signature {
    timestamp: String,
    sign: String,
}

#[derive(Serialize)]
struct FeishuText<'a> {
    text: &'a str,
}

/// `DingTalk` and `WeCom`.
#[derive(Serialize)]
struct Robot<'a> {
    msgtype: &'static str,
    text: RobotText<'a>,
}

#[derive(Serialize)]
struct RobotText<'a> {
    content: &'a str,
}

#[derive(Serialize)]
struct Matrix<'a> {
    msgtype: &'static str,
    body: &'a str,
    /// SECURITY: nobody. Without it, `@room` in the text would be taken for a mention.
    #[serde(rename = "m.mentions")]
    mentions: NoMentions,
}

#[derive(Serialize)]
struct NoMentions {}

#[derive(Serialize)]
struct Discord<'a> {
    content: &'a str,
    allowed_mentions: Mentions,
}

/// SECURITY: a mirror called `@everyone` wakes nobody.
#[derive(Serialize)]
struct Mentions {
    parse: [&'static str; 0],
}

#[derive(Serialize)]
struct Slack<'a> {
    text: &'a str,
}

/// For programs; a version that is raised when a field changes its meaning.
#[derive(Serialize)]
struct Plain<'a> {
    version: u32,
    id: &'a str,
    kind: &'static str,
    site: PlainSite<'a>,
    sent_at: Timestamp,
    title: &'a str,
    text: &'a str,
    items: Vec<PlainItem<'a>>,
}

#[derive(Serialize)]
struct PlainSite<'a> {
    name: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct PlainItem<'a> {
    event: Trigger,
    is_repeated: bool,
    mirror: Option<&'a str>,
    backend: Option<&'a str>,
    name: &'a str,
    since: Timestamp,
    at: Timestamp,
    last_good: Option<Timestamp>,
    url: String,
}

/// Makes the request that carries a message.
///
/// # Errors
/// A key that cannot be: nothing that depends on the message.
pub fn request(
    rule: &Rule,
    address: &Address,
    site: &Site,
    out: &Outgoing,
    now: Timestamp,
) -> anyhow::Result<Request> {
    let message = Message::new(rule, site, out);
    let text = fitting(&message, rule.kind)?;
    let secret = address.secret.as_ref();
    let mut request =
        Request { is_put: false, url: address.url.clone(), token: None, body: Vec::new() };
    request.body = match rule.kind {
        Kind::Feishu => {
            let signature = secret.map(|secret| feishu_signature(secret, now)).transpose()?;
            let content = FeishuText { text: &text };
            serde_json::to_vec(&Feishu { signature, msg_type: "text", content })?
        }
        Kind::Dingtalk => {
            if let Some(secret) = secret {
                request.url = dingtalk_address(&address.url, secret, now)?;
            }
            robot(&text)?
        }
        Kind::Wecom => robot(&text)?,
        Kind::Matrix => {
            request.is_put = true;
            request.token = Some(secret.context("no secret: the access token")?.clone());
            let room = rule.room.as_deref().context("no room")?;
            request.url = Secret::new(&format!(
                "{}/_matrix/client/v3/rooms/{}/send/m.room.message/{}",
                address.url.reveal().trim_end_matches('/'),
                encode::segment(room.as_bytes()),
                encode::segment(out.id.as_bytes()),
            ));
            serde_json::to_vec(&Matrix {
                msgtype: "m.notice",
                body: &text,
                mentions: NoMentions {},
            })?
        }
        Kind::Discord => serde_json::to_vec(&Discord {
            content: &text,
            allowed_mentions: Mentions { parse: [] },
        })?,
        Kind::Slack => {
            // Slack's mark-up has three characters that must be written as entities.
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            serde_json::to_vec(&Slack { text: &text })?
        }
        Kind::Json => {
            request.token = secret.cloned();
            serde_json::to_vec(&plain(rule, site, out, &message, &text, now))?
        }
    };
    Ok(request)
}

/// Most bytes of a text. `WeCom` takes 2048 bytes, Discord 2000 characters, Slack 40,000 characters.
const fn limit(kind: Kind) -> usize {
    match kind {
        Kind::Wecom => 2048,
        Kind::Discord => 2000,
        Kind::Feishu | Kind::Dingtalk | Kind::Slack | Kind::Matrix => 12_000,
        Kind::Json => usize::MAX,
    }
}

/// Most bytes of a text as JSON: Feishu takes requests of 20 kB, `DingTalk` of 20,000 bytes, with
/// everything around it.
const ENCODED: usize = 18_000;

/// The text, as long as the receiver takes it. Quotes and line ends are longer in the request.
fn fitting(message: &Message, kind: Kind) -> serde_json::Result<String> {
    let mut most = limit(kind);
    loop {
        let text = harmless(kind, message.text(most));
        if kind == Kind::Json || most < 1000 || serde_json::to_string(&text)?.len() <= ENCODED {
            return Ok(text);
        }
        most -= most / 4;
    }
}

/// SECURITY: two robots look for mentions in plain text, `<at user_id="all">` and `<@all>`; a mirror
/// of such a name wakes nobody.
fn harmless(kind: Kind, text: String) -> String {
    // No longer than before: the text was cut to its limit.
    match kind {
        Kind::Feishu => text.replace("<at", "(at"),
        Kind::Wecom => text.replace("<@", "(@"),
        _ => text,
    }
}

fn robot(text: &str) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Robot { msgtype: "text", text: RobotText { content: text } })
}

/// Feishu: the *key* is `timestamp \n secret`, and the message is empty.
fn feishu_signature(secret: &Secret, now: Timestamp) -> anyhow::Result<Signature> {
    let timestamp = now.as_second().to_string();
    let sign = hmac(&format!("{timestamp}\n{}", secret.reveal()), "")?;
    Ok(Signature { timestamp, sign })
}

/// `DingTalk`: the key is the secret, the message `milliseconds \n secret`; both go into the query.
fn dingtalk_address(url: &Secret, secret: &Secret, now: Timestamp) -> anyhow::Result<Secret> {
    let timestamp = now.as_millisecond();
    let sign = hmac(secret.reveal(), &format!("{timestamp}\n{}", secret.reveal()))?;
    let url = url.reveal();
    let joint = if url.contains('?') { '&' } else { '?' };
    let sign = encode::query(&sign);
    Ok(Secret::new(&format!("{url}{joint}timestamp={timestamp}&sign={sign}")))
}

fn hmac(key: &str, message: &str) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())?;
    mac.update(message.as_bytes());
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

fn plain<'a>(
    rule: &Rule,
    site: &'a Site,
    out: &'a Outgoing,
    message: &'a Message,
    text: &'a str,
    now: Timestamp,
) -> Plain<'a> {
    let (kind, items): (_, &[Item]) = match &out.content {
        Content::Alert { items, .. } => ("alert", items),
        Content::Digest { items, .. } => ("digest", items),
        Content::Test => ("test", &[]),
    };
    let item = |item: &'a Item| {
        let (mirror, backend) = match &item.subject {
            Subject::Mirror(id) => (Some(id.as_str()), None),
            Subject::Backend(address) => (None, Some(address.as_str())),
        };
        PlainItem {
            event: item.trigger(),
            is_repeated: item.told == Told::Still,
            mirror,
            backend,
            name: &item.name,
            since: item.since,
            at: item.at,
            last_good: item.last_good,
            url: message::link(rule, site, item),
        }
    };
    Plain {
        version: 1,
        id: &out.id,
        kind,
        site: PlainSite { name: site.name.get(rule.lang), url: &site.base_url },
        sent_at: now,
        title: &message.title,
        text,
        items: items.iter().map(item).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_other_implementations() {
        // Computed by Python: base64.b64encode(hmac.new(KEY, MESSAGE, hashlib.sha256).digest()).
        let now = Timestamp::from_second(1_599_360_473).unwrap();
        let signature = feishu_signature(&Secret::new("demo"), now).unwrap();
        assert_eq!(signature.timestamp, "1599360473");
        assert_eq!(signature.sign, FEISHU);
        let url = Secret::new("https://oapi.dingtalk.example/robot/send?access_token=abc");
        let signed = dingtalk_address(&url, &Secret::new("SECdemo"), now).unwrap();
        assert_eq!(
            signed.reveal(),
            format!("{}&timestamp=1599360473000&sign={DINGTALK}", url.reveal())
        );
    }

    const FEISHU: &str = "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=";
    const DINGTALK: &str = "tGWkA5eQOQNCNPDgphtxIoNLO%2B%2FgD8Lcb705KQoRzeY%3D";

    #[test]
    fn a_text_fits_its_receiver_as_it_is_sent() {
        let lines: Vec<String> = (0..3000)
            .map(|n| format!("\"{n}\" {} <at user_id=\"all\"> <@all> 镜像", "\"".repeat(200)))
            .collect();
        let message = Message::of("标题", &lines, "https://mirror.example/status");
        for kind in
            [Kind::Feishu, Kind::Dingtalk, Kind::Wecom, Kind::Matrix, Kind::Discord, Kind::Slack]
        {
            let text = fitting(&message, kind).unwrap();
            let encoded = serde_json::to_string(&text).unwrap().len();
            assert!(text.len() <= limit(kind) && encoded <= ENCODED, "{kind:?}: {encoded}");
            assert!(text.ends_with("https://mirror.example/status"), "{kind:?}");
            assert!(text.contains("\"0\""), "{kind:?}");
            assert!(kind != Kind::Feishu || !text.contains("<at"));
            assert!(kind != Kind::Wecom || !text.contains("<@"));
        }
        assert!(fitting(&message, Kind::Json).unwrap().contains("\"2999\""));
    }
}
