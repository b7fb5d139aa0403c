//! `[setup]`: which blocks one script may follow for the reader, and what it has to know beforehand.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Guide, RenderError, RenderedSnippet, Selection, render, select, template};
use crate::content::problem::Problem;

/// `[setup]` as written; all strings but `blocks` and `when` are templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupDef {
    /// Blocks to follow, in this order; those that do not apply are passed over.
    pub blocks: Vec<String>,
    /// Files to remove, such as the same sources in another format; empty ones are passed over.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Files that commands change; they are kept and restored like the others.
    #[serde(default)]
    pub touches: Vec<String>,
    /// Programs that must be there.
    #[serde(default)]
    pub needs: Vec<String>,
    /// What `/etc/os-release` must say, by key; alternatives are parted by `|`, an empty text is not compared.
    #[serde(default)]
    pub system: BTreeMap<String, String>,
    /// Expression under which there is a script.
    pub when: Option<String>,
}

/// What the script does in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupPlan {
    /// Files and commands in order.
    pub steps: Vec<RenderedSnippet>,
    /// Paths to remove.
    pub remove: Vec<String>,
    /// Every path that may change.
    pub keep: Vec<String>,
    /// Programs that must be there.
    pub needs: Vec<String>,
    /// Key of `/etc/os-release` and its possible values.
    pub system: Vec<(String, Vec<String>)>,
    /// Whether it is for root.
    pub is_root: bool,
}

impl Guide {
    /// What `setup.sh` does in a state.
    ///
    /// # Errors
    /// No script for this guide or this state, or a broken template.
    pub fn setup(&self, selection: &Selection) -> Result<SetupPlan, RenderError> {
        let missing = || RenderError::NoSuchSnippet {
            name: "setup.sh".to_owned(),
            valid: self.blocks.iter().filter(|b| !b.show_only).map(|b| b.id.clone()).collect(),
        };
        let def = self.setup.as_ref().ok_or_else(missing)?;
        let env = template::environment().map_err(|e| render::broken(&e))?;
        if let Some(when) = &def.when
            && !select::is_true(&env, when, &selection.context)?
        {
            let condition = when.clone();
            return Err(RenderError::Hidden { name: "setup.sh".to_owned(), condition });
        }
        let fill = |templates: &[String]| -> Result<Vec<String>, RenderError> {
            let filled = templates.iter().map(|text| {
                env.render_str(text, &selection.context).map_err(|e| render::broken(&e))
            });
            Ok(filled
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .filter(|s| !s.is_empty())
                .collect())
        };
        let mut steps = Vec::new();
        for id in &def.blocks {
            match self.snippet(id, selection) {
                Ok(step) => steps.push(step),
                Err(RenderError::Hidden { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let (remove, touches) = (fill(&def.remove)?, fill(&def.touches)?);
        let mut keep: Vec<String> = steps.iter().filter_map(|step| step.file.clone()).collect();
        keep.extend(remove.iter().chain(&touches).cloned());
        keep.sort();
        keep.dedup();
        let mut system = Vec::new();
        for (key, text) in &def.system {
            let value = env.render_str(text, &selection.context).map_err(|e| render::broken(&e))?;
            if !value.is_empty() {
                system.push((key.clone(), value.split('|').map(ToOwned::to_owned).collect()));
            }
        }
        let is_root = keep.iter().any(|path| path.starts_with('/'))
            || steps.iter().any(|step| step.file.is_none() && step.run == super::Run::Root);
        Ok(SetupPlan { steps, remove, keep, needs: fill(&def.needs)?, system, is_root })
    }

    /// Blocks of `[setup]` that do not exist or that no script can follow.
    pub(super) fn check_setup(&self, file: &str, problems: &mut Vec<Problem>) {
        let Some(def) = &self.setup else { return };
        for id in &def.blocks {
            let fault = match self.blocks.iter().find(|block| block.id == *id) {
                None => "does not exist",
                Some(block) if block.show_only => "is a sample",
                Some(block) if block.in_project => "belongs into a project directory",
                Some(block) if block.file.is_some() && block.mode == super::Mode::Append => {
                    "appends to a file, which is not the same when done twice"
                }
                Some(block) if block.file.is_none() && block.language != "sh" => "is no `sh`",
                Some(_) => continue,
            };
            let message = format!("[setup] names the block \"{id}\", which {fault}");
            problems.push(self.in_matter(file, "[setup]", message));
        }
        for key in def.system.keys() {
            if !key.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
                let message = format!("[setup] system: \"{key}\" is no key of /etc/os-release");
                problems.push(self.in_matter(file, "[setup]", message));
            }
        }
    }

    /// What is wrong with the script in one state.
    pub(super) fn fault_of_setup(&self, selection: &Selection) -> Option<String> {
        match self.setup(selection) {
            Ok(plan) => {
                let is_usable = |path: &String| path.starts_with('/') || path.starts_with("~/");
                let odd = plan.keep.iter().find(|path| !is_usable(path) || path.contains('\n'));
                odd.map(|path| {
                    format!("[setup]: {path} is no path that starts with / or ~/; see its `when`")
                })
            }
            Err(RenderError::Hidden { .. }) => None,
            Err(RenderError::NoSuchSnippet { .. }) if self.setup.is_none() => None,
            Err(error) => Some(format!("[setup]: {error}")),
        }
    }
}
