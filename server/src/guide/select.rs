//! From a query to a choice of options, and back to the one canonical query.

use std::collections::BTreeMap;

use minijinja::{Environment, Value};

use super::{Guide, Kind, OptionDef, render::Place, template};

/// A choice for every option, with all variables that follow from it.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Value of each option, by id.
    pub values: BTreeMap<String, String>,
    /// Options that do not apply to the other choices and keep their default.
    pub hidden: Vec<String>,
    /// Everything templates may name.
    pub(super) context: BTreeMap<String, Value>,
}

/// Why a query is no choice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// There is no such option.
    #[error("no option \"{option}\"; valid options: {}", valid.join(", "))]
    UnknownOption {
        /// As written.
        option: String,
        /// Options that exist.
        valid: Vec<String>,
    },
    /// The option has no such value.
    #[error("option \"{option}\" has no value \"{value}\"; valid values: {}", valid.join(", "))]
    UnknownValue {
        /// Option.
        option: String,
        /// As written.
        value: String,
        /// Values that exist.
        valid: Vec<String>,
    },
    /// The guide itself is broken.
    #[error("{0}")]
    Template(String),
}

impl Guide {
    /// Applies a query; the last of repeated keys wins, as forms with a hidden `off` need it.
    ///
    /// # Errors
    /// An option or value that does not exist, with the valid ones.
    pub fn select(
        &self,
        place: &Place<'_>,
        query: &[(String, String)],
    ) -> Result<Selection, SelectionError> {
        let mut asked: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, value) in query {
            let option = self.options.iter().find(|o| o.id == *key).ok_or_else(|| {
                let valid = self.options.iter().map(|o| o.id.clone()).collect();
                SelectionError::UnknownOption { option: key.clone(), valid }
            })?;
            if !option.values().contains(&value.as_str()) {
                return Err(SelectionError::UnknownValue {
                    option: key.clone(),
                    value: value.clone(),
                    valid: option.values().into_iter().map(ToOwned::to_owned).collect(),
                });
            }
            asked.insert(key, value);
        }
        let env = template::environment().map_err(|e| broken(&e))?;
        self.evaluate(&env, place, &asked)
    }

    /// The query that names this choice: only what differs from the defaults, in declared order.
    pub fn canonical_query(&self, selection: &Selection) -> String {
        let mut parts = Vec::new();
        for option in &self.options {
            if let Some(value) = selection.values.get(&option.id)
                && value != option.default()
                && !selection.hidden.contains(&option.id)
            {
                parts.push(format!("{}={}", option.id, crate::web::encode::query(value)));
            }
        }
        parts.join("&")
    }

    /// Every distinct choice.
    ///
    /// # Errors
    /// A condition that cannot be evaluated.
    pub fn selections(&self, place: &Place<'_>) -> Result<Vec<Selection>, SelectionError> {
        let env = template::environment().map_err(|e| broken(&e))?;
        // The plain product: whether an option is hidden may depend on ones declared after it.
        let mut asked: Vec<BTreeMap<&str, &str>> = vec![BTreeMap::new()];
        for option in &self.options {
            asked = asked
                .iter()
                .flat_map(|so_far| {
                    option.values().into_iter().map(|value| {
                        let mut next = so_far.clone();
                        next.insert(&option.id, value);
                        next
                    })
                })
                .collect();
        }
        let mut out: BTreeMap<BTreeMap<String, String>, Selection> = BTreeMap::new();
        for asked in &asked {
            let selection = self.evaluate(&env, place, asked)?;
            out.insert(selection.values.clone(), selection);
        }
        Ok(out.into_values().collect())
    }

    fn evaluate(
        &self,
        env: &Environment<'_>,
        place: &Place<'_>,
        asked: &BTreeMap<&str, &str>,
    ) -> Result<Selection, SelectionError> {
        let mut context = self.start(place, asked);
        let mut values = BTreeMap::new();
        let mut hidden = Vec::new();
        for option in &self.options {
            let is_hidden = match &option.hide_when {
                Some(condition) => is_true(env, condition, &context)?,
                None => false,
            };
            let value = if is_hidden {
                hidden.push(option.id.clone());
                option.default()
            } else {
                asked.get(option.id.as_str()).copied().unwrap_or(option.default())
            };
            values.insert(option.id.clone(), value.to_owned());
            self.apply(env, place, option, value, &mut context)?;
        }
        for (name, text) in &self.vars {
            let value = env.render_str(text, &context).map_err(|e| broken(&e))?;
            context.insert(name.clone(), Value::from(value));
        }
        Ok(Selection { values, hidden, context })
    }

    /// The context before any option is applied: the site's names, every variable as false, and the
    /// options as asked, since a condition may name one that is declared later.
    fn start(&self, place: &Place<'_>, asked: &BTreeMap<&str, &str>) -> BTreeMap<String, Value> {
        let mut context = BTreeMap::new();
        for option in &self.options {
            if let Kind::Select { values, .. } = &option.kind {
                for name in values.iter().flat_map(|v| v.set.keys()) {
                    context.insert(name.clone(), Value::from(false));
                }
            }
        }
        for option in &self.options {
            let value = asked.get(option.id.as_str()).copied().unwrap_or(option.default());
            context.insert(option.id.clone(), as_template_value(option, value));
        }
        let scheme = match (&self.scheme, self.options.iter().find(|o| o.id == "scheme")) {
            (Some(scheme), _) => scheme.as_str(),
            (None, Some(option)) => asked.get("scheme").copied().unwrap_or(option.default()),
            (None, None) => place.scheme,
        };
        context.insert("base".to_owned(), Value::from(format!("{scheme}://{}", place.host)));
        context.insert("host".to_owned(), Value::from(place.host));
        context.insert("path".to_owned(), Value::from(place.path));
        context.insert("id".to_owned(), Value::from(self.id.as_str()));
        // A guide that never says `sudo` is for a system that has none, such as MSYS2.
        let has_sudo = self.options.iter().any(|option| option.id == "sudo");
        let prefix = if has_sudo && asked.get("sudo") != Some(&"off") { "sudo " } else { "" };
        context.insert("sudo".to_owned(), Value::from(prefix));
        context
    }

    fn apply(
        &self,
        env: &Environment<'_>,
        place: &Place<'_>,
        option: &OptionDef,
        value: &str,
        context: &mut BTreeMap<String, Value>,
    ) -> Result<(), SelectionError> {
        context.insert(option.id.clone(), as_template_value(option, value));
        match option.id.as_str() {
            "scheme" if self.scheme.is_none() => {
                context.insert("base".to_owned(), Value::from(format!("{value}://{}", place.host)));
            }
            "sudo" => {
                let prefix = if value == "on" { "sudo " } else { "" };
                context.insert("sudo".to_owned(), Value::from(prefix));
            }
            _ => {}
        }
        for (name, set) in option.value(value).into_iter().flat_map(|v| &v.set) {
            let set = match set {
                toml::Value::String(text) => {
                    Value::from(env.render_str(text, &*context).map_err(|e| broken(&e))?)
                }
                toml::Value::Boolean(flag) => Value::from(*flag),
                toml::Value::Integer(number) => Value::from(*number),
                other => Value::from(other.to_string()),
            };
            context.insert(name.clone(), set);
        }
        Ok(())
    }
}

fn as_template_value(option: &OptionDef, value: &str) -> Value {
    match option.kind {
        Kind::Select { .. } => Value::from(value),
        Kind::Toggle { .. } => Value::from(value == "on"),
    }
}

/// Evaluates a condition.
///
/// # Errors
/// A condition that does not parse or names something undefined.
pub(super) fn is_true(
    env: &Environment<'_>,
    condition: &str,
    context: &BTreeMap<String, Value>,
) -> Result<bool, SelectionError> {
    let expression = env.compile_expression(condition).map_err(|e| broken(&e))?;
    let value = expression.eval(context).map_err(|e| broken(&e))?;
    if value.is_undefined() {
        return Err(SelectionError::Template(format!("`{condition}` names something undefined")));
    }
    Ok(value.is_true())
}

fn broken(error: &minijinja::Error) -> SelectionError {
    SelectionError::Template(template::explain(error).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guide_that_never_says_sudo_has_none() {
        let sudo = |code: &str| {
            let fence = format!("```sh id=a run=root\n{code}\n```\n");
            let (zh, en) = (
                format!("+++\ntitle = \"t\"\n+++\n{fence}"),
                "+++\ntitle = \"t\"\n+++\n```use id=a\n```\n",
            );
            let (guide, problems) = Guide::parse("t", &zh, en);
            assert_eq!(problems, []);
            let place = Place { host: "h", scheme: "https", path: "/t" };
            let guide = guide.unwrap();
            let selection = guide.select(&place, &[]).unwrap();
            guide.render(app::Lang::En, &selection).unwrap().sudo
        };
        assert_eq!(sudo("{{ sudo }}true"), "sudo ");
        assert_eq!(sudo("true"), "");
    }
}
