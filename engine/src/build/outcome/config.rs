//! Instructions that change only the image's configuration, and what history says of each.

use super::draft::Draft;
use crate::build::dockerfile::{
    Command, Diagnostic, Dockerfile, Instruction, Located, Pair, Probe, Step, expand_words,
};
use crate::build::input::path::absolute;
use engine_spec::{HealthSpec, HealthTest, ImageConfig};

/// What runs shell-form commands where neither SHELL nor the base image says so.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// The search path of images that have none (BuildKit's default for Linux).
pub(in crate::build) const DEFAULT_PATH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Draft {
    /// Applies `step` and returns its line of history, or `None` if it is not one of those.
    pub(in crate::build) fn apply(
        &mut self,
        file: &Dockerfile,
        step: &Step,
    ) -> Result<Option<String>, Diagnostic> {
        let history = match &step.instruction {
            Instruction::Cmd(command) => self.command(command),
            Instruction::Entrypoint(command) => self.entrypoint(command),
            Instruction::Env(pairs) => format!("ENV {}", self.environment(file, pairs)?),
            Instruction::Label(pairs) => format!("LABEL {}", self.labels(file, pairs)?),
            Instruction::Expose(ports) => format!("EXPOSE [{}]", self.expose(file, ports)?),
            Instruction::Volume(paths) => format!("VOLUME [{}]", self.volumes(file, paths)?),
            Instruction::Healthcheck(probe) => {
                self.configuration.config.healthcheck = Some(self.healthcheck(probe.as_ref()));
                step.text.clone()
            }
            Instruction::Maintainer(author) => {
                self.configuration.author = Some(author.clone());
                format!("MAINTAINER {author}")
            }
            Instruction::OnBuild(trigger) => {
                self.configuration.config.on_build.push(trigger.clone());
                format!("ONBUILD {trigger}")
            }
            Instruction::Shell(words) => {
                self.configuration.config.shell = Some(words.clone());
                format!("SHELL [{}]", words.join(" "))
            }
            Instruction::StopSignal(signal) => {
                let signal = self.stop_signal(file, signal)?;
                format!("STOPSIGNAL {signal}")
            }
            Instruction::User(user) => {
                let user = self.expanded(file, user)?;
                self.configuration.config.user = Some(user.clone());
                format!("USER {user}")
            }
            Instruction::Arg(_)
            | Instruction::Add(_)
            | Instruction::Copy(_)
            | Instruction::Run(_)
            | Instruction::Workdir(_) => return Ok(None),
        };
        Ok(Some(history))
    }

    fn expanded(&self, file: &Dockerfile, text: &Located<String>) -> Result<String, Diagnostic> {
        file.expanded(text, &|name| self.scope.value(name))
    }

    fn command(&mut self, command: &Command) -> String {
        let words = arguments(&self.configuration.config, command);
        let history = format!("CMD {}", go_list(&words));
        self.configuration.config.command = Some(words);
        self.has_command = true;
        history
    }

    /// Sets the program; a CMD of the base image was meant for another one and goes.
    fn entrypoint(&mut self, command: &Command) -> String {
        let words = arguments(&self.configuration.config, command);
        let history = format!("ENTRYPOINT {}", go_list(&words));
        self.configuration.config.entrypoint = Some(words);
        if !self.has_command {
            self.configuration.config.command = None;
        }
        history
    }

    /// Every value sees the variables as they were before the instruction.
    fn environment(&mut self, file: &Dockerfile, pairs: &[Pair]) -> Result<String, Diagnostic> {
        let pairs = self.pairs(file, pairs)?;
        for (name, value) in &pairs {
            self.scope.set(name, value);
            set_variable(&mut self.configuration.config.environment, name, value);
        }
        Ok(join(&pairs))
    }

    fn labels(&mut self, file: &Dockerfile, pairs: &[Pair]) -> Result<String, Diagnostic> {
        let pairs = self.pairs(file, pairs)?;
        self.configuration.config.labels.extend(pairs.iter().cloned());
        Ok(join(&pairs))
    }

    fn pairs(&self, file: &Dockerfile, pairs: &[Pair]) -> Result<Vec<(String, String)>, Diagnostic> {
        let both = |(key, value): &(_, _)| Ok((self.expanded(file, key)?, self.expanded(file, value)?));
        pairs.iter().map(both).collect()
    }

    fn expose(&mut self, file: &Dockerfile, ports: &[Located<String>]) -> Result<String, Diagnostic> {
        let mut exposed = Vec::new();
        for text in ports {
            let words = expand_words(&text.value, file.escape, &|name| self.scope.value(name));
            for word in words.map_err(|error| file.source.error(text.span, error.to_string()))? {
                let ports = exposed_ports(&word).ok_or_else(|| not_a_port(file, text, &word))?;
                exposed.extend(ports);
            }
        }
        self.configuration.config.exposed_ports.extend(exposed.iter().cloned());
        Ok(exposed.join(" "))
    }

    fn volumes(&mut self, file: &Dockerfile, paths: &[Located<String>]) -> Result<String, Diagnostic> {
        let paths: Vec<String> =
            paths.iter().map(|path| self.expanded(file, path)).collect::<Result<_, _>>()?;
        self.configuration.config.volumes.extend(paths.iter().cloned());
        Ok(paths.join(" "))
    }

    fn healthcheck(&self, probe: Option<&Probe>) -> HealthSpec {
        let Some(probe) = probe else {
            return HealthSpec { test: Some(HealthTest::None), ..HealthSpec::default() };
        };
        let test = match &probe.command {
            Command::Exec(words) => HealthTest::Command(words.clone()),
            Command::Shell(line) => HealthTest::Shell(line.clone()),
        };
        HealthSpec { test: Some(test), ..probe.timing.clone() }
    }

    fn stop_signal(&mut self, file: &Dockerfile, text: &Located<String>) -> Result<String, Diagnostic> {
        let signal = self.expanded(file, text)?;
        let is_number = signal.parse::<u8>().is_ok_and(|number| (1..=64).contains(&number));
        let name = format!("SIG{}", signal.to_ascii_uppercase().trim_start_matches("SIG"));
        let is_real_time = name.starts_with("SIGRTMIN") || name.starts_with("SIGRTMAX");
        if !is_number && !is_real_time && name.parse::<nix::sys::signal::Signal>().is_err() {
            return Err(file.source.error(text.span, format!("`{signal}` is not a signal")));
        }
        self.configuration.config.stop_signal = Some(signal.clone());
        Ok(signal)
    }
}

/// Sets a variable among `NAME=value` lines; one that is set keeps its place.
pub(in crate::build) fn set_variable(environment: &mut Vec<String>, name: &str, value: &str) {
    let line = format!("{name}={value}");
    let is_it = |old: &&mut String| old.split_once('=').is_some_and(|(known, _)| known == name);
    match environment.iter_mut().find(is_it) {
        Some(old) => *old = line,
        None => environment.push(line),
    }
}

/// The argument vector of a command: a shell line is run by the image's shell.
pub(in crate::build) fn arguments(config: &ImageConfig, command: &Command) -> Vec<String> {
    match command {
        Command::Exec(words) => words.clone(),
        Command::Shell(line) => shell(config).into_iter().chain([line.clone()]).collect(),
    }
}

/// What runs shell lines.
pub(in crate::build) fn shell(config: &ImageConfig) -> Vec<String> {
    config.shell.clone().unwrap_or_else(|| DEFAULT_SHELL.map(str::to_owned).to_vec())
}

/// The working folder as an absolute path; an image may have a relative one.
pub(in crate::build) fn working_dir(config: &ImageConfig) -> String {
    absolute("/", config.working_dir.as_deref().unwrap_or("/"))
}

/// `port[-port][/protocol]`, a host part ignored, as single ports with their protocol.
fn exposed_ports(word: &str) -> Option<Vec<String>> {
    let (ports, protocol) = word.split_once('/').unwrap_or((word, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    let ports = ports.rsplit(':').next().unwrap_or(ports);
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    let is_valid = first <= last && matches!(protocol.as_str(), "tcp" | "udp" | "sctp");
    is_valid.then(|| (first..=last).map(|port| format!("{port}/{protocol}")).collect())
}

fn not_a_port(file: &Dockerfile, text: &Located<String>, word: &str) -> Diagnostic {
    let error = file.source.error(text.span, format!("`{word}` is not a port"));
    Diagnostic { hint: Some("write it like `80`, `80/udp` or `8000-8010`".to_owned()), ..error }
}

/// Words as Go prints a list of quoted texts: `["flask" "run"]`, which is what tools expect in history.
fn go_list(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("[{}]", quoted.join(" "))
}

fn join(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::dockerfile::{Source, parse};
    use crate::image::Configuration;
    use engine_spec::Platform;

    /// Applies all steps of the only stage to `config`; returns the history.
    fn apply(text: &str, config: &mut ImageConfig) -> Result<Vec<String>, String> {
        let file =
            parse(Source::new("Dockerfile", &format!("FROM a\n{text}"))).map_err(|error| error.message)?;
        let mut configuration = Configuration::scratch(Platform::host());
        configuration.config = config.clone();
        let mut draft = Draft::new(configuration);
        let mut history = Vec::new();
        for step in &file.stages[0].steps {
            history.extend(draft.apply(&file, step).map_err(|error| error.message)?);
        }
        *config = draft.configuration.config;
        config.environment.retain(|line| !line.starts_with("PATH=/usr"));
        Ok(history)
    }

    #[test]
    fn history_reads_as_that_of_buildkit() {
        let mut config = ImageConfig::default();
        let text = "ENV A=1 B=\"x y\"\nCMD [\"flask\", \"run\"]\nEXPOSE 80 53/UDP\nVOLUME /data\nUSER web\nENTRYPOINT run me";
        assert_eq!(
            apply(text, &mut config).expect("valid"),
            [
                "ENV A=1 B=x y",
                "CMD [\"flask\" \"run\"]",
                "EXPOSE [80/tcp 53/udp]",
                "VOLUME [/data]",
                "USER web",
                "ENTRYPOINT [\"/bin/sh\" \"-c\" \"run me\"]",
            ]
        );
        assert_eq!(config.environment, ["A=1", "B=x y"]);
    }

    #[test]
    fn entrypoint_drops_an_inherited_command_only() {
        let inherited = ImageConfig { command: Some(vec!["old".into()]), ..ImageConfig::default() };
        let mut config = inherited.clone();
        apply("ENTRYPOINT [\"e\"]", &mut config).expect("valid");
        assert_eq!(config.command, None);
        let mut config = inherited;
        apply("CMD [\"new\"]\nENTRYPOINT [\"e\"]", &mut config).expect("valid");
        assert_eq!(config.command, Some(vec!["new".into()]));
    }

    #[test]
    fn values_see_the_variables_of_the_line_before() {
        let mut config = ImageConfig { environment: vec!["PATH=/bin".into()], ..ImageConfig::default() };
        apply("ENV a=1 b=$a\nENV PATH=/x:$PATH c=$a", &mut config).expect("valid");
        assert_eq!(config.environment, ["PATH=/x:/bin", "a=1", "b=", "c=1"]);
    }

    #[test]
    fn the_shell_in_force_is_put_before_shell_lines() {
        let mut config = ImageConfig::default();
        apply("CMD one\nSHELL [\"/bin/bash\", \"-ec\"]\nENTRYPOINT two", &mut config).expect("valid");
        assert_eq!(config.entrypoint, Some(vec!["/bin/bash".into(), "-ec".into(), "two".into()]));
    }

    #[test]
    fn ports_come_in_ranges_and_from_variables() {
        let mut config = ImageConfig::default();
        apply("ENV P=\"80 90-91/udp\"\nEXPOSE $P 127.0.0.1:70", &mut config).expect("valid");
        let ports: Vec<_> = config.exposed_ports.iter().map(String::as_str).collect();
        assert_eq!(ports, ["70/tcp", "80/tcp", "90/udp", "91/udp"]);
    }

    #[test]
    fn wrong_values_are_refused() {
        for text in [
            "EXPOSE x",
            "EXPOSE 70000",
            "EXPOSE 9-8",
            "EXPOSE 80/icmp",
            "STOPSIGNAL SIGNONE",
            "STOPSIGNAL 99",
        ] {
            assert!(apply(text, &mut ImageConfig::default()).is_err(), "{text} was accepted");
        }
        apply("STOPSIGNAL sigint\nSTOPSIGNAL 9\nSTOPSIGNAL SIGRTMIN+3", &mut ImageConfig::default())
            .expect("valid");
    }
}
