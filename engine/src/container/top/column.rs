//! The columns of ps(1): their names, titles and values.

use super::process::{Machine, Process};
use std::time::Duration;

/// A column that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a column that `top` knows: see ps(1) for their names")]
pub struct UnknownColumn(String);

/// One column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) title: String,
    name: &'static str,
    show: fn(&Process, &Machine) -> String,
}

/// What a column is called, its title, and how its value is shown.
type Known = (&'static str, &'static str, fn(&Process, &Machine) -> String);

const COLUMNS: [Known; 47] = [
    ("%cpu", "%CPU", cpu_percent),
    ("pcpu", "%CPU", cpu_percent),
    ("c", "C", |process, machine| (cpu_tenths(process, machine) / 10).min(99).to_string()),
    ("%mem", "%MEM", memory_percent),
    ("pmem", "%MEM", memory_percent),
    ("args", "COMMAND", |process, _| process.command_line()),
    ("command", "COMMAND", |process, _| process.command_line()),
    ("cmd", "CMD", |process, _| process.command_line()),
    ("comm", "COMMAND", |process, _| process.name.clone()),
    ("ucmd", "CMD", |process, _| process.name.clone()),
    ("ucomm", "COMMAND", |process, _| process.name.clone()),
    ("etime", "ELAPSED", |process, machine| elapsed(process.age(machine))),
    ("etimes", "ELAPSED", |process, machine| process.age(machine).as_secs().to_string()),
    ("euser", "EUSER", user),
    ("user", "USER", user),
    ("uname", "USER", user),
    ("uid", "UID", |process, _| process.uid.to_string()),
    ("euid", "EUID", |process, _| process.uid.to_string()),
    ("group", "GROUP", group),
    ("egroup", "EGROUP", group),
    ("gid", "GID", |process, _| process.gid.to_string()),
    ("egid", "EGID", |process, _| process.gid.to_string()),
    ("ni", "NI", |process, _| process.nice.to_string()),
    ("nice", "NI", |process, _| process.nice.to_string()),
    ("nlwp", "NLWP", |process, _| process.threads.to_string()),
    ("thcount", "THCNT", |process, _| process.threads.to_string()),
    ("pgid", "PGID", |process, _| process.group.to_string()),
    ("pgrp", "PGRP", |process, _| process.group.to_string()),
    ("pid", "PID", |process, _| process.pid.to_string()),
    ("ppid", "PPID", |process, _| process.parent.to_string()),
    ("pri", "PRI", |process, _| (39 - process.priority).to_string()),
    ("psr", "PSR", |process, _| process.processor.to_string()),
    ("rss", "RSS", |process, _| process.resident_kib.to_string()),
    ("rssize", "RSS", |process, _| process.resident_kib.to_string()),
    ("s", "S", |process, _| process.state.to_string()),
    ("state", "S", |process, _| process.state.to_string()),
    ("stat", "STAT", |process, _| process.long_state()),
    ("sid", "SID", |process, _| process.session.to_string()),
    ("sess", "SESS", |process, _| process.session.to_string()),
    ("start_time", "START", |process, machine| machine.day_or_time(process)),
    ("stime", "STIME", |process, machine| machine.day_or_time(process)),
    ("time", "TIME", |process, _| clock(process.cpu)),
    ("cputime", "TIME", |process, _| clock(process.cpu)),
    ("bsdtime", "TIME", |process, _| minutes(process.cpu)),
    ("tname", "TTY", |process, _| process.terminal()),
    ("tty", "TT", |process, _| process.terminal()),
    ("vsz", "VSZ", |process, _| process.virtual_kib.to_string()),
];

impl Column {
    /// Reads `name` or `name=TITLE`.
    pub(super) fn new(text: &str) -> Result<Self, UnknownColumn> {
        let (name, title) = text.split_once('=').map_or((text, None), |(name, title)| (name, Some(title)));
        let known = COLUMNS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
        let (name, default, show) = known.ok_or_else(|| UnknownColumn(name.to_owned()))?;
        Ok(Self { title: title.unwrap_or(default).to_owned(), name, show: *show })
    }

    pub(super) fn is_pid(&self) -> bool {
        self.name == "pid"
    }

    pub(super) fn value(&self, process: &Process, machine: &Machine) -> String {
        (self.show)(process, machine)
    }
}

/// What ps leaves room for; a longer name is cut, and marked so.
const LONGEST_USER: usize = 8;

fn user(process: &Process, machine: &Machine) -> String {
    shortened(machine.user(process.uid))
}

fn group(process: &Process, machine: &Machine) -> String {
    shortened(machine.group(process.gid))
}

fn shortened(name: String) -> String {
    match name.char_indices().nth(LONGEST_USER) {
        None => name,
        Some(_) => format!("{}+", name.chars().take(LONGEST_USER - 1).collect::<String>()),
    }
}

/// Processor time over the process's life, in tenths of a percent.
fn cpu_tenths(process: &Process, machine: &Machine) -> u128 {
    (process.cpu.as_millis() * 1000).checked_div(process.age(machine).as_millis()).unwrap_or(0)
}

fn cpu_percent(process: &Process, machine: &Machine) -> String {
    let tenths = cpu_tenths(process, machine);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn memory_percent(process: &Process, machine: &Machine) -> String {
    let tenths = process.resident_kib * 1000 / machine.memory_kib.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// `[days-]hours:minutes:seconds`.
fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let text = format!("{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60);
    if days > 0 { format!("{days}-{text}") } else { text }
}

/// `minutes:seconds`.
fn minutes(duration: Duration) -> String {
    format!("{}:{:02}", duration.as_secs() / 60, duration.as_secs() % 60)
}

/// `[[days-]hours:]minutes:seconds`.
fn elapsed(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 3600 { format!("{:02}:{:02}", seconds / 60, seconds % 60) } else { clock(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_ps_shows_them() {
        let seconds = Duration::from_secs;
        assert_eq!(clock(seconds(3_661)), "01:01:01");
        assert_eq!(clock(seconds(90_061)), "1-01:01:01");
        assert_eq!((elapsed(seconds(61)), minutes(seconds(3_661))), ("01:01".into(), "61:01".into()));
    }

    #[test]
    fn a_long_name_is_cut_and_marked() {
        assert_eq!(shortened("postgres".to_owned()), "postgres");
        assert_eq!(shortened("systemd-network".to_owned()), "systemd+");
    }
}
