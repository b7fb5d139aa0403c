//! What is wrong with a guide beyond its syntax: options without effect, checks that name nothing, states that do not render.

use std::collections::BTreeMap;

use app::Lang;
use jiff::civil::Date;

use super::{Guide, Kind, OptionDef, Piece, Place, RenderError, select, template};
use crate::content::{problem::Problem, releases::Releases};

/// How much of a guide a real client follows in `end2end/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Blocks that change something: files, and commands that another block takes back.
    pub changing: usize,
    /// Those of them that no check names.
    pub unchecked: Vec<String>,
}

impl Guide {
    /// Options that change nothing, wherever they are set.
    pub(super) fn check_options(&self, file: &str, problems: &mut Vec<Problem>) {
        for option in self.options.iter().filter(|option| option.id != "sudo") {
            if self.is_used(option) {
                continue;
            }
            let message = format!(
                "option \"{}\" is never used: no template, condition or variable names it or what it sets",
                option.id
            );
            problems.push(self.in_matter(file, &format!("id = \"{}\"", option.id), message));
        }
    }

    fn is_used(&self, option: &OptionDef) -> bool {
        let mut names = vec![option.id.as_str()];
        if let Kind::Select { values, .. } = &option.kind {
            names.extend(values.iter().flat_map(|value| value.set.keys()).map(String::as_str));
        }
        if option.id == "scheme" {
            names.push("base");
        }
        let others = self.options.iter().filter(|other| other.id != option.id);
        let in_sets = others.clone().filter_map(|other| match &other.kind {
            Kind::Select { values, .. } => Some(values),
            Kind::Toggle { .. } => None,
        });
        let in_sets =
            in_sets.flatten().flat_map(|value| value.set.values()).filter_map(|v| v.as_str());
        let setup = self.setup.iter().flat_map(|setup| {
            let lists = setup.remove.iter().chain(&setup.touches).chain(&setup.needs);
            lists.chain(setup.system.values()).chain(&setup.when).map(String::as_str)
        });
        let in_blocks = self.blocks.iter().flat_map(|block| {
            [Some(block.text.as_str()), block.file.as_deref(), block.when.as_deref()]
                .into_iter()
                .flatten()
        });
        let in_prose = self.zh.iter().chain(&self.en).filter_map(|piece| match piece {
            Piece::Text(prose) => Some(prose.text.as_str()),
            Piece::Code(_) => None,
        });
        let mut texts = in_blocks
            .chain(in_prose)
            .chain(setup)
            .chain(in_sets)
            .chain(self.vars.iter().map(|(_, text)| text.as_str()))
            .chain(others.filter_map(|other| other.hide_when.as_deref()));
        texts.any(|text| names.iter().any(|name| has_word(text, name)))
    }

    /// Gives values their end of life from the table of releases, for options that name it.
    pub fn date_releases(&mut self, releases: &Releases, problems: &mut Vec<Problem>) {
        let file = self.file(Lang::Zh);
        let mut wrong = Vec::new();
        for option in &mut self.options {
            let (Some(distribution), Kind::Select { values, .. }) =
                (&option.eol_from, &mut option.kind)
            else {
                continue;
            };
            for value in values {
                let needle = format!("value = \"{}\"", value.value);
                match (releases.find(distribution, &value.value), value.eol) {
                    (None, _) => wrong.push((
                        needle,
                        format!(
                            "\"{}\" is no release of {distribution} in releases.toml",
                            value.value
                        ),
                    )),
                    (Some(release), Some(eol)) if release.end() != Some(eol) => wrong.push((
                        needle,
                        format!(
                            "eol = {eol}, but releases.toml has {:?} for it",
                            release.end().map(|d| d.to_string())
                        ),
                    )),
                    (Some(release), _) => value.eol = release.end(),
                }
            }
        }
        for (needle, message) in wrong {
            problems.push(self.in_matter(&file, &needle, message));
        }
    }

    /// Releases past their end that an option offers without saying so.
    pub fn check_releases(&self, releases: &Releases, today: Date) -> Vec<Problem> {
        let file = self.file(Lang::Zh);
        let mut problems = Vec::new();
        for option in &self.options {
            let Kind::Select { values, .. } = &option.kind else { continue };
            for value in values.iter().filter(|value| value.eol.is_none()) {
                let codename = value.set.get("codename").and_then(toml::Value::as_str);
                let mut names = codename.into_iter().chain([value.value.as_str()]);
                let release = names.find_map(|name| releases.by_codename(name));
                if let Some((release, end)) = release.and_then(|r| Some((r, r.end()?)))
                    && end < today
                {
                    let message = format!(
                        "{} {} ended on {end}: give it `eol = \"{end}\"`, or the option `eol_from = \"{}\"`",
                        release.distribution, release.series, release.distribution
                    );
                    let needle = format!("value = \"{}\"", value.value);
                    problems.push(self.in_matter(&file, &needle, message));
                }
            }
        }
        problems
    }

    /// `[[check]]` tables: a client, blocks that exist, a condition that can be read.
    pub(super) fn check_checks(&self, file: &str, problems: &mut Vec<Problem>) {
        let Ok(env) = template::environment() else { return };
        for (number, check) in self.checks.iter().enumerate() {
            let mut fault = |message: String| {
                problems.push(Problem {
                    line: self.line_of_check(number),
                    ..Problem::in_file(file, message)
                });
            };
            if check.get("client").and_then(toml::Value::as_str).is_none_or(str::is_empty) {
                fault("[[check]] needs `client = \"NAME\"`".to_owned());
            }
            match check.get("blocks").and_then(toml::Value::as_array) {
                Some(blocks) if !blocks.is_empty() => {
                    for block in blocks {
                        let id = block.as_str().unwrap_or_default();
                        if !self.blocks.iter().any(|b| b.id == id && !b.show_only) {
                            fault(format!(
                                "[[check]] names the block {block}, which does not exist"
                            ));
                        }
                    }
                }
                _ => fault(
                    "[[check]] needs `blocks = [\"ID\", …]`: what a reader does, in page order"
                        .to_owned(),
                ),
            }
            if let Some(when) = check.get("when") {
                match when.as_str().map(|when| env.compile_expression(when)) {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        fault(format!("[[check]] when: {}", template::explain(&error)));
                    }
                    None => fault(format!("[[check]] when = {when}: expected a string")),
                }
            }
        }
    }

    /// Renders every state in both languages and evaluates what only evaluation can show. Returns how
    /// many states there are, and each mistake once, with a state in which it shows.
    pub fn check_states(&self, place: &Place<'_>) -> (usize, Vec<Problem>) {
        let zh = self.file(Lang::Zh);
        let selections = match self.selections(place) {
            Ok(selections) => selections,
            Err(error) => return (0, vec![Problem::in_file(&zh, error.to_string())]),
        };
        let mut found: BTreeMap<(String, Option<usize>, String), String> = BTreeMap::new();
        let env = template::environment();
        for selection in &selections {
            let here = || self.canonical_query(selection);
            for lang in Lang::ALL {
                if let Err(error) = self.render(lang, selection) {
                    let (file, line) = match &error {
                        RenderError::Template { line, in_code: true, .. } => (zh.clone(), *line),
                        RenderError::Template { line, .. } => (self.file(lang), *line),
                        _ => (self.file(lang), None),
                    };
                    found.entry((file, line, error.to_string())).or_insert_with(here);
                }
            }
            if let Some(message) = self.fault_of_setup(selection) {
                found.entry((zh.clone(), None, message)).or_insert_with(here);
            }
            for (number, check) in self.checks.iter().enumerate() {
                let when = check.get("when").and_then(toml::Value::as_str);
                if let (Some(when), Ok(env)) = (when, &env)
                    && let Err(error) = select::is_true(env, when, &selection.context)
                {
                    let at = (zh.clone(), self.line_of_check(number), format!("[[check]] {error}"));
                    found.entry(at).or_insert_with(here);
                }
            }
        }
        let problems = found.into_iter().map(|((file, line, message), query)| {
            let with = if query.is_empty() { String::new() } else { format!(", with ?{query}") };
            Problem { file, line, message: format!("{message}{with}") }
        });
        (selections.len(), problems.collect())
    }

    /// Which blocks no client test follows.
    pub fn coverage(&self) -> Coverage {
        let undone: Vec<&String> = self.blocks.iter().flat_map(|block| &block.undo).collect();
        let is_named = |id: &str| {
            self.checks.iter().any(|check| {
                let blocks = check.get("blocks").and_then(toml::Value::as_array);
                blocks.is_some_and(|blocks| blocks.iter().any(|block| block.as_str() == Some(id)))
            })
        };
        let changing: Vec<&str> = self
            .blocks
            .iter()
            .filter(|block| {
                !block.show_only && (block.file.is_some() || undone.contains(&&block.id))
            })
            .map(|block| block.id.as_str())
            .collect();
        let unchecked = changing.iter().filter(|id| !is_named(id)).map(|id| (*id).to_owned());
        Coverage { changing: changing.len(), unchecked: unchecked.collect() }
    }

    /// A problem at the first line of the front matter that holds `needle`.
    pub(super) fn in_matter(
        &self,
        file: &str,
        needle: &str,
        message: impl Into<String>,
    ) -> Problem {
        let line = self.matter.lines().position(|line| line.contains(needle)).map(|at| at + 2);
        Problem { file: file.to_owned(), line, message: message.into() }
    }

    fn line_of_check(&self, number: usize) -> Option<usize> {
        let mut lines =
            self.matter.lines().enumerate().filter(|(_, line)| line.trim() == "[[check]]");
        lines.nth(number).map(|(at, _)| at + 2)
    }
}

/// Whether a name occurs in a text as a whole word.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|s| s.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|s| s.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: &str = "+++\ntitle = \"t\"\n+++\n```use id=a\n```\n";

    fn problems(matter: &str, fence: &str, text: &str) -> Vec<String> {
        let zh = format!("+++\ntitle = \"t\"\n{matter}+++\n```{fence}\n{text}\n```\n");
        let (guide, mut problems) = Guide::parse("mirrors/x", &zh, EN);
        if let Some(guide) = guide {
            let place = Place { host: "h", scheme: "https", path: "/x" };
            problems.extend(guide.check_states(&place).1);
        }
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        let option = "[[option]]\nid = \"o\"\ntoggle = true\n";
        for (matter, fence, text, said) in [
            ("", "sh id=a run=user", "ok", None),
            (option, "sh id=a run=user", "{{ o }}", None),
            (
                option,
                "sh id=a run=user",
                "word",
                Some("mirrors/x/help.zh.md:4: option \"o\" is never used"),
            ),
            (option, "sh id=a run=user when=\"o\"", "word", None),
            (
                "",
                "sh id=a run=user",
                "{{ nothing }}",
                Some("mirrors/x/help.zh.md:5: block `a`: undefined"),
            ),
            (
                "",
                "sh id=a run=user",
                "x\n{{ nothing }}",
                Some("mirrors/x/help.zh.md:6: block `a`: undefined"),
            ),
            ("", "sh id=a run=user", "{% if %}", Some("mirrors/x/help.zh.md:4: template: ")),
            ("", "sh id=a", "x", Some("mirrors/x/help.zh.md:4: block `a` has no target: ")),
            (
                "",
                "sh id=a run=user undo=b",
                "x",
                Some("mirrors/x/help.zh.md:4: undo=b: no such block"),
            ),
            (
                "[[check]]\nclient = \"c\"\nblocks = [\"b\"]\n",
                "sh id=a run=user",
                "x",
                Some("mirrors/x/help.zh.md:3: [[check]] names the block \"b\""),
            ),
            (
                "[[check]]\nblocks = [\"a\"]\n",
                "sh id=a run=user",
                "x",
                Some("mirrors/x/help.zh.md:3: [[check]] needs `client"),
            ),
            (
                "[[check]]\nclient = \"c\"\nblocks = [\"a\"]\nwhen = \"no == 1\"\n",
                "sh id=a run=user",
                "x",
                Some("mirrors/x/help.zh.md:3: [[check]] "),
            ),
        ] {
            let problems = problems(matter, fence, text);
            match said {
                None => assert_eq!(problems, [""; 0], "{matter}{fence}"),
                Some(said) => {
                    assert!(problems.iter().any(|p| p.starts_with(said)), "{said}: {problems:#?}");
                }
            }
        }
    }

    #[test]
    fn ends_of_releases_come_from_the_table_and_may_not_be_hidden() {
        let releases = Releases::parse("releases.toml", "[[release]]\ndistribution = \"debian\"\nseries = \"buster\"\nversion = \"10\"\neol = \"2024-06-30\"\nsource = \"s\"\n").unwrap();
        let today = "2026-11-21".parse().unwrap();
        let with = |keys: &str, value: &str| {
            let zh = format!(
                "+++\ntitle = \"t\"\n[[option]]\nid = \"r\"\n{keys}values = [\n  {{ {value} }},\n]\n+++\n```sh id=a run=user\n{{{{ r }}}}\n```\n"
            );
            let (guide, mut problems) = Guide::parse("mirrors/x", &zh, EN);
            let mut guide = guide.unwrap();
            guide.date_releases(&releases, &mut problems);
            problems.append(&mut guide.check_releases(&releases, today));
            let eol =
                guide.options[0].values().first().and_then(|v| guide.options[0].value(v)?.eol);
            (
                eol.map(|d| d.to_string()),
                problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            )
        };
        let (eol, problems) = with("eol_from = \"debian\"\n", "value = \"buster\"");
        assert_eq!((eol.as_deref(), problems.len()), (Some("2024-06-30"), 0));
        assert_eq!(
            with("eol_from = \"debian\"\n", "value = \"10\"").0.as_deref(),
            Some("2024-06-30")
        );
        let (_, problems) =
            with("eol_from = \"debian\"\n", "value = \"buster\", eol = \"2025-01-01\"");
        assert!(
            problems[0]
                .starts_with("mirrors/x/help.zh.md:7: eol = 2025-01-01, but releases.toml has"),
            "{problems:#?}"
        );
        let (_, problems) = with("eol_from = \"debian\"\n", "value = \"bustre\"");
        assert!(problems[0].contains("no release of debian"), "{problems:#?}");
        let (_, problems) = with("", "value = \"buster\"");
        assert!(
            problems[0].starts_with("mirrors/x/help.zh.md:6: debian buster ended on 2024-06-30"),
            "{problems:#?}"
        );
        assert_eq!(with("", "value = \"buster\", eol = \"2024-06-30\"").1, [""; 0]);
    }

    #[test]
    fn a_block_that_no_client_follows_is_counted() {
        let zh = "+++\ntitle = \"t\"\n[[check]]\nclient = \"c\"\nblocks = [\"a\"]\n+++\n```sh id=a run=user\nx\n```\n```toml id=b file=/b\nx\n```\n```sh id=u run=user undo=a\nx\n```\n";
        let (guide, _) = Guide::parse("mirrors/x", zh, EN);
        let coverage = guide.unwrap().coverage();
        assert_eq!(coverage, Coverage { changing: 2, unchecked: vec!["b".to_owned()] });
    }
}
