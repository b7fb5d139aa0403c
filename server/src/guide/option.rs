//! Options of a guide as the front matter declares them.

use std::collections::BTreeMap;

use app::model::Bilingual;
use jiff::civil::Date;
use serde::Deserialize;

/// One option.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionDef {
    /// Name in URLs and templates.
    pub id: String,
    /// Label; the name when absent.
    pub label: Bilingual,
    /// Whether its choice is carried from page to page.
    pub global: bool,
    /// Expression under which the option does not apply and keeps its default.
    pub hide_when: Option<String>,
    /// Distribution whose table of releases knows the end of life of the values.
    pub eol_from: Option<String>,
    /// Path that the tree has for each value it offers, with `{value}` in it; relative to the mirror, or with a leading
    /// slash to the site.
    pub tree: Option<String>,
    /// Shape and values.
    pub kind: Kind,
}

/// Shape of an option.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A closed list.
    Select {
        /// Value when nothing is said.
        default: String,
        /// All values.
        values: Vec<ValueDef>,
    },
    /// `on` or `off`.
    Toggle {
        /// Value when nothing is said.
        default: bool,
    },
}

/// One value of a closed list.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueDef {
    /// Value in URLs and templates.
    pub value: String,
    /// Label; the value when absent.
    pub label: Option<Bilingual>,
    /// Variables that this choice sets; strings are templates.
    #[serde(default)]
    pub set: BTreeMap<String, toml::Value>,
    /// Last day of security support.
    pub eol: Option<Date>,
}

/// `[[option]]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOption {
    id: String,
    label: Option<Bilingual>,
    #[serde(default)]
    global: bool,
    hide_when: Option<String>,
    eol_from: Option<String>,
    tree: Option<String>,
    default: Option<String>,
    values: Option<Vec<ValueDef>>,
    toggle: Option<bool>,
}

impl OptionDef {
    /// The switch that every guide with root commands has.
    pub(super) fn sudo() -> Self {
        let zh = app::Lang::Zh.texts().sudo_label.to_owned();
        let en = app::Lang::En.texts().sudo_label.to_owned();
        Self {
            id: "sudo".to_owned(),
            label: Bilingual { zh, en },
            global: true,
            hide_when: None,
            eol_from: None,
            tree: None,
            kind: Kind::Toggle { default: true },
        }
    }

    /// Checks one `[[option]]`.
    ///
    /// # Errors
    /// What is missing or contradictory.
    pub(super) fn from_raw(raw: RawOption) -> Result<Self, String> {
        let RawOption { id, label, global, hide_when, eol_from, tree, default, values, toggle } =
            raw;
        let fault = |what: &str| Err(format!("option \"{id}\": {what}"));
        let kind = match (toggle, values) {
            (Some(default), None) => Kind::Toggle { default },
            (None, Some(values)) => {
                let Some(first) = values.first() else { return fault("`values` is empty") };
                let default = default.unwrap_or_else(|| first.value.clone());
                if !values.iter().any(|v| v.value == default) {
                    return fault(&format!("the default \"{default}\" is not among its values"));
                }
                Kind::Select { default, values }
            }
            _ => return fault("needs either `values` (a list) or `toggle` (true or false)"),
        };
        let label = label.unwrap_or_else(|| Bilingual::same(&id));
        if tree.as_ref().is_some_and(|tree| !tree.contains("{value}")) {
            return Err(format!("option \"{id}\": `tree` needs {{value}} in it"));
        }
        Ok(Self { id, label, global, hide_when, eol_from, tree, kind })
    }

    /// Values as they appear in URLs.
    pub fn values(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Select { values, .. } => values.iter().map(|v| v.value.as_str()).collect(),
            Kind::Toggle { .. } => vec!["on", "off"],
        }
    }

    /// Value when nothing is said.
    pub fn default(&self) -> &str {
        match &self.kind {
            Kind::Select { default, .. } => default,
            Kind::Toggle { default: true } => "on",
            Kind::Toggle { default: false } => "off",
        }
    }

    /// The definition of a value, for lists.
    pub fn value(&self, value: &str) -> Option<&ValueDef> {
        match &self.kind {
            Kind::Select { values, .. } => values.iter().find(|v| v.value == value),
            Kind::Toggle { .. } => None,
        }
    }
}
