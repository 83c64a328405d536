//! Questions to the user at the terminal.

use crate::error::CommandError;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, Write};

/// Goes on if `is_forced`, or if the user says yes. Without a terminal the answer is read all the same.
pub(crate) fn confirm(is_forced: bool, what: &str) -> Result<(), CommandError> {
    if is_forced {
        return Ok(());
    }
    // A closed stderr is nobody's loss.
    let _ = write!(io::stderr(), "{what}\nAre you sure? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(CommandError::Terminal)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(CommandError::Declined)
    }
}

/// What the user types after `prompt`.
pub(crate) fn ask(prompt: &str) -> Result<String, CommandError> {
    // A closed stderr is nobody's loss.
    let _ = write!(io::stderr(), "{prompt}");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(CommandError::Terminal)?;
    Ok(answer.trim_end_matches(['\r', '\n']).to_owned())
}

/// The same without showing it.
pub(crate) fn ask_secret(prompt: &str) -> Result<String, CommandError> {
    let silence = Silence::new().map_err(CommandError::Terminal)?;
    let answer = ask(prompt);
    drop(silence);
    let _ = writeln!(io::stderr());
    answer
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Silence(Termios);

impl Silence {
    fn new() -> io::Result<Self> {
        let usual = tcgetattr(io::stdin())?;
        let mut silent = usual.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &silent)?;
        Ok(Self(usual))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing either.
        let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &self.0);
    }
}
