//! Keys of an attached `up`, where they were asked for: `--menu`, or COMPOSE_MENU.

use nix::sys::termios::{self, LocalFlags, SetArg, Termios};
use std::io::{self, IsTerminal as _, Read as _};
use std::thread;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// To begin to watch, or to end it.
    Watch,
    /// To leave, and let everything run.
    Detach,
    /// To be told the keys.
    Help,
}

/// The terminal gives single keys as long as this exists, and is then as it was.
#[derive(Debug)]
pub(super) struct Keys {
    pressed: UnboundedReceiver<Key>,
    before: Termios,
}

impl Keys {
    /// Says what there is.
    pub(super) const HELP: &str = "Keys: w watch, d detach, h help, Ctrl+C stop";

    /// `None` where stdin is no terminal.
    pub(super) fn listen() -> io::Result<Option<Self>> {
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        let before = termios::tcgetattr(io::stdin())?;
        let mut single = before.clone();
        // Signals stay: Ctrl-C and Ctrl-Z mean what they mean everywhere.
        single.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
        termios::tcsetattr(io::stdin(), SetArg::TCSANOW, &single)?;
        let (sender, pressed) = unbounded_channel();
        // Ends with the process: a read that waits for a key cannot be called off.
        thread::spawn(move || {
            let bytes = io::stdin().lock().bytes().map_while(Result::ok);
            bytes.filter_map(Key::of).try_for_each(|key| sender.send(key))
        });
        Ok(Some(Self { pressed, before }))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // Nothing can be done where the terminal is gone.
        let _ = termios::tcsetattr(io::stdin(), SetArg::TCSANOW, &self.before);
    }
}

impl Key {
    fn of(byte: u8) -> Option<Self> {
        match byte {
            b'w' => Some(Self::Watch),
            b'd' => Some(Self::Detach),
            b'h' | b'?' => Some(Self::Help),
            _ => None,
        }
    }
}

/// The next key; for ever none, where there are no keys or nobody types any more. Cancel-safe.
pub(super) async fn next(keys: Option<&mut Keys>) -> Key {
    if let Some(keys) = keys
        && let Some(key) = keys.pressed.recv().await
    {
        return key;
    }
    std::future::pending().await
}
