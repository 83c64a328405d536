//! The names of signals, as signal(7) lists them.

/// Those of Linux, but for the real-time ones.
const NAMES: [&str; 34] = [
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
];
/// The highest number of a signal.
const LAST: u8 = 64;
/// How many real-time signals programs may use.
const REAL_TIME: u8 = 30;

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter()
}

/// The text as a signal's name is written in full.
pub(super) fn full_name(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") }
}

/// Whether the text stands for a signal: `SIGHUP`, `hup`, `1`, `SIGRTMIN+3`.
pub(super) fn is_known(text: &str) -> bool {
    if let Ok(number) = text.parse::<u8>() {
        return (1..=LAST).contains(&number);
    }
    let name = full_name(text);
    NAMES.contains(&name.as_str()) || is_real_time(&name)
}

fn is_real_time(name: &str) -> bool {
    let from = |first: &str, sign: char| {
        let rest = name.strip_prefix(first)?;
        let distance = if rest.is_empty() { Some(0) } else { rest.strip_prefix(sign)?.parse::<u8>().ok() };
        distance.filter(|distance| *distance <= REAL_TIME)
    };
    from("SIGRTMIN", '+').or_else(|| from("SIGRTMAX", '-')).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_signal_is_known() {
        for text in ["SIGHUP", "HUP", "hup", "1", "64", "SIGRTMIN", "RTMIN+3", "rtmax-1"] {
            assert!(is_known(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_signal_is_not_known() {
        for text in ["", "SIG", "0", "65", "-1", "SIGHAP", "RTMIN+99", "RTMAX+1"] {
            assert!(!is_known(text), "{text}");
        }
    }
}
