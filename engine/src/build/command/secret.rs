//! Secrets: read when a step asks for them, from where the caller has them.

use crate::build::stage::StageBuild;
use engine_spec::{SecretSource, SshSource};
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// As much as BuildKit takes.
const LARGEST: u64 = 500 << 10;

/// A secret could not be had. Its value is never part of an error.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A step needs one that the caller did not give.
    #[error("secret {id}: not found: give it with `--secret id={id},src=FILE` or in `build.secrets`")]
    NotGiven {
        /// Its name.
        id: String,
    },
    /// Its file could not be read.
    #[error("cannot read secret {id} from {}", path.display())]
    Read {
        /// Its name.
        id: String,
        /// Where it should be.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its variable is not set.
    #[error("secret {id}: the variable {variable} is not set")]
    NotSet {
        /// Its name.
        id: String,
        /// The variable.
        variable: String,
    },
    /// It is larger than a secret may be.
    #[error("secret {id} has more than {LARGEST} bytes")]
    TooLarge {
        /// Its name.
        id: String,
    },
    /// It cannot be the value of a variable.
    #[error("secret {id} is no text and cannot become a variable: mount it as a file")]
    NoText {
        /// Its name.
        id: String,
    },
}

impl StageBuild<'_> {
    /// The value of a secret; `None` if it was not given and need not be.
    pub(in crate::build) fn secret(
        &self,
        id: &str,
        is_required: bool,
    ) -> Result<Option<Vec<u8>>, SecretError> {
        let id = id.to_owned();
        match self.solver.spec.secrets.get(&id) {
            None if is_required => Err(SecretError::NotGiven { id }),
            None => Ok(None),
            Some(SecretSource::Variable(variable)) => match self.shop.host.environment.get(variable) {
                Some(value) => Ok(Some(value.clone().into_bytes())),
                None if is_required => Err(SecretError::NotSet { id, variable: variable.clone() }),
                None => Ok(None),
            },
            Some(SecretSource::File(path)) => match read(path) {
                Ok(value) if value.len() as u64 > LARGEST => Err(SecretError::TooLarge { id }),
                Ok(value) => Ok(Some(value)),
                Err(source) => Err(SecretError::Read { id, path: path.clone(), source }),
            },
        }
    }

    /// The socket of an agent; `None` if it was not given and need not be.
    pub(in crate::build) fn agent(
        &self,
        id: &str,
        is_required: bool,
    ) -> Result<Option<PathBuf>, super::ssh::SshError> {
        let of_caller = || self.shop.host.environment.get("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
        let socket = match self.solver.spec.ssh.get(id) {
            Some(SshSource::Socket(path)) => Some(path.clone()),
            Some(SshSource::Agent) => of_caller().map(PathBuf::from),
            None => None,
        };
        match socket {
            None if is_required => Err(super::ssh::SshError::NotGiven { id: id.to_owned() }),
            socket => Ok(socket),
        }
    }
}

/// The value as text.
pub(in crate::build) fn text<'v>(id: &str, value: &'v [u8]) -> Result<&'v str, SecretError> {
    let text = std::str::from_utf8(value).ok().filter(|text| !text.contains('\0'));
    text.ok_or_else(|| SecretError::NoText { id: id.to_owned() })
}

fn read(path: &PathBuf) -> io::Result<Vec<u8>> {
    let mut value = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut value)?;
    Ok(value)
}
