//! The template language of guides: `MiniJinja`, strict, with `%%` line statements.

use std::borrow::Cow;

use minijinja::{
    Environment, Error, ErrorKind, State, UndefinedBehavior, Value, syntax::SyntaxConfig,
};

/// Makes the environment in which templates and conditions of guides are evaluated.
///
/// # Errors
/// Only if the syntax configuration were contradictory, which a test excludes.
pub fn environment() -> Result<Environment<'static>, Error> {
    let mut env = Environment::new();
    env.set_syntax(
        SyntaxConfig::builder().line_statement_prefix("%%").keep_trailing_newline(true).build()?,
    );
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.set_unknown_method_callback(split_method);
    Ok(env)
}

/// `text.split()`, which authors know from Python.
fn split_method(
    _: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match (value.as_str(), method, args) {
        (Some(text), "split", []) => Ok(text.split_whitespace().map(Value::from).collect()),
        _ => Err(Error::new(
            ErrorKind::UnknownMethod,
            format!("{} has no method named {method}", value.kind()),
        )),
    }
}

/// The message of a template error with its line within the template.
pub fn explain(error: &Error) -> Cow<'static, str> {
    let mut message = error.kind().to_string();
    if let Some(detail) = error.detail() {
        message = format!("{message}: {detail}");
    }
    match error.line() {
        Some(line) => format!("{message} (line {line} of the block)").into(),
        None => message.into(),
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn line_statements_vanish_and_undefined_names_are_errors() {
        let env = environment().unwrap();
        let text = "a\n%% if x\nb{{ \" c\" if x }}{{ \" d\" if not x }}\n%% endif\ne\n";
        assert_eq!(env.render_str(text, context! { x => true }).unwrap(), "a\nb c\ne\n");
        assert_eq!(env.render_str(text, context! { x => "" }).unwrap(), "a\ne\n");
        assert!(env.render_str("{{ y }}", context! { x => 1 }).is_err());
        assert_eq!(
            env.render_str("{% for s in 'a  b'.split() %}<{{ s }}>{% endfor %}", ()).unwrap(),
            "<a><b>"
        );
    }
}
