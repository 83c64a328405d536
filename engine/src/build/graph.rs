//! Which stages a build needs, and what each stands on.

use super::dockerfile::{Diagnostic, Dockerfile, Instruction, Located, nearest};
use super::error::BuildError;
use super::scope::Scope;
use engine_spec::{ContextSource, ImageReference, Platform};
use std::collections::BTreeMap;

/// What a stage starts from, or a COPY reads from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// Nothing.
    Scratch,
    /// An earlier stage, by its index.
    Stage(usize),
    /// An image.
    Image(ImageReference),
    /// A named context of the build.
    Context(String),
}

/// The arguments before the first FROM, and the named contexts.
pub(super) type Names<'a> = (&'a Scope, &'a BTreeMap<String, ContextSource>);

/// A FROM with its variables replaced.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// What the stage starts from.
    pub(super) base: Base,
    /// `--platform`, if given.
    pub(super) platform: Option<Platform>,
}

/// The index of the stage to build: the last, or the one of that name.
pub(super) fn target(file: &Dockerfile, wanted: Option<&str>) -> Result<usize, BuildError> {
    let Some(wanted) = wanted else { return Ok(file.stages.len() - 1) };
    let lower = wanted.to_lowercase();
    let names = || file.stages.iter().filter_map(|stage| stage.name.as_deref());
    let found = file.stages.iter().rposition(|stage| stage.name.as_deref() == Some(&lower));
    found.ok_or_else(|| BuildError::UnknownTarget {
        target: wanted.to_owned(),
        hint: nearest(&lower, names()).map(str::to_owned),
    })
}

/// Reads the FROM of stage `index`.
pub(super) fn start(
    file: &Dockerfile,
    index: usize,
    (global, contexts): Names<'_>,
) -> Result<Start, Diagnostic> {
    let stage = &file.stages[index];
    let name = file.expanded(&stage.base, &|name| global.value(name))?;
    if name.trim().is_empty() {
        let error = file.source.error(stage.base.span, "the base image's name is empty");
        let hint = "give the argument a default before the first FROM".to_owned();
        return Err(Diagnostic { hint: Some(hint), ..error });
    }
    let platform = stage.platform.as_ref().map(|text| platform(file, text, global)).transpose()?.flatten();
    let base = match name.as_str() {
        known if contexts.contains_key(known) => Base::Context(name),
        "scratch" => Base::Scratch,
        _ => stage_or_image(file, index, &Located { value: name, span: stage.base.span })?,
    };
    Ok(Start { base, platform })
}

/// What `--from` of an instruction in stage `index` means: a stage by name or number, or an image.
pub(super) fn copied_from(
    file: &Dockerfile,
    index: usize,
    from: &Located<String>,
    contexts: &BTreeMap<String, ContextSource>,
) -> Result<Base, Diagnostic> {
    if contexts.contains_key(&from.value) {
        return Ok(Base::Context(from.value.clone()));
    }
    let number = from.value.parse::<usize>().ok().filter(|number| *number < file.stages.len());
    match number {
        Some(number) if number < index => Ok(Base::Stage(number)),
        Some(_) => Err(later_stage(file, from)),
        None => stage_or_image(file, index, from),
    }
}

fn stage_or_image(file: &Dockerfile, index: usize, name: &Located<String>) -> Result<Base, Diagnostic> {
    let lower = name.value.to_lowercase();
    let is_named = |stage: &super::dockerfile::Stage| stage.name.as_deref() == Some(&lower);
    if let Some(earlier) = file.stages[..index].iter().rposition(is_named) {
        return Ok(Base::Stage(earlier));
    }
    if file.stages[index + 1..].iter().any(is_named) {
        return Err(later_stage(file, name));
    }
    match ImageReference::parse(&name.value) {
        Ok(reference) => Ok(Base::Image(reference)),
        Err(error) => Err(file.source.error(name.span, error.to_string())),
    }
}

fn later_stage(file: &Dockerfile, name: &Located<String>) -> Diagnostic {
    let error = file.source.error(name.span, format!("the stage `{}` comes later in the file", name.value));
    Diagnostic { hint: Some("move it above this line".to_owned()), ..error }
}

/// `os/architecture[/variant]`; empty means none.
fn platform(
    file: &Dockerfile,
    text: &Located<String>,
    global: &Scope,
) -> Result<Option<Platform>, Diagnostic> {
    let expanded = file.expanded(text, &|name| global.value(name))?;
    if expanded.is_empty() {
        return Ok(None);
    }
    let parts: Vec<&str> = expanded.split('/').collect();
    let (os, architecture, variant) = match parts.as_slice() {
        [os, architecture] => (*os, *architecture, None),
        [os, architecture, variant] => (*os, *architecture, Some((*variant).to_owned())),
        _ => {
            let error = file.source.error(text.span, format!("`{expanded}` is not a platform"));
            return Err(Diagnostic { hint: Some("write it like `linux/amd64`".to_owned()), ..error });
        }
    };
    let architecture = match architecture {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    Ok(Some(Platform { os: os.to_owned(), architecture: architecture.to_owned(), variant }))
}

/// The stages that stage `target` needs, each after those it needs, `target` last.
pub(super) fn order(file: &Dockerfile, target: usize, names: Names<'_>) -> Result<Vec<usize>, Diagnostic> {
    let mut needed = vec![false; file.stages.len()];
    needed[target] = true;
    // A stage only needs earlier ones, so one pass backwards finds them all.
    for index in (0..=target).rev() {
        if needed[index] {
            for base in dependencies(file, index, names)? {
                if let Base::Stage(earlier) = base {
                    needed[earlier] = true;
                }
            }
        }
    }
    Ok((0..=target).filter(|index| needed[*index]).collect())
}

/// What the steps of stage `index` need; triggers of its base image may add to it.
pub(super) fn dependencies(
    file: &Dockerfile,
    index: usize,
    names: Names<'_>,
) -> Result<Vec<Base>, Diagnostic> {
    let mut bases = vec![start(file, index, names)?.base];
    for step in &file.stages[index].steps {
        if let Instruction::Copy(copy) = &step.instruction
            && let Some(from) = &copy.from
        {
            bases.push(copied_from(file, index, from, names.1)?);
        }
        if let Instruction::Run(run) = &step.instruction {
            for from in run.mounts.iter().filter_map(super::dockerfile::RunMount::from) {
                bases.push(copied_from(file, index, &from, names.1)?);
            }
        }
    }
    Ok(bases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::dockerfile::{Source, parse};
    use crate::build::scope::{Given, global_scope};

    fn plan(text: &str, wanted: Option<&str>) -> Result<Vec<usize>, String> {
        let file = parse(Source::new("Dockerfile", text)).map_err(|error| error.to_string())?;
        let global =
            global_scope(&file, &Given::new(), (&Platform::host(), wanted)).map_err(|error| error.message)?;
        let target = target(&file, wanted).map_err(|error| error.to_string())?;
        order(&file, target, (&global, &BTreeMap::new())).map_err(|error| error.message)
    }

    #[test]
    fn only_stages_the_target_needs_are_built() {
        let text = "FROM a AS one\nFROM b AS unused\nFROM one AS two\nFROM c\nCOPY --from=TWO x y\nCOPY --from=0 x z";
        assert_eq!(plan(text, None), Ok(vec![0, 2, 3]));
        assert_eq!(plan(text, Some("Unused")), Ok(vec![1]));
    }

    #[test]
    fn an_unknown_target_names_the_nearest() {
        let error = plan("FROM a AS builder", Some("bilder")).expect_err("unknown");
        assert_eq!(error, "target stage `bilder` could not be found (did you mean `builder`?)");
    }

    #[test]
    fn a_later_stage_cannot_be_used() {
        for text in [
            "FROM a\nCOPY --from=b x y\nFROM c AS b",
            "FROM a\nCOPY --from=1 x y\nFROM c",
            "FROM b\nFROM c AS b",
        ] {
            assert!(
                plan(text, None).is_err() || plan(&format!("{text}\nCOPY --from=0 x y"), None).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_base_comes_from_global_arguments() {
        let file =
            parse(Source::new("Dockerfile", "ARG tag=1\nARG base=img:$tag\nFROM ${base%x}")).expect("valid");
        let global = global_scope(&file, &Given::new(), (&Platform::host(), None)).expect("valid");
        let expected = ImageReference::parse("img:1").expect("valid");
        assert_eq!(start(&file, 0, (&global, &BTreeMap::new())).expect("valid").base, Base::Image(expected));
    }

    #[test]
    fn an_empty_base_says_so() {
        let error = plan("ARG base\nFROM $base", None).expect_err("empty");
        assert!(error.contains("empty"), "{error}");
    }
}
