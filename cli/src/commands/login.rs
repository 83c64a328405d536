//! `login`: tries a registry's credentials and keeps them where docker would.

use super::image::ImageCommandError;
use crate::apply::transfer;
use crate::console::question;
use crate::error::CommandError;
use crate::report;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::image::registry::{self, Credentials, Kept, Registries};
use engine::state::Layout;
use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;

/// No password is longer.
const LONGEST_PASSWORD: u64 = 64 << 10;

/// Options of `login`.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The registry [default: Docker Hub]
    #[arg(value_name = "SERVER")]
    server: Option<String>,
    /// The user
    #[arg(short, long, value_name = "NAME")]
    username: Option<String>,
    /// The password; everybody on this host can read it in the list of processes
    #[arg(short, long, value_name = "PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Read the password from stdin
    #[arg(long, conflicts_with = "password")]
    password_stdin: bool,
}

impl Login {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let registries = settings(session)?;
        let registry = registry_of(self.server.as_deref());
        if self.password.is_some() {
            let message = "a password on the command line is seen by everybody: use --password-stdin";
            report::warning(message, &session.terminal);
        }
        let (user, password) = self.ask(registry)?;
        let credentials = Credentials::password(&user, &password);
        transfer::run(async || {
            let tried = registry::try_login(&registries, registry, Some(&credentials)).await;
            Ok(tried.map_err(ImageCommandError::from)?)
        })?;
        let kept =
            registry::keep(&registries, registry, &user, &password).map_err(ImageCommandError::from)?;
        if let Kept::File(path) = kept {
            let message = format!(
                "the password is kept unencrypted in {}; a credential helper keeps it safe",
                path.display()
            );
            report::warning(&message, &session.terminal);
        }
        output::print_lines(["Login Succeeded"])?;
        Ok(ExitCode::SUCCESS)
    }

    /// What was not given is asked for at the terminal.
    fn ask(&self, registry: &str) -> Result<(String, String), CommandError> {
        if self.password_stdin {
            let user = self.username.clone();
            let user = user.ok_or(ImageCommandError::Password("--password-stdin needs --username"))?;
            return Ok((user, from_stdin()?));
        }
        if (self.username.is_none() || self.password.is_none()) && !io::stdin().is_terminal() {
            let message =
                "there is no terminal to ask for user and password: use --username and --password-stdin";
            return Err(ImageCommandError::Password(message).into());
        }
        let user = match &self.username {
            Some(user) => user.clone(),
            None => question::ask(&format!("Username for {registry}: "))?,
        };
        let password = match &self.password {
            Some(password) => password.clone(),
            None => question::ask_secret("Password: ")?,
        };
        Ok((user, password))
    }
}

fn from_stdin() -> Result<String, CommandError> {
    let mut text = String::new();
    io::stdin().take(LONGEST_PASSWORD).read_to_string(&mut text).map_err(CommandError::Input)?;
    let password = text.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        Err(ImageCommandError::Password("the password is empty").into())
    } else {
        Ok(password)
    }
}

/// A login needs no engine, and so no root.
pub(super) fn settings(session: &Session) -> Result<Registries, CommandError> {
    let variable = |key: &str| session.variable(key).map(str::to_owned);
    Ok(Registries::load(&Layout::from_root(session.root().as_deref()), &variable)?)
}

/// People write hosts, URLs, and docker's own word for Docker Hub.
pub(super) fn registry_of(server: Option<&str>) -> &str {
    let server = server.unwrap_or("docker.io");
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    match host.split('/').next().unwrap_or(host) {
        "index.docker.io" | "registry-1.docker.io" | "hub.docker.com" => "docker.io",
        host => host,
    }
}
