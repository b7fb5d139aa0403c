//! `setup.sh`: the snippets of a guide as one POSIX script that can be read, run twice and taken back.

use app::Lang;
use askama::Template;

use crate::guide::SetupPlan;

#[derive(Template)]
#[template(path = "setup.sh", escape = "none")]
struct Script {
    title: String,
    url: String,
    id: String,
    steps: Vec<Step>,
    keep: Vec<String>,
    remove: Vec<Path>,
    needs: Vec<String>,
    system: Vec<System>,
    is_root: bool,
    say: Sentences,
}

/// A file or a command.
struct Step {
    number: usize,
    /// The file, for a file.
    path: Option<Path>,
    text: String,
    end: String,
}

/// A path as a shell word, and as people read it in a comment or sentence.
struct Path {
    word: String,
}

struct System {
    key: String,
    pattern: String,
}

/// What the script says, as words that `printf` takes as a format.
struct Sentences {
    usage: String,
    unknown: String,
    will_write: String,
    will_remove: String,
    will_run: String,
    ask: String,
    refused: String,
    done: String,
    undone: String,
    nothing_to_undo: String,
    taken_back: String,
    need_root: String,
    need_user: String,
    wrong_system: String,
    missing: String,
    read_only: String,
    kept_in: String,
}

/// Writes the script of one state.
///
/// # Errors
/// Only if the template failed, which a test excludes.
pub fn script(
    id: &str,
    title: &str,
    url: &str,
    lang: Lang,
    plan: SetupPlan,
) -> Result<String, askama::Error> {
    let t = lang.texts();
    let run = format!("curl -fsSL '{url}' | {}sh -s --", if plan.is_root { "sudo " } else { "" });
    let steps = plan.steps.into_iter().enumerate().map(|(number, step)| {
        // Longer than any line of the text, so that no line of it can be the end.
        let longest = step.text.lines().map(str::len).max().unwrap_or(0);
        let end =
            if step.text.contains("END") { "E".repeat(longest + 1) } else { "END".to_owned() };
        let newline = if step.text.ends_with('\n') { "" } else { "\n" };
        Step {
            number: number + 1,
            path: step.file.as_deref().map(Path::of),
            text: format!("{}{newline}", step.text),
            end,
        }
    });
    let system = plan.system.into_iter().map(|(key, values)| System {
        key,
        pattern: values.iter().map(|v| quoted(v)).collect::<Vec<_>>().join(" | "),
    });
    let say = Sentences {
        usage: format_word(&app::format::fill(t.setup_usage, &[&run])),
        unknown: format_word(t.setup_unknown),
        will_write: format_word(t.setup_will_write),
        will_remove: format_word(t.setup_will_remove),
        will_run: format_word(t.setup_will_run),
        ask: quoted(t.setup_ask),
        refused: format_word(t.setup_refused),
        done: format_word(t.setup_done),
        undone: format_word(t.setup_undone),
        nothing_to_undo: format_word(t.setup_nothing_to_undo),
        taken_back: format_word(t.setup_taken_back),
        need_root: format_word(t.setup_need_root),
        need_user: format_word(t.setup_need_user),
        wrong_system: format_word(t.setup_wrong_system),
        missing: format_word(t.setup_missing),
        read_only: format_word(t.setup_read_only),
        kept_in: format_word(t.setup_kept_in),
    };
    let script = Script {
        title: title.to_owned(),
        url: url.to_owned(),
        id: quoted(id),
        steps: steps.collect(),
        keep: plan.keep.iter().map(|path| Path::of(path).word).collect(),
        remove: plan.remove.iter().map(|path| Path::of(path)).collect(),
        needs: plan.needs.iter().map(|program| quoted(program)).collect(),
        system: system.collect(),
        is_root: plan.is_root,
        say,
    };
    // askama takes the last line feed of a template away.
    Ok(format!("{}\n", script.render()?))
}

impl Path {
    fn of(path: &str) -> Self {
        let word = match path.strip_prefix("~/") {
            Some(rest) => format!("\"$HOME\"/{}", quoted(rest)),
            None => quoted(path),
        };
        Self { word }
    }
}

/// A text as one shell word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A sentence of the interface as a `printf` format with a line feed.
fn format_word(text: &str) -> String {
    let text =
        text.replace('\\', r"\\").replace('%', "%%").replace("{0}", "%s").replace("{1}", "%s");
    quoted(&format!("{text}\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(Path::of("~/a b/c").word, "\"$HOME\"/'a b/c'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(format_word("100% of {0}"), r"'100%% of %s\n'");
    }
}
