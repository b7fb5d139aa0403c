//! What the site tells programs, for the people who write them.

use leptos::prelude::*;

use crate::{
    Document,
    model::Lang,
    part::{self, Column},
    shell::Section,
};

/// Data of the page.
pub struct ApiView {
    /// Language.
    pub lang: Lang,
    /// What holds for all operations.
    pub introduction: String,
    /// Operations by subject.
    pub groups: Vec<Group>,
    /// Objects that answers are made of.
    pub schemas: Vec<Schema>,
    /// What may go wrong.
    pub problems: Vec<Problem>,
}

/// Operations of one subject.
pub struct Group {
    /// Subject.
    pub title: String,
    /// Operations.
    pub operations: Vec<Operation>,
}

/// One operation.
pub struct Operation {
    /// Identifier, also the fragment of its address.
    pub id: String,
    /// HTTP method.
    pub method: String,
    /// Template of the path.
    pub path: String,
    /// What it does, in a few words.
    pub summary: String,
    /// What it does.
    pub text: String,
    /// A command that works, if it needs no key.
    pub curl: Option<String>,
    /// Parameters.
    pub parameters: Vec<Field>,
    /// Answers.
    pub answers: Vec<Answer>,
}

/// A parameter, or a field of an object.
pub struct Field {
    /// Name.
    pub name: String,
    /// Type.
    pub r#type: Type,
    /// Whether it is always there.
    pub required: bool,
    /// Meaning.
    pub text: String,
}

/// A type in a few words.
pub struct Type {
    /// As shown.
    pub text: String,
    /// The object that it names.
    pub refers_to: Option<String>,
}

/// One answer of an operation.
pub struct Answer {
    /// HTTP status.
    pub status: String,
    /// Meaning.
    pub text: String,
    /// Media types.
    pub media: Vec<String>,
    /// What is in it.
    pub r#type: Option<Type>,
}

/// An object.
pub struct Schema {
    /// Name.
    pub name: String,
    /// Meaning; may be empty.
    pub text: String,
    /// Type, for those without fields.
    pub r#type: Type,
    /// Fields.
    pub fields: Vec<Field>,
}

/// A kind of problem.
pub struct Problem {
    /// Identifier, as in the `type` of an answer.
    pub kind: String,
    /// HTTP status.
    pub status: u16,
    /// Meaning.
    pub text: String,
}

/// Makes the page.
pub fn document(view: ApiView) -> Document {
    let lang = view.lang;
    let t = lang.texts();
    let groups = view.groups.into_iter().map(|group| group_view(lang, group)).collect_view();
    let schemas = view.schemas.into_iter().map(|schema| schema_view(lang, schema)).collect_view();
    let problems = view
        .problems
        .into_iter()
        .map(|problem| {
            let id = format!("problem-{}", problem.kind);
            view! {
                <tr id=id>
                    <th scope="row"><code>{problem.kind}</code></th>
                    <td data-label=t.api_status>{problem.status.to_string()}</td>
                    <td data-label=t.api_meaning>{problem.text}</td>
                </tr>
            }
        })
        .collect_view();
    let main = view! {
        <div class="wide api">
            <div class="page-head">
                <h1>{t.api_title}</h1>
                <p class="lead">{view.introduction.clone()}</p>
                <p><a href="/api/openapi.json">{t.api_document}</a></p>
            </div>
            {groups}
            <section aria-labelledby="objects">
                <h2 id="objects">{t.api_objects}</h2>
                {schemas}
            </section>
            <section aria-labelledby="problems">
                <h2 id="problems">{t.api_problems}</h2>
                <table class="list">
                    <thead>
                        <tr>
                            <th scope="col">{t.api_kind}</th>
                            <th scope="col">{t.api_status}</th>
                            <th scope="col">{t.api_meaning}</th>
                        </tr>
                    </thead>
                    <tbody>{problems}</tbody>
                </table>
            </section>
        </div>
    };
    Document {
        lang,
        title: t.api_title.to_owned(),
        description: view.introduction,
        path: "/api/docs".to_owned(),
        section: Section::None,
        noindex: false,
        main: main.into_any(),
    }
}

fn group_view(lang: Lang, group: Group) -> AnyView {
    let operations = group
        .operations
        .into_iter()
        .map(|operation| operation_view(lang, operation))
        .collect_view();
    view! {
        <section>
            <h2>{group.title}</h2>
            {operations}
        </section>
    }
    .into_any()
}

fn operation_view(lang: Lang, operation: Operation) -> AnyView {
    let t = lang.texts();
    let id = operation.id;
    let curl =
        operation.curl.map(|line| part::command(&format!("curl-{id}"), t.api_example, line, lang));
    let parameters = (!operation.parameters.is_empty())
        .then(|| fields_table(lang, t.api_parameters, t.api_parameter, operation.parameters));
    let answers = operation
        .answers
        .into_iter()
        .map(|answer| {
            let media = answer.media.join(", ");
            view! {
                <tr>
                    <th scope="row">{answer.status}</th>
                    <td data-label=t.api_meaning>{answer.text}</td>
                    <td data-label=t.api_type>{answer.r#type.map(type_view)}</td>
                    <td data-label=t.api_media>{media}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <article class="operation" id=id>
            <h3><code>{format!("{} {}", operation.method, operation.path)}</code>" "<span>{operation.summary}</span></h3>
            <p>{operation.text}</p>
            {curl}
            {parameters}
            <table class="list answers">
                <caption>{t.api_answers}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t.api_status}</th>
                        <th scope="col">{t.api_meaning}</th>
                        <th scope="col">{t.api_type}</th>
                        <th scope="col">{t.api_media}</th>
                    </tr>
                </thead>
                <tbody>{answers}</tbody>
            </table>
        </article>
    }
    .into_any()
}

fn schema_view(lang: Lang, schema: Schema) -> AnyView {
    let t = lang.texts();
    let shape = if schema.fields.is_empty() {
        view! { <p><code>{schema.r#type.text}</code></p> }.into_any()
    } else {
        fields_table(lang, t.api_fields, t.api_field, schema.fields)
    };
    let text = (!schema.text.is_empty()).then(|| view! { <p>{schema.text}</p> });
    let id = format!("schema-{}", schema.name);
    view! {
        <article class="schema">
            <h3 id=id><code>{schema.name}</code></h3>
            {text}
            {shape}
        </article>
    }
    .into_any()
}

fn fields_table(
    lang: Lang,
    caption: &'static str,
    label: &'static str,
    fields: Vec<Field>,
) -> AnyView {
    let t = lang.texts();
    let rows = fields
        .into_iter()
        .map(|field| {
            let needed = (!field.required).then(|| view! { " " <small>{t.api_optional}</small> });
            view! {
                <tr>
                    <th scope="row"><code>{field.name}</code>{needed}</th>
                    <td data-label=t.api_type>{type_view(field.r#type)}</td>
                    <td data-label=t.api_meaning>{field.text}</td>
                </tr>
            }
        })
        .collect_view();
    part::captioned_table(
        "list fields",
        caption,
        &[Column::Text(label), Column::Text(t.api_type), Column::Text(t.api_meaning)],
        rows.into_any(),
    )
}

fn type_view(r#type: Type) -> AnyView {
    match r#type.refers_to {
        Some(name) => {
            view! { <a href=format!("#schema-{name}")><code>{r#type.text}</code></a> }.into_any()
        }
        None => view! { <code>{r#type.text}</code> }.into_any(),
    }
}
