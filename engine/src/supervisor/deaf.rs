//! Whether a container's first process can notice its stop signal at all.
//!
//! The kernel drops a signal sent to PID 1 of a namespace that has no handler for it
//! (pid_namespaces(7)), so such a container would waste its whole grace period. It is killed early,
//! but only where nothing can be lost by it: it has one process, and no thread of that handles,
//! blocks or ignores the signal, or waits for signals by other means.

use crate::container::Signal;
use std::fs;
use std::io;
use std::path::Path;

/// `rt_sigtimedwait` of this machine, of 32-bit x86 and of 32-bit programs with 64-bit time. Numbers
/// of one table may mean something else in another, which only makes the rule more careful.
const SIGNAL_WAITS: [i64; 3] = [nix::libc::SYS_rt_sigtimedwait, 177, 421];

/// Whether process `pid`, the only one of its container, is deaf to `signal`.
///
/// What cannot be read counts as not deaf.
pub(super) fn is_deaf(pid: i32, signal: Signal) -> bool {
    is_deaf_in(Path::new(&format!("/proc/{pid}")), signal).unwrap_or(false)
}

fn is_deaf_in(process: &Path, signal: Signal) -> io::Result<bool> {
    for thread in fs::read_dir(process.join("task"))? {
        let thread = thread?.path();
        let status = fs::read_to_string(thread.join("status"))?;
        let syscall = fs::read_to_string(thread.join("syscall"))?;
        if handles(&status, signal) || waits_for_signals(&syscall) {
            return Ok(false);
        }
    }
    for descriptor in fs::read_dir(process.join("fdinfo"))? {
        if reads_signal(&fs::read_to_string(descriptor?.path())?, signal) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a thread's status (`proc_pid_status(5)`) shows the signal as caught, blocked or ignored.
fn handles(status: &str, signal: Signal) -> bool {
    let mut masks = status.lines().filter_map(|line| {
        let (field, mask) = line.split_once(':')?;
        matches!(field, "SigCgt" | "SigBlk" | "SigIgn").then(|| contains(mask, signal))
    });
    masks.any(|is_contained| is_contained)
}

/// The first field of `/proc/PID/task/TID/syscall` is a number, or `running`.
fn waits_for_signals(syscall: &str) -> bool {
    let number = syscall.split_ascii_whitespace().next().and_then(|number| number.parse().ok());
    number.is_some_and(|number: i64| SIGNAL_WAITS.contains(&number))
}

/// Whether a descriptor's `fdinfo` is that of a signalfd that takes the signal (`proc_pid_fdinfo(5)`).
fn reads_signal(fdinfo: &str, signal: Signal) -> bool {
    fdinfo.lines().filter_map(|line| line.strip_prefix("sigmask:")).any(|mask| contains(mask, signal))
}

/// A mask that cannot be read counts as containing the signal.
fn contains(mask: &str, signal: Signal) -> bool {
    let bit = 1_u64 << (signal.number() - 1);
    u64::from_str_radix(mask.trim(), 16).map_or(true, |mask| mask & bit != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int() -> Signal {
        "INT".parse().expect("a signal")
    }

    fn status(blocked: &str, ignored: &str, caught: &str) -> String {
        format!(
            "Name:\tx\nSigPnd:\tffffffffffffffff\nSigBlk:\t{blocked}\nSigIgn:\t{ignored}\nSigCgt:\t{caught}\n"
        )
    }

    #[test]
    fn a_signal_in_any_of_three_masks_is_handled() {
        let (none, term) = ("0000000000000000", "0000000000004000");
        assert!(!handles(&status(none, none, none), Signal::TERM));
        assert!(handles(&status(term, none, none), Signal::TERM));
        assert!(handles(&status(none, term, none), Signal::TERM));
        assert!(handles(&status(none, none, term), Signal::TERM));
        assert!(!handles(&status(none, none, term), int()));
    }

    #[test]
    fn a_thread_in_sigwait_hears() {
        let waiting = format!("{} 0x7ffc 0x0 0x0 0x8 0x0 0x0 0x7ffc 0x7f00\n", SIGNAL_WAITS[0]);
        assert!(waits_for_signals(&waiting));
        assert!(!waits_for_signals("running\n"));
        assert!(!waits_for_signals("-1 0x7ffc 0x7f00\n"));
    }

    #[test]
    fn a_signalfd_for_the_signal_hears() {
        let fdinfo = "pos:\t0\nflags:\t02\nmnt_id:\t15\nsigmask:\t0000000000004000\n";
        assert!(reads_signal(fdinfo, Signal::TERM));
        assert!(!reads_signal(fdinfo, int()));
    }

    #[test]
    fn this_process_blocks_nothing_and_sleep_is_deaf() {
        let mut sleep = std::process::Command::new("/bin/sleep").arg("60").spawn().expect("spawned");
        let pid = i32::try_from(sleep.id()).expect("a pid");
        let deaf = is_deaf(pid, Signal::TERM);
        sleep.kill().expect("killed");
        sleep.wait().expect("reaped");
        assert!(deaf);
    }
}
