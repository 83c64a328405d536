//! What the processes of a control group use, on either version.

use super::{Cgroup, CgroupError, Version, folder, v1, v2, version};
use std::time::Duration;

/// What the processes of a group use now, and have used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time used so far.
    pub cpu: Duration,
    /// Memory in bytes, without the part of the page cache that nobody used lately.
    pub memory: u64,
    /// The memory limit in bytes; `None` without one.
    pub memory_limit: Option<u64>,
    /// Read from disks, in bytes.
    pub read: u64,
    /// Written to disks, in bytes.
    pub written: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// What version 1 shows for no limit: the largest number of whole pages.
const WITHOUT_LIMIT: u64 = 0x7fff_ffff_ffff_0000;

impl Cgroup {
    /// What its processes use.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub fn usage(&self) -> Result<Usage, CgroupError> {
        match version()? {
            Version::V1 => {
                Usage::of_v1(|controller, file| folder::read(&v1::folder(controller, &self.path).join(file)))
            }
            Version::V2 => Usage::of_v2(|file| folder::read(&v2::folder(&self.path).join(file))),
        }
    }
}

impl Usage {
    /// From the files of version 1, by controller and name.
    fn of_v1(read: impl Fn(&str, &str) -> Result<String, CgroupError>) -> Result<Self, CgroupError> {
        let used = number(&read("memory", "memory.usage_in_bytes")?);
        let cached = keyed(&read("memory", "memory.stat")?, "total_inactive_file");
        // Kernels without block throttling have no such file.
        let blocks = read("blkio", "blkio.throttle.io_service_bytes_recursive")
            .or_else(|_| read("blkio", "blkio.throttle.io_service_bytes"))
            .unwrap_or_default();
        let limit = number(&read("memory", "memory.limit_in_bytes")?);
        Ok(Self {
            cpu: Duration::from_nanos(number(&read("cpuacct", "cpuacct.usage")?)),
            memory: used.saturating_sub(cached),
            memory_limit: Some(limit).filter(|limit| *limit < WITHOUT_LIMIT),
            read: blocks_v1(&blocks, "Read"),
            written: blocks_v1(&blocks, "Write"),
            pids: number(&read("pids", "pids.current")?),
        })
    }

    /// From the files of version 2, by name.
    fn of_v2(read: impl Fn(&str) -> Result<String, CgroupError>) -> Result<Self, CgroupError> {
        // A host may keep a controller to itself.
        let or_empty = |file: &str| read(file).unwrap_or_default();
        let used = number(&or_empty("memory.current"));
        let cached = keyed(&or_empty("memory.stat"), "inactive_file");
        let blocks = or_empty("io.stat");
        Ok(Self {
            cpu: Duration::from_micros(keyed(&read("cpu.stat")?, "usage_usec")),
            memory: used.saturating_sub(cached),
            memory_limit: or_empty("memory.max").trim().parse().ok(),
            read: blocks_v2(&blocks, "rbytes="),
            written: blocks_v2(&blocks, "wbytes="),
            pids: number(&or_empty("pids.current")),
        })
    }
}

fn number(text: &str) -> u64 {
    text.trim().parse().unwrap_or(0)
}

/// `key value`, a line each.
fn keyed(text: &str, key: &str) -> u64 {
    let values = text.lines().filter_map(|line| line.split_once(' '));
    values.filter(|(found, _)| *found == key).map(|(_, value)| number(value)).next().unwrap_or(0)
}

/// `major:minor operation bytes`, a line each.
fn blocks_v1(text: &str, operation: &str) -> u64 {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter_map(|words| match words[..] {
            [_, found, bytes] if found == operation => Some(number(bytes)),
            _ => None,
        })
        .sum()
}

/// `major:minor rbytes=1 wbytes=2 …`, a line each.
fn blocks_v2(text: &str, key: &str) -> u64 {
    text.split_whitespace().filter_map(|word| word.strip_prefix(key)).map(number).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_devices_are_added_up_on_both_versions() {
        let v1 = "8:0 Read 4096\n8:0 Write 100\n8:16 Read 4\n8:16 Write 0\nTotal 4200\n";
        assert_eq!((blocks_v1(v1, "Read"), blocks_v1(v1, "Write")), (4100, 100));
        let v2 = "8:0 rbytes=4096 wbytes=100 rios=1\n8:16 rbytes=4 wbytes=0 rios=2\n";
        assert_eq!((blocks_v2(v2, "rbytes="), blocks_v2(v2, "wbytes=")), (4100, 100));
    }

    /// Files of a group with a limit of 64 MiB, in the form of the kernel's admin-guide/cgroup-v2.
    const V2: &[(&str, &str)] = &[
        ("cpu.stat", "usage_usec 22351\nuser_usec 8312\nsystem_usec 14039\nnice_usec 0\nnr_periods 0\n"),
        ("memory.current", "1933312\n"),
        (
            "memory.stat",
            "anon 90112\nfile 1601536\ninactive_anon 0\nactive_anon 81920\ninactive_file 1404928\n",
        ),
        ("memory.max", "67108864\n"),
        ("io.stat", "254:0 rbytes=1576960 wbytes=4096 rios=29 wios=1 dbytes=0 dios=0\n"),
        ("pids.current", "2\n"),
    ];

    fn of_v2(files: &[(&str, &str)]) -> Result<Usage, CgroupError> {
        Usage::of_v2(|name| match files.iter().find(|(file, _)| *file == name) {
            Some((_, text)) => Ok((*text).to_owned()),
            None => folder::read(&std::path::Path::new("/no/such/group").join(name)),
        })
    }

    #[test]
    fn the_files_of_version_2_are_read() {
        let expected = Usage {
            cpu: Duration::from_micros(22_351),
            memory: 1_933_312 - 1_404_928,
            memory_limit: Some(64 << 20),
            read: 1_576_960,
            written: 4096,
            pids: 2,
        };
        assert_eq!(of_v2(V2).expect("read"), expected);
    }

    #[test]
    fn what_version_2_does_not_count_is_zero_and_no_limit_is_none() {
        let unlimited = of_v2(&[("cpu.stat", "usage_usec 5\n"), ("memory.max", "max\n")]).expect("read");
        let expected = Usage { cpu: Duration::from_micros(5), ..Usage::default() };
        assert_eq!(unlimited, expected);
        assert!(of_v2(&[]).is_err(), "a group that is gone is no idle one");
    }

    #[test]
    fn a_key_is_a_whole_word() {
        let text = "total_inactive_file_x 1\ntotal_inactive_file 2\n";
        assert_eq!(keyed(text, "total_inactive_file"), 2);
        assert_eq!(keyed(text, "missing"), 0);
    }
}
