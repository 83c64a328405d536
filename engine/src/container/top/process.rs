//! A process as /proc shows it (proc_pid_stat(5)), and what of the machine its numbers are counted by.

use crate::supervisor::time;
use nix::unistd::{Pid, SysconfVar, sysconf};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i64,
    pub(super) name: String,
    pub(super) state: char,
    pub(super) parent: i64,
    pub(super) group: i64,
    pub(super) session: i64,
    terminal: i64,
    foreground: i64,
    pub(super) cpu: Duration,
    pub(super) priority: i64,
    pub(super) nice: i64,
    pub(super) threads: i64,
    /// Since boot.
    started: Duration,
    pub(super) virtual_kib: u64,
    pub(super) resident_kib: u64,
    pub(super) processor: i64,
    pub(super) uid: u32,
    pub(super) gid: u32,
    arguments: Vec<u8>,
}

/// What times and shares are counted by, and who has which number.
#[derive(Debug)]
pub(super) struct Machine {
    uptime: Duration,
    pub(super) memory_kib: u64,
    now: SystemTime,
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

impl Process {
    pub(super) fn read(pid: Pid) -> io::Result<Self> {
        let folder = format!("/proc/{pid}");
        let owner = fs::metadata(&folder)?;
        let stat = fs::read_to_string(format!("{folder}/stat"))?;
        let arguments = fs::read(format!("{folder}/cmdline"))?;
        let process = parse(&stat, &Scale::of_kernel()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { uid: owner.uid(), gid: owner.gid(), arguments, ..process })
    }

    /// Its arguments, or its name in brackets where it has none, as kernel threads and zombies.
    pub(super) fn command_line(&self) -> String {
        let words = self.arguments.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        let line: Vec<_> = words.map(|word| String::from_utf8_lossy(word)).collect();
        match (line.is_empty(), self.state) {
            (true, 'Z') => format!("[{}] <defunct>", self.name),
            (true, _) => format!("[{}]", self.name),
            // Nothing of a container's may steer a terminal.
            (false, _) => line.join(" ").replace(char::is_control, "?"),
        }
    }

    pub(super) fn age(&self, machine: &Machine) -> Duration {
        machine.uptime.saturating_sub(self.started)
    }

    /// The state, and what ps says of it beside: nice, session leader, threads, foreground.
    pub(super) fn long_state(&self) -> String {
        let mut text = self.state.to_string();
        let signs = [
            (self.nice < 0, '<'),
            (self.nice > 0, 'N'),
            (self.session == self.pid, 's'),
            (self.threads > 1, 'l'),
            (self.foreground == self.group && self.foreground > 0, '+'),
        ];
        text.extend(signs.iter().filter(|(is_so, _)| *is_so).map(|(_, sign)| sign));
        text
    }

    /// Major 136 and above are pseudoterminals, 4 consoles (devices.txt of the kernel).
    pub(super) fn terminal(&self) -> String {
        let (major, minor) =
            (self.terminal >> 8 & 0xfff, self.terminal & 0xff | self.terminal >> 12 & 0xfff00);
        match major {
            136..=143 => format!("pts/{}", minor + (major - 136) * 256),
            4 => format!("tty{minor}"),
            _ => "?".to_owned(),
        }
    }
}

/// What the kernel counts in.
struct Scale {
    ticks_per_second: u64,
    kib_per_page: u64,
}

impl Scale {
    fn of_kernel() -> Self {
        let value = |name| sysconf(name).ok().flatten().and_then(|value| u64::try_from(value).ok());
        Self {
            ticks_per_second: value(SysconfVar::CLK_TCK).unwrap_or(100).max(1),
            kib_per_page: value(SysconfVar::PAGE_SIZE).unwrap_or(4096) / 1024,
        }
    }
}

/// The name is in parentheses and may hold any byte, so fields are counted after the last one.
fn parse(stat: &str, scale: &Scale) -> Option<Process> {
    let (pid, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // Numbered as in the manual, where the state is the third.
    let field = |number: usize| fields.get(number - 3).copied();
    let number = |place: usize| field(place)?.parse::<i64>().ok();
    let ticks = |place: usize| {
        let ticks = field(place)?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 1000 / scale.ticks_per_second))
    };
    Some(Process {
        pid: pid.parse().ok()?,
        name: name.replace(char::is_control, "?"),
        state: field(3)?.chars().next()?,
        parent: number(4)?,
        group: number(5)?,
        session: number(6)?,
        terminal: number(7)?,
        foreground: number(8)?,
        cpu: ticks(14)? + ticks(15)?,
        priority: number(18)?,
        nice: number(19)?,
        threads: number(20)?,
        started: ticks(22)?,
        virtual_kib: field(23)?.parse::<u64>().ok()? / 1024,
        resident_kib: field(24)?.parse::<u64>().ok()? * scale.kib_per_page,
        processor: number(39)?,
        uid: 0,
        gid: 0,
        arguments: Vec::new(),
    })
}

impl Machine {
    pub(super) fn read() -> Self {
        let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
        let uptime = uptime.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
        Self {
            uptime: Duration::from_secs_f64(uptime.unwrap_or(0.0)),
            memory_kib: super::super::stats::machine_memory() >> 10,
            now: SystemTime::now(),
            users: names("/etc/passwd"),
            groups: names("/etc/group"),
        }
    }

    /// A user's name on the host, or the number.
    pub(super) fn user(&self, uid: u32) -> String {
        self.users.get(&uid).cloned().unwrap_or_else(|| uid.to_string())
    }

    /// A group's name on the host, or the number.
    pub(super) fn group(&self, gid: u32) -> String {
        self.groups.get(&gid).cloned().unwrap_or_else(|| gid.to_string())
    }

    /// When a process was started: the time of the last day, before that the day (`Nov20`), before this
    /// year the year. In UTC.
    pub(super) fn day_or_time(&self, process: &Process) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let started = time::format(self.now.checked_sub(process.age(self)).unwrap_or(self.now));
        let now = time::format(self.now);
        let month = || started[5..7].parse::<usize>().ok().and_then(|month| MONTHS.get(month - 1));
        if started[..10] == now[..10] {
            started[11..16].to_owned()
        } else if started[..4] == now[..4] {
            format!("{}{}", month().copied().unwrap_or_default(), &started[8..10])
        } else {
            started[..4].to_owned()
        }
    }
}

/// `name:password:number:…`, a line each.
fn names(path: &str) -> BTreeMap<u32, String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let entry = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        Some((fields.nth(1)?.parse().ok()?, name))
    };
    // The first of several names of one number counts.
    text.lines().rev().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(text: &str) -> Process {
        parse(text, &Scale { ticks_per_second: 100, kib_per_page: 4 }).expect("parsed")
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let rest = "7 42 42 34817 42 4194304 0 0 0 0 150 50 0 0 20 0 3 0 1000 8192 10 \
                    0 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0";
        let process = process(&format!("42 (a) R (b)) S {rest}"));
        assert_eq!((process.pid, process.name.as_str(), process.state), (42, "a) R (b)", 'S'));
        assert_eq!((process.cpu, process.started), (Duration::from_secs(2), Duration::from_secs(10)));
        assert_eq!((process.virtual_kib, process.resident_kib), (8, 40));
        assert_eq!(process.terminal(), "pts/1");
        assert_eq!(process.long_state(), "Ssl+");
        assert_eq!(process.command_line(), "[a) R (b)]");
    }
}
