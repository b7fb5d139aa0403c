//! `openapi.toml`: what the site tells programs, as an OpenAPI document and as the data of a page.

use anyhow::Context as _;
use app::{
    Lang,
    format::fill,
    model::Mirror,
    page::api::{Answer, Field, Group, Operation, Problem, Schema, Type},
};
use serde::Deserialize;
use toml::{Table, Value};

use crate::{snapshot::Snapshot, web::encode};

const SOURCE: &str = include_str!("../openapi.toml");

/// The document with examples of one site.
#[derive(Clone, Debug)]
pub struct Document(Table);

/// A text and its Chinese.
#[derive(Deserialize)]
struct Words {
    description: String,
    #[serde(rename = "x-zh")]
    zh: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Method {
    operation_id: String,
    tags: Vec<String>,
    summary: String,
    #[serde(rename = "x-summary-zh")]
    summary_zh: String,
    #[serde(flatten)]
    words: Words,
    #[serde(default)]
    parameters: Vec<Table>,
    responses: Table,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    r#in: String,
    #[serde(default)]
    required: bool,
    #[serde(flatten)]
    words: Words,
    schema: Table,
    example: Option<Value>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(flatten)]
    words: Words,
    #[serde(default)]
    content: Table,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    #[serde(flatten)]
    words: Words,
}

#[derive(Deserialize)]
struct ProblemKind {
    status: u16,
    #[serde(flatten)]
    words: Words,
}

impl Words {
    fn get(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => self.zh.clone(),
            Lang::En => self.description.clone(),
        }
    }
}

impl Document {
    /// The document of the running site; `can_refresh` says whether it has a token for hooks.
    ///
    /// # Errors
    /// Only when `openapi.toml` was broken at build time; a test reads it.
    pub fn of(snapshot: &Snapshot, can_refresh: bool) -> anyhow::Result<Self> {
        let mut document: Table = toml::from_str(SOURCE).context("openapi.toml")?;
        if !can_refresh && let Some(paths) = document.get_mut("paths").and_then(Value::as_table_mut)
        {
            paths.remove("/api/v1/refresh");
        }
        if let Some(info) = document.get_mut("info").and_then(Value::as_table_mut) {
            info.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
        }
        fill_examples(&mut document, snapshot);
        Ok(Self(document))
    }

    /// As JSON, in the order in which it was written.
    ///
    /// # Errors
    /// None that is known: the document has strings, numbers and tables alone.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(&self.0)
    }

    /// What a page says before its first heading.
    ///
    /// # Errors
    /// As for [`Document::of`].
    pub fn introduction(&self, lang: Lang) -> anyhow::Result<String> {
        Ok(self.at::<Words>("info")?.get(lang))
    }

    /// Every operation, by tag, with examples below `base`.
    ///
    /// # Errors
    /// As for [`Document::of`].
    pub fn groups(&self, lang: Lang, base: &str) -> anyhow::Result<Vec<Group>> {
        let mut groups = Vec::new();
        for tag in self.at::<Vec<Tag>>("tags")? {
            let mut operations = Vec::new();
            for (path, methods) in self.at::<Table>("paths")? {
                for (method, operation) in methods.as_table().into_iter().flatten() {
                    let operation: Method = read(operation).with_context(|| path.clone())?;
                    if operation.tags.contains(&tag.name) {
                        operations.push(self.operation(lang, base, &path, method, &operation)?);
                    }
                }
            }
            groups.push(Group { title: tag.words.get(lang), operations });
        }
        Ok(groups)
    }

    fn operation(
        &self,
        lang: Lang,
        base: &str,
        path: &str,
        method: &str,
        operation: &Method,
    ) -> anyhow::Result<Operation> {
        let parameters = operation
            .parameters
            .iter()
            .map(|table| read::<Parameter>(&self.resolved(table)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let answers = operation
            .responses
            .iter()
            .map(|(status, response)| self.answer(lang, status, response))
            .collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Operation {
            id: operation.operation_id.clone(),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: match lang {
                Lang::Zh => operation.summary_zh.clone(),
                Lang::En => operation.summary.clone(),
            },
            text: operation.words.get(lang),
            curl: (method == "get").then(|| curl(base, path, &parameters)).flatten(),
            parameters: parameters
                .iter()
                .map(|parameter| Field {
                    name: parameter.name.clone(),
                    r#type: type_of(lang, &parameter.schema),
                    required: parameter.required,
                    text: parameter.words.get(lang),
                })
                .collect(),
            answers,
        })
    }

    fn answer(&self, lang: Lang, status: &str, response: &Value) -> anyhow::Result<Answer> {
        let table = response.as_table().context("a response is a table")?;
        let response: Response = read(&self.resolved(table))?;
        let schema = response.content.values().next().and_then(|media| media.get("schema"));
        Ok(Answer {
            status: status.to_owned(),
            text: response.words.get(lang),
            media: response.content.keys().cloned().collect(),
            r#type: schema.and_then(Value::as_table).map(|schema| type_of(lang, schema)),
        })
    }

    /// Every named object, with its fields.
    ///
    /// # Errors
    /// As for [`Document::of`].
    pub fn schemas(&self, lang: Lang) -> anyhow::Result<Vec<Schema>> {
        let components: Table = self.at("components")?;
        let schemas = components.get("schemas").and_then(Value::as_table);
        let described = schemas.into_iter().flatten().map(|(name, schema)| {
            let schema = schema.as_table().context("a schema is a table")?;
            Ok(Schema {
                name: name.clone(),
                text: self.words(lang, schema),
                r#type: type_of(lang, schema),
                fields: self.fields(lang, schema),
            })
        });
        described.collect()
    }

    fn fields(&self, lang: Lang, schema: &Table) -> Vec<Field> {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        schema
            .get("properties")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
            .filter_map(|(name, field)| {
                let field = field.as_table()?;
                Some(Field {
                    name: name.clone(),
                    r#type: type_of(lang, field),
                    required: required.contains(&name.as_str()),
                    text: self.words(lang, field),
                })
            })
            .collect()
    }

    /// What is said of a schema; of one that only refers, what is said of the other.
    fn words(&self, lang: Lang, schema: &Table) -> String {
        let own = schema.clone().try_into::<Words>();
        own.or_else(|_| self.resolved(schema).try_into::<Words>())
            .map(|words| words.get(lang))
            .unwrap_or_default()
    }

    /// Every kind of problem.
    ///
    /// # Errors
    /// As for [`Document::of`].
    pub fn problems(&self, lang: Lang) -> anyhow::Result<Vec<Problem>> {
        let kinds = self.at::<Table>("x-problems")?;
        let described = kinds.iter().map(|(kind, problem)| {
            let problem: ProblemKind = read(problem)?;
            let text = problem.words.get(lang);
            Ok(Problem { kind: kind.clone(), status: problem.status, text })
        });
        described.collect()
    }

    fn at<T: serde::de::DeserializeOwned>(&self, key: &str) -> anyhow::Result<T> {
        let value = self.0.get(key).with_context(|| format!("openapi.toml has no {key}"))?;
        read(value).with_context(|| key.to_owned())
    }

    /// What a `$ref` refers to, or the table itself.
    fn resolved(&self, table: &Table) -> Value {
        let target = table.get("$ref").and_then(Value::as_str).and_then(|reference| {
            let mut at = self.0.get("components")?;
            for key in reference.strip_prefix("#/components/")?.split('/') {
                at = at.get(key)?;
            }
            Some(at.clone())
        });
        target.unwrap_or_else(|| Value::Table(table.clone()))
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> anyhow::Result<T> {
    Ok(value.clone().try_into()?)
}

/// Gives every parameter with an `x-example` an example that exists on this site, if one does.
fn fill_examples(table: &mut Table, snapshot: &Snapshot) {
    for (_, value) in table.iter_mut() {
        match value {
            Value::Table(inner) => fill_examples(inner, snapshot),
            Value::Array(items) => items
                .iter_mut()
                .filter_map(Value::as_table_mut)
                .for_each(|inner| fill_examples(inner, snapshot)),
            _ => {}
        }
    }
    if let Some(kind) = table.remove("x-example")
        && let Some(example) = kind.as_str().and_then(|kind| example(kind, snapshot))
    {
        table.insert("example".to_owned(), example.into());
    }
}

/// A favourite of the site, or else its first mirror, that is of this kind.
fn example(kind: &str, snapshot: &Snapshot) -> Option<String> {
    let fits = |mirror: &&Mirror| match kind {
        "guide" => mirror.has_guide,
        "tree" => mirror.has_tree && mirror.path.strip_prefix('/') == Some(mirror.id.as_str()),
        _ => true,
    };
    let favourites = snapshot.chrome.site.favourites.iter().filter_map(|id| snapshot.mirror(id));
    favourites.chain(&snapshot.mirrors).find(fits).map(|mirror| mirror.id.clone())
}

/// A line that works: the required parameters, and those that have an example.
fn curl(base: &str, path: &str, parameters: &[Parameter]) -> Option<String> {
    let mut path = path.to_owned();
    let mut query = Vec::new();
    for parameter in parameters {
        let example = match &parameter.example {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None if parameter.required => return None,
            None => continue,
        };
        if parameter.r#in == "path" {
            let segment = encode::segment(example.as_bytes());
            path = path.replace(&format!("{{{}}}", parameter.name), &segment);
        } else {
            query.push(format!("{}={}", parameter.name, encode::query(&example)));
        }
    }
    let mark = if query.is_empty() { "" } else { "?" };
    Some(format!("curl -fsS '{base}{path}{mark}{}'", query.join("&")))
}

/// A schema in a few words, with the name of what it refers to.
fn type_of(lang: Lang, schema: &Table) -> Type {
    let t = lang.texts();
    let name = |schema: &Table| {
        let reference = schema.get("$ref")?.as_str()?;
        reference.rsplit('/').next().map(ToOwned::to_owned)
    };
    if let Some(name) = name(schema) {
        return Type { text: name.clone(), refers_to: Some(name) };
    }
    if let Some(items) = schema.get("items").and_then(Value::as_table) {
        let inner = type_of(lang, items);
        return Type { text: fill(t.api_list_of, &[&inner.text]), ..inner };
    }
    let one_of = schema.get("anyOf").and_then(Value::as_array);
    if let Some(first) = one_of.and_then(|all| all.first()).and_then(Value::as_table) {
        let inner = type_of(lang, first);
        return Type { text: format!("{} | null", inner.text), ..inner };
    }
    let text = match (schema.get("enum"), schema.get("const"), schema.get("type")) {
        (Some(Value::Array(values)), ..) => texts(values, " | "),
        (_, Some(value), _) => value.to_string(),
        (_, _, Some(Value::Array(types))) => texts(types, " | "),
        (_, _, Some(Value::String(text))) => text.clone(),
        _ => String::new(),
    };
    let bounds = match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(" {least}–{most}"),
        _ => String::new(),
    };
    Type { text: text + &bounds, refers_to: None }
}

fn texts(values: &[Value], separator: &str) -> String {
    values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(separator)
}
