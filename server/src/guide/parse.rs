//! Reads the two files of a guide and lists everything that is wrong with them.

use std::{collections::BTreeMap, ops::Range};

use app::model::Bilingual;
use jiff::civil::Date;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde::Deserialize;

use super::{
    CodeBlock, Guide, OptionDef, Piece, Prose, SetupDef, block::Info, option::RawOption, template,
};
use crate::content::{front_matter, problem::Problem};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matter {
    title: String,
    reviewed: Option<Date>,
    scheme: Option<String>,
    #[serde(default)]
    vars: toml::Table,
    #[serde(default, rename = "option")]
    options: Vec<RawOption>,
    #[serde(default, rename = "check")]
    checks: Vec<toml::Table>,
    setup: Option<SetupDef>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Translation {
    title: String,
}

impl Guide {
    /// Reads both files of a folder such as `mirrors/debian`; no guide when the front matter of
    /// either is broken.
    pub fn parse(folder: &str, zh: &str, en: &str) -> (Option<Self>, Vec<Problem>) {
        let id = folder.rsplit('/').next().unwrap_or(folder);
        let zh_file = format!("{folder}/help.zh.md");
        let en_file = format!("{folder}/help.en.md");
        let mut problems = Vec::new();
        let main = front_matter::split::<Matter>(&zh_file, zh);
        let other = front_matter::split::<Translation>(&en_file, en);
        let (main, other) = match (main, other) {
            (Ok(main), Ok(other)) => (main, other),
            (main, other) => {
                problems.extend(main.err());
                problems.extend(other.err());
                return (None, problems);
            }
        };
        let mut blocks = Vec::new();
        let zh_pieces =
            pieces(&zh_file, main.body, main.body_line, &mut problems, |info, text, line| {
                let block = CodeBlock::from_fence(info, text, line)?;
                if !block.id.is_empty() && blocks.iter().any(|b: &CodeBlock| b.id == block.id) {
                    return Err(format!("a block with id `{}` exists already", block.id));
                }
                blocks.push(block);
                Ok(blocks.len() - 1)
            });
        let en_pieces =
            pieces(&en_file, other.body, other.body_line, &mut problems, |info, text, line| {
                translated_block(&mut blocks, info, text, line)
            });
        let mut options = Vec::new();
        for raw in main.matter.options {
            match OptionDef::from_raw(raw) {
                Ok(option) => options.push(option),
                Err(message) => problems.push(Problem::in_file(&zh_file, message)),
            }
        }
        if blocks.iter().any(|b| b.text.contains("sudo")) {
            options.push(OptionDef::sudo());
        }
        let vars = main
            .matter
            .vars
            .into_iter()
            .filter_map(|(name, value)| match value {
                toml::Value::String(text) => Some((name, text)),
                other => {
                    let message = format!("[vars] {name} = {other}: expected a string");
                    problems.push(Problem::in_file(&zh_file, message));
                    None
                }
            })
            .collect();
        let guide = Self {
            id: id.to_owned(),
            folder: folder.to_owned(),
            title: Bilingual { zh: main.matter.title, en: other.matter.title },
            reviewed: main.matter.reviewed,
            scheme: main.matter.scheme,
            options,
            vars,
            blocks,
            checks: main.matter.checks,
            setup: main.matter.setup,
            matter: front_matter::text(zh).to_owned(),
            zh: zh_pieces,
            en: en_pieces,
        };
        guide.check_references(&zh_file, &en_file, &mut problems);
        guide.check_syntax(&zh_file, &mut problems);
        guide.check_options(&zh_file, &mut problems);
        guide.check_checks(&zh_file, &mut problems);
        guide.check_setup(&zh_file, &mut problems);
        (Some(guide), problems)
    }

    fn check_references(&self, zh_file: &str, en_file: &str, problems: &mut Vec<Problem>) {
        let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
        for option in &self.options {
            *ids.entry(&option.id).or_default() += 1;
        }
        for (id, _) in ids.into_iter().filter(|(_, count)| *count > 1) {
            let message = format!("option \"{id}\" is declared twice");
            problems.push(self.in_matter(zh_file, &format!("id = \"{id}\""), message));
        }
        for (index, block) in self.blocks.iter().enumerate() {
            for undo in block.undo.iter().filter(|id| !self.blocks.iter().any(|b| b.id == **id)) {
                problems.push(Problem::at(
                    zh_file,
                    block.line,
                    format!("undo={undo}: no such block"),
                ));
            }
            if !block.show_only && !self.en.contains(&Piece::Code(index)) {
                problems.push(Problem::in_file(
                    en_file,
                    format!(
                        "never uses the block `{}`; add an empty fence: ```use id={}",
                        block.id, block.id
                    ),
                ));
            }
        }
    }

    /// Compiles every template and condition, so that a slip is found without rendering.
    fn check_syntax(&self, file: &str, problems: &mut Vec<Problem>) {
        let env = match template::environment() {
            Ok(env) => env,
            Err(error) => {
                problems.push(Problem::in_file(file, template::explain(&error)));
                return;
            }
        };
        for block in &self.blocks {
            let mut report = |what: &str, error: &minijinja::Error| {
                let message = format!("{what}: {}", template::explain(error));
                problems.push(Problem::at(file, block.line, message));
            };
            for text in [Some(&block.text), block.file.as_ref()].into_iter().flatten() {
                if let Err(error) = env.template_from_str(text) {
                    report("template", &error);
                }
            }
            if let Some(Err(error)) = block.when.as_ref().map(|when| env.compile_expression(when)) {
                report("when", &error);
            }
        }
        for option in &self.options {
            if let Some(Err(error)) =
                option.hide_when.as_ref().map(|condition| env.compile_expression(condition))
            {
                let message =
                    format!("option \"{}\": hide_when: {}", option.id, template::explain(&error));
                problems.push(self.in_matter(file, &format!("id = \"{}\"", option.id), message));
            }
        }
    }
}

/// A fence of the translation: a reference to a block, or a sample of its own.
fn translated_block(
    blocks: &mut Vec<CodeBlock>,
    info: Info,
    text: String,
    line: usize,
) -> Result<usize, String> {
    if info.language != "use" {
        let block = CodeBlock::from_fence(info, text, line)?;
        if !block.show_only {
            return Err("code stands in help.zh.md only; refer to it by ```use id=NAME".to_owned());
        }
        blocks.push(block);
        return Ok(blocks.len() - 1);
    }
    let id = info.pairs.iter().find(|(key, _)| key == "id").map(|(_, id)| id.as_str());
    let id = id.ok_or("a `use` fence needs `id=NAME`")?;
    blocks
        .iter()
        .position(|b| b.id == id)
        .ok_or_else(|| format!("use id={id}: no such block in help.zh.md"))
}

/// Cuts a body into prose and code; `on_code` turns a fence into the index of a block.
fn pieces(
    file: &str,
    body: &str,
    first_line: usize,
    problems: &mut Vec<Problem>,
    mut on_code: impl FnMut(Info, String, usize) -> Result<usize, String>,
) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut depth = 0_usize;
    let mut open: Option<(String, String, Range<usize>)> = None;
    for (event, range) in
        Parser::new_ext(body, pulldown_cmark::Options::ENABLE_TABLES).into_offset_iter()
    {
        let line = first_line + body.get(..range.start).map_or(0, |s| s.matches('\n').count());
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                if depth > 0 {
                    problems.push(Problem::at(
                        file,
                        line,
                        "a code block may not stand inside a list or quote",
                    ));
                }
                match kind {
                    CodeBlockKind::Fenced(info) => {
                        open = Some((info.to_string(), String::new(), range));
                    }
                    CodeBlockKind::Indented => {
                        problems.push(Problem::at(
                            file,
                            line,
                            "code needs a fence (```) and an id",
                        ));
                    }
                }
                depth += 1;
            }
            Event::Text(text) => {
                if let Some((_, code, _)) = &mut open {
                    code.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                depth = depth.saturating_sub(1);
                if let Some((info, code, range)) = open.take() {
                    out.push(prose(body, at..range.start, first_line));
                    at = range.end;
                    match Info::parse(&info).and_then(|info| on_code(info, code, line)) {
                        Ok(index) => out.push(Piece::Code(index)),
                        Err(message) => problems.push(Problem::at(file, line, message)),
                    }
                }
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    out.push(prose(body, at..body.len(), first_line));
    out
}

fn prose(body: &str, range: Range<usize>, first_line: usize) -> Piece {
    let line = first_line + body.get(..range.start).map_or(0, |s| s.matches('\n').count());
    Piece::Text(Prose { text: body.get(range).unwrap_or_default().to_owned(), line })
}
