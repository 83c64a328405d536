//! Instructions outside of a build: the changes by which `commit` says how its image is run.

use super::dockerfile::{self, Diagnostic, Instruction, Source};
use super::scope::Scope;
use crate::build::input::path::absolute;
use crate::build::outcome::config::working_dir;
use crate::build::outcome::draft::Draft;
use crate::image::Configuration;

/// A change that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// It is no instruction, or a wrong one.
    #[error("`{change}` is not an instruction of a Dockerfile")]
    Syntax {
        /// What was given.
        change: String,
        /// What is wrong with it.
        #[source]
        source: Box<Diagnostic>,
    },
    /// It is not one instruction, or one that does something in a build.
    #[error(
        "`{0}` is not a change of how an image is run: give one of CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR"
    )]
    NotOfConfiguration(String),
}

/// Makes changes one after the other.
///
/// # Errors
/// Names the first that cannot be made.
pub fn change(configuration: Configuration, changes: &[String]) -> Result<Configuration, ChangeError> {
    let mut scope = Scope::default();
    scope.inherit(&configuration.config.environment);
    let mut draft = Draft { configuration, scope, has_command: false, epoch: None };
    changes.iter().try_for_each(|change| make(&mut draft, change))?;
    Ok(draft.configuration)
}

fn make(draft: &mut Draft, change: &str) -> Result<(), ChangeError> {
    let wrong = |source| ChangeError::Syntax { change: change.to_owned(), source: Box::new(source) };
    let refused = || ChangeError::NotOfConfiguration(change.to_owned());
    let source = Source::new("change", &format!("FROM scratch\n{change}"));
    let file = dockerfile::parse(source).map_err(wrong)?;
    let [stage] = file.stages.as_slice() else { return Err(refused()) };
    let [step] = stage.steps.as_slice() else { return Err(refused()) };
    if let Instruction::Workdir(path) = &step.instruction {
        let path = file.expanded(path, &|name| draft.scope.value(name)).map_err(wrong)?;
        let config = &mut draft.configuration.config;
        config.working_dir = Some(absolute(&working_dir(config), &path));
        return Ok(());
    }
    draft.apply(&file, step).map_err(wrong)?.map(drop).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::{HealthTest, ImageConfig, Platform};
    use std::time::Duration;

    fn changed(changes: &[&str]) -> Result<ImageConfig, String> {
        let changes: Vec<_> = changes.iter().map(|&change| change.to_owned()).collect();
        let mut configuration = Configuration::scratch(Platform::host());
        configuration.config.command = Some(vec!["old".to_owned()]);
        configuration.config.environment = vec!["HOME=/root".to_owned()];
        change(configuration, &changes).map(|changed| changed.config).map_err(|error| error.to_string())
    }

    #[test]
    fn every_instruction_about_running_is_a_change() {
        let config = changed(&[
            "HEALTHCHECK --interval=5s CMD wget -q localhost",
            "ONBUILD COPY . /src",
            "SHELL [\"/bin/ash\", \"-c\"]",
            "CMD serve",
            "WORKDIR $HOME/www",
            "WORKDIR html",
            "ENV A=1 B=\"two words\"",
        ])
        .expect("changed");
        let health = config.healthcheck.expect("set");
        assert_eq!(health.test, Some(HealthTest::Shell("wget -q localhost".to_owned())));
        assert_eq!(health.interval, Some(Duration::from_secs(5)));
        assert_eq!(config.on_build, ["COPY . /src"]);
        assert_eq!(config.command, Some(["/bin/ash", "-c", "serve"].map(str::to_owned).to_vec()));
        assert_eq!(config.working_dir.as_deref(), Some("/root/www/html"));
        assert_eq!(config.environment, ["HOME=/root", "A=1", "B=two words"]);
    }

    #[test]
    fn a_new_entrypoint_drops_the_old_command_and_keeps_a_new_one() {
        assert_eq!(changed(&["ENTRYPOINT [\"e\"]"]).expect("changed").command, None);
        let kept = changed(&["CMD [\"c\"]", "ENTRYPOINT [\"e\"]"]).expect("changed");
        assert_eq!(kept.command, Some(vec!["c".to_owned()]));
    }

    #[test]
    fn what_builds_is_no_change() {
        for wrong in ["RUN true", "COPY a b", "FROM busybox", "", "CMD a\nRUN b", "NONSENSE", "EXPOSE x"] {
            let error = changed(&[wrong]).expect_err(wrong);
            assert!(error.starts_with(&format!("`{wrong}`")), "{error}");
        }
    }
}
