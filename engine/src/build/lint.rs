//! Build checks that need more than the file: the context's ignore file, the base images that are here,
//! what becomes of FROM without the caller's arguments.

use super::BuildEvent;
use super::dockerfile::{Instruction, Located, Pair, Transfer, Warning, nearest, variables};
use super::error::BuildError;
use super::graph::{self, Base};
use super::scope::{PROXIES, global_scope};
use super::solve::Solver;
use crate::build::input::path::clean;
use engine_spec::{ContextSource, ImageReference};
use std::collections::{BTreeMap, BTreeSet};

/// The argument by which the caller says which checks count.
const CHECKS: &str = "BUILDKIT_DOCKERFILE_CHECK";

impl Solver<'_> {
    /// Says what works but is hardly meant; an error where the file wants it to be one.
    pub(super) fn warn(&self) -> Result<(), BuildError> {
        let mut warnings = self.file.warnings();
        warnings.extend(self.bases_by_default());
        warnings.extend(self.undefined_variables());
        warnings.extend(self.ignored_sources());
        let given = self.spec.args.get(CHECKS).and_then(Option::as_deref);
        let rules = self.tell(warnings);
        if rules.is_empty() || !self.file.warnings_are_errors(given) {
            return Ok(());
        }
        Err(BuildError::Checks { rules: rules.into_iter().collect::<Vec<_>>().join(", ") })
    }

    /// Tells of those that are in force, and returns their rules.
    pub(super) fn tell(&self, warnings: Vec<Warning>) -> BTreeSet<&'static str> {
        let given = self.spec.args.get(CHECKS).and_then(Option::as_deref);
        let mut rules = BTreeSet::new();
        for (rule, diagnostic) in self.file.in_force(given, warnings) {
            rules.insert(rule);
            self.shop.emit(BuildEvent::Warning { build: self.id.to_owned(), rule, diagnostic });
        }
        rules
    }

    /// Base images that need an argument of the caller's to have a name.
    fn bases_by_default(&self) -> Vec<Warning> {
        let global = global_scope(&self.file, &BTreeMap::new(), (&self.platform, None));
        let Ok(global) = global else { return Vec::new() };
        let with_variables = self.file.stages.iter().filter(|stage| stage.base.value.contains('$'));
        let check = |base: &Located<String>| {
            let name = self.file.expanded(base, &|name| global.value(name)).ok()?;
            ImageReference::parse(&name).err()?;
            let message = format!("by default `{}` is an empty or invalid name of an image", base.value);
            Some(("InvalidDefaultArgInFrom", self.file.source.error(base.span, message)))
        };
        with_variables.filter_map(|stage| check(&stage.base)).collect()
    }

    /// Sources of COPY and ADD that the ignore file leaves out.
    fn ignored_sources(&self) -> Vec<Warning> {
        let ContextSource::Folder(_) = &self.spec.context else { return Vec::new() };
        // A context that cannot be opened is an error of the step that needs it.
        let Ok(context) = self.contexts.own() else { return Vec::new() };
        let steps = self.file.stages.iter().flat_map(|stage| &stage.steps);
        let sources = steps.filter_map(|step| match &step.instruction {
            Instruction::Copy(copy) | Instruction::Add(copy) => Some(copy.sources_of_context()),
            _ => None,
        });
        let hidden = sources.flatten().filter(|source| context.view.hides(&clean(&source.value)));
        let warning = |source: &Located<String>| {
            let message = format!("`{}` is left out by .dockerignore", source.value);
            ("CopyIgnoredFile", self.file.source.error(source.span, message))
        };
        hidden.map(warning).collect()
    }

    /// Variables that nothing sets. What an image sets is known if it is here.
    fn undefined_variables(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut known: Vec<Option<BTreeSet<String>>> = Vec::new();
        for (index, stage) in self.file.stages.iter().enumerate() {
            let mut names = self.inherited(index, &known);
            for step in stage.steps.iter() {
                let Some(names) = &mut names else { break };
                for text in expanded_texts(&step.instruction) {
                    warnings.extend(self.undefined_in(text, names));
                }
                names.extend(set_by(&step.instruction).map(|name| name.value.clone()));
            }
            known.push(names);
        }
        warnings
    }

    /// The variables that stage `index` starts with; `None` if nobody knows.
    fn inherited(&self, index: usize, stages: &[Option<BTreeSet<String>>]) -> Option<BTreeSet<String>> {
        let base = graph::start(&self.file, index, (&self.global, &self.spec.contexts)).ok()?.base;
        let mut names = match base {
            Base::Scratch => BTreeSet::new(),
            Base::Stage(earlier) => stages.get(earlier)?.clone()?,
            Base::Image(reference) => {
                let image = self.shop.store.find(&reference).ok()??;
                let lines = image.config.environment.iter();
                lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name.to_owned()).collect()
            }
            Base::Context(_) => return None,
        };
        names.insert("PATH".to_owned());
        Some(names)
    }

    fn undefined_in(&self, text: &Located<String>, names: &BTreeSet<String>) -> Vec<Warning> {
        let undefined = std::cell::RefCell::new(BTreeSet::new());
        let is_known =
            |name: &str| names.contains(name) || PROXIES.iter().any(|proxy| proxy.eq_ignore_ascii_case(name));
        // Quotes and escapes decide what is a variable, so the expansion itself is asked.
        let expanded = self.file.expanded(text, &|name| {
            if !is_known(name) && variables(&text.value).any(|variable| variable == name) {
                undefined.borrow_mut().insert(name.to_owned());
            }
            Some(String::new())
        });
        if expanded.is_err() {
            return Vec::new();
        }
        let warning = |name: String| {
            let hint = nearest(&name, names.iter().map(String::as_str));
            let hint = hint.map(|near| format!(" (did you mean `${near}`?)")).unwrap_or_default();
            let message = format!("the variable `${name}` is set nowhere{hint}");
            ("UndefinedVar", self.file.source.error(text.span, message))
        };
        undefined.into_inner().into_iter().map(warning).collect()
    }
}

impl Transfer {
    /// The sources that are named by themselves and lie in the context.
    fn sources_of_context(&self) -> impl Iterator<Item = &Located<String>> {
        let is_plain = |source: &&Located<String>| {
            !source.value.contains(['$', '*', '?', '[', '\\']) && !source.value.contains("://")
        };
        self.sources.iter().filter(|_| self.from.is_none()).filter(is_plain)
    }
}

/// The texts of an instruction whose variables are replaced.
fn expanded_texts(instruction: &Instruction) -> Vec<&Located<String>> {
    match instruction {
        Instruction::Add(copy) | Instruction::Copy(copy) => {
            let flags = [&copy.chown, &copy.chmod].into_iter().flatten();
            copy.sources.iter().chain([&copy.destination]).chain(flags).collect()
        }
        Instruction::Env(pairs) | Instruction::Label(pairs) => pairs.iter().map(|(_, value)| value).collect(),
        Instruction::Arg(arguments) => {
            arguments.iter().filter_map(|argument| argument.default.as_ref()).collect()
        }
        Instruction::Expose(all) | Instruction::Volume(all) => all.iter().collect(),
        Instruction::StopSignal(text) | Instruction::User(text) | Instruction::Workdir(text) => vec![text],
        Instruction::Cmd(_)
        | Instruction::Entrypoint(_)
        | Instruction::Healthcheck(_)
        | Instruction::Maintainer(_)
        | Instruction::OnBuild(_)
        | Instruction::Run(_)
        | Instruction::Shell(_) => Vec::new(),
    }
}

/// The names that an instruction sets for those after it.
fn set_by(instruction: &Instruction) -> impl Iterator<Item = &Located<String>> {
    let (pairs, arguments): (&[Pair], &[super::dockerfile::Argument]) = match instruction {
        Instruction::Env(pairs) => (pairs, &[]),
        Instruction::Arg(arguments) => (&[], arguments),
        _ => (&[], &[]),
    };
    pairs.iter().map(|(name, _)| name).chain(arguments.iter().map(|argument| &argument.name))
}
