//! Variables: what ARG and ENV make visible to expansion and to commands.

use super::dockerfile::{Argument, Diagnostic, Dockerfile};
use engine_spec::Platform;
use std::collections::BTreeMap;

/// Arguments that commands get without an ARG, and that no key or history shows (Docker's list).
pub(super) const PROXIES: [&str; 5] = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];

/// Values the caller gave; `None` leaves the Dockerfile's default.
pub(super) type Given = BTreeMap<String, Option<String>>;

/// The variables at one point of a stage, in the order they were first set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scope {
    variables: Vec<(String, String)>,
    /// Names declared by ARG in this stage.
    arguments: Vec<String>,
}

impl Scope {
    /// The value of a variable.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// Sets a variable; one that is set keeps its place.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.variables.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Declares arguments one after the other; later defaults see earlier ones.
    ///
    /// A value is the caller's, else the default, else that of the argument before the first FROM.
    pub(super) fn declare(
        &mut self,
        file: &Dockerfile,
        arguments: &[Argument],
        (given, global): (&Given, &Scope),
    ) -> Result<(), Diagnostic> {
        for argument in arguments {
            let name = file.expanded(&argument.name, &|name| self.value(name))?;
            let value = match (given.get(&name), &argument.default) {
                (Some(Some(value)), _) => Some(value.clone()),
                (_, Some(default)) => Some(file.expanded(default, &|name| self.value(name))?),
                (_, None) => global.value(&name),
            };
            if let Some(value) = value {
                self.set(&name, &value);
            }
            if !self.arguments.contains(&name) {
                self.arguments.push(name);
            }
        }
        Ok(())
    }

    /// Takes in the variables of an image's configuration.
    pub(super) fn inherit(&mut self, environment: &[String]) {
        for line in environment {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            self.set(name, value);
        }
    }

    /// All variables as `NAME=value`, as commands get them and keys count them.
    pub(super) fn environment(&self) -> Vec<String> {
        self.variables.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// The declared arguments that have a value, as `name=value`, for history.
    pub(super) fn declared(&self) -> Vec<String> {
        let values = self.arguments.iter().filter_map(|name| Some((name, self.value(name)?)));
        values.map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// Proxy settings the caller gave and no ARG declares, in both cases.
    pub(super) fn proxies(&self, given: &Given) -> Vec<String> {
        let is_proxy = |name: &str| PROXIES.iter().any(|proxy| proxy.eq_ignore_ascii_case(name));
        let mut lines = Vec::new();
        for (name, value) in given.iter().filter(|(name, _)| is_proxy(name) && self.value(name).is_none()) {
            for name in [name.to_ascii_uppercase(), name.to_ascii_lowercase()] {
                lines.extend(value.as_ref().map(|value| format!("{name}={value}")));
            }
        }
        lines
    }
}

/// The arguments before the first FROM, the automatic ones among them.
pub(super) fn global_scope(
    file: &Dockerfile,
    given: &Given,
    (platform, target): (&Platform, Option<&str>),
) -> Result<Scope, Diagnostic> {
    let mut automatic = Scope::default();
    let target = target.or(file.stages.last().and_then(|stage| stage.name.as_deref())).unwrap_or("default");
    for (prefix, platform) in [("TARGET", platform), ("BUILD", &Platform::host())] {
        let variant = platform.variant.clone().unwrap_or_default();
        let suffix = if variant.is_empty() { String::new() } else { format!("/{variant}") };
        let whole = format!("{}/{}{suffix}", platform.os, platform.architecture);
        automatic.set(&format!("{prefix}PLATFORM"), &whole);
        automatic.set(&format!("{prefix}OS"), &platform.os);
        automatic.set(&format!("{prefix}OSVERSION"), "");
        automatic.set(&format!("{prefix}ARCH"), &platform.architecture);
        automatic.set(&format!("{prefix}VARIANT"), &variant);
    }
    automatic.set("TARGETSTAGE", target);
    for (name, value) in given {
        if let Some(value) = value.as_ref().filter(|_| automatic.value(name).is_some()) {
            automatic.set(name, value);
        }
    }
    let mut scope = automatic.clone();
    scope.declare(file, &file.arguments, (given, &automatic))?;
    Ok(scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::dockerfile::{Instruction, Source, parse};

    /// The variables at the end of the last stage, which starts with `BASE=image`.
    fn variables(text: &str, given: &[(&str, Option<&str>)]) -> Result<Vec<String>, String> {
        let file = parse(Source::new("Dockerfile", text)).map_err(|error| error.message)?;
        let given: Given =
            given.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
        let platform = Platform { os: "linux".into(), architecture: "arm64".into(), variant: None };
        let global = global_scope(&file, &given, (&platform, None)).map_err(|error| error.message)?;
        let mut scope = Scope::default();
        scope.inherit(&["BASE=image".to_owned()]);
        for step in &file.stages.last().expect("a stage").steps {
            if let Instruction::Arg(arguments) = &step.instruction {
                scope.declare(&file, arguments, (&given, &global)).map_err(|error| error.message)?;
            }
        }
        Ok(scope.environment())
    }

    #[test]
    fn a_global_argument_is_seen_only_where_it_is_repeated() {
        assert_eq!(variables("ARG v=1\nFROM a", &[]).expect("valid"), ["BASE=image"]);
        assert_eq!(variables("ARG v=1\nFROM a\nARG v", &[]).expect("valid"), ["BASE=image", "v=1"]);
        assert_eq!(variables("ARG v=1\nFROM a\nARG v=2", &[]).expect("valid"), ["BASE=image", "v=2"]);
    }

    #[test]
    fn the_caller_beats_every_default() {
        let text = "ARG v=1\nFROM a\nARG v=2 w=$v";
        assert_eq!(variables(text, &[("v", Some("3"))]).expect("valid"), ["BASE=image", "v=3", "w=3"]);
        assert_eq!(variables(text, &[("v", None)]).expect("valid"), ["BASE=image", "v=2", "w=2"]);
    }

    #[test]
    fn an_argument_without_a_value_is_absent_and_one_with_an_empty_value_present() {
        assert_eq!(variables("FROM a\nARG x\nARG y=", &[]).expect("valid"), ["BASE=image", "y="]);
    }

    #[test]
    fn automatic_arguments_must_be_asked_for() {
        assert_eq!(
            variables("FROM a AS b\nARG TARGETARCH TARGETSTAGE", &[]).expect("valid"),
            ["BASE=image", "TARGETARCH=arm64", "TARGETSTAGE=b"]
        );
    }

    #[test]
    fn a_required_value_fails_unless_it_is_given() {
        let text = "ARG A\nARG B=${A:?\"give A\"}\nFROM a\nARG B";
        assert_eq!(variables(text, &[]), Err("A: give A".to_owned()));
        assert_eq!(variables(text, &[("A", Some("1"))]).expect("valid"), ["BASE=image", "B=1"]);
        assert_eq!(variables(text, &[("B", Some("2"))]).expect("valid"), ["BASE=image", "B=2"]);
    }

    #[test]
    fn undeclared_proxies_come_in_both_cases() {
        let given =
            Given::from([("http_proxy".to_owned(), Some("p".to_owned())), ("other".to_owned(), None)]);
        assert_eq!(Scope::default().proxies(&given), ["HTTP_PROXY=p", "http_proxy=p"]);
    }
}
