//! Device rules of control groups v2: a small BPF program, written here instruction by instruction.

use crate::sys::attach_device_program;
use oci_spec::runtime::{LinuxDeviceCgroup, LinuxDeviceType};
use std::io;
use std::os::fd::BorrowedFd;

/// All that can be done with a device: read, write, make.
const EVERYTHING: &str = "rwm";

/// Lets only `rules` pass in the cgroup v2 folder `group`; the last rule that matches decides.
///
/// # Errors
/// What the kernel says to the program or its attachment.
pub(in crate::runtime) fn enforce(group: BorrowedFd<'_>, rules: &[LinuxDeviceCgroup]) -> io::Result<()> {
    attach_device_program(group, &program(rules))
}

// Registers: the context comes in r1, the answer (1 to allow) goes out in r0.
const ANSWER: u8 = 0;
const CONTEXT: u8 = 1;
const SCRATCH: u8 = 1;
const KIND: u8 = 2;
const ACCESS: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;

// Instruction codes, linux/bpf.h and linux/bpf_common.h.
const LOAD_WORD: u8 = 0x61;
const AND: u8 = 0x54;
const SHIFT_RIGHT: u8 = 0x74;
const MOVE: u8 = 0xb4;
const MOVE_REGISTER: u8 = 0xbc;
const JUMP_IF_EQUAL: u8 = 0x15;
const JUMP_UNLESS_EQUAL: u8 = 0x55;
const EXIT: u8 = 0x95;

// BPF_DEVCG_*: what is used and how.
const BLOCK: i32 = 1;
const CHARACTER: i32 = 2;
const MAKE: i32 = 1;
const READ: i32 = 2;
const WRITE: i32 = 4;

/// A program that tries the rules from the last to the first and denies what no rule matches.
fn program(rules: &[LinuxDeviceCgroup]) -> Vec<u64> {
    // struct bpf_cgroup_dev_ctx: access in the upper and kind in the lower half of the first word, then
    // major and minor.
    let mut program = vec![
        instruction(LOAD_WORD, KIND, CONTEXT, 0, 0),
        instruction(MOVE_REGISTER, ACCESS, KIND, 0, 0),
        instruction(AND, KIND, 0, 0, 0xffff),
        instruction(SHIFT_RIGHT, ACCESS, 0, 0, 16),
        instruction(LOAD_WORD, MAJOR, CONTEXT, 4, 0),
        instruction(LOAD_WORD, MINOR, CONTEXT, 8, 0),
    ];
    for rule in rules.iter().rev() {
        let tests = tests(rule);
        let is_last = tests.is_empty();
        program.extend(tests);
        program.extend(answer(rule.allow()));
        if is_last {
            // The verifier refuses code that is never reached.
            return program;
        }
    }
    program.extend(answer(false));
    program
}

fn answer(is_allowed: bool) -> [u64; 2] {
    [instruction(MOVE, ANSWER, 0, 0, i32::from(is_allowed)), instruction(EXIT, 0, 0, 0, 0)]
}

/// The tests of one rule; each that fails jumps over the others and the answer.
fn tests(rule: &LinuxDeviceCgroup) -> Vec<u64> {
    let mut tests: Vec<(u8, u8, i32)> = Vec::new();
    match rule.typ() {
        Some(LinuxDeviceType::B) => tests.push((JUMP_UNLESS_EQUAL, KIND, BLOCK)),
        Some(LinuxDeviceType::C | LinuxDeviceType::U) => tests.push((JUMP_UNLESS_EQUAL, KIND, CHARACTER)),
        Some(LinuxDeviceType::A | LinuxDeviceType::P) | None => {}
    }
    let access = access(rule);
    if access != MAKE | READ | WRITE {
        tests.push((MOVE_REGISTER, SCRATCH, 0));
        // Allowed only if nothing else is asked for, denied if any of it is.
        tests.push((AND, SCRATCH, if rule.allow() { !access } else { access }));
        tests.push((if rule.allow() { JUMP_UNLESS_EQUAL } else { JUMP_IF_EQUAL }, SCRATCH, 0));
    }
    let number = |number: Option<i64>| {
        number.filter(|number| *number >= 0).and_then(|number| i32::try_from(number).ok())
    };
    tests.extend(number(rule.major()).map(|major| (JUMP_UNLESS_EQUAL, MAJOR, major)));
    tests.extend(number(rule.minor()).map(|minor| (JUMP_UNLESS_EQUAL, MINOR, minor)));
    let count = tests.len();
    let encode = |(index, (code, register, value)): (usize, (u8, u8, i32))| match code {
        MOVE_REGISTER => instruction(code, register, ACCESS, 0, 0),
        AND => instruction(code, register, 0, 0, value),
        // Over the rest of the tests and the two instructions of the answer.
        jump => instruction(jump, register, 0, (count - index + 1) as i16, value),
    };
    tests.into_iter().enumerate().map(encode).collect()
}

fn access(rule: &LinuxDeviceCgroup) -> i32 {
    let letters = rule.access().as_deref().unwrap_or(EVERYTHING);
    letters.chars().fold(0, |access, letter| {
        access
            | match letter {
                'm' => MAKE,
                'r' => READ,
                'w' => WRITE,
                _ => 0,
            }
    })
}

/// A `struct bpf_insn`: code, two registers of four bits, offset, value.
fn instruction(code: u8, destination: u8, source: u8, offset: i16, value: i32) -> u64 {
    let [a, b] = offset.to_le_bytes();
    let [c, d, e, f] = value.to_le_bytes();
    u64::from_le_bytes([code, destination | source << 4, a, b, c, d, e, f])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::require;
    use std::fs;
    use std::os::fd::AsFd;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    fn rules(lines: &[&str]) -> Vec<LinuxDeviceCgroup> {
        let parse = |line: &&str| {
            let words: Vec<&str> = line.split([' ', ':']).collect();
            let mut rule = LinuxDeviceCgroup::default();
            *rule.allow_mut() = words[0] == "allow";
            *rule.typ_mut() = Some(match words[1] {
                "b" => LinuxDeviceType::B,
                "c" => LinuxDeviceType::C,
                _ => LinuxDeviceType::A,
            });
            (*rule.major_mut(), *rule.minor_mut()) = (words[2].parse().ok(), words[3].parse().ok());
            *rule.access_mut() = Some(words[4].to_owned());
            rule
        };
        lines.iter().map(parse).collect()
    }

    #[test]
    fn rules_after_a_blanket_one_are_tried_before_it() {
        let program = program(&rules(&["deny a *:* rwm", "allow c 1:3 rwm"]));
        let expected = [
            instruction(JUMP_UNLESS_EQUAL, KIND, 0, 4, CHARACTER),
            instruction(JUMP_UNLESS_EQUAL, MAJOR, 0, 3, 1),
            instruction(JUMP_UNLESS_EQUAL, MINOR, 0, 2, 3),
            instruction(MOVE, ANSWER, 0, 0, 1),
            instruction(EXIT, 0, 0, 0, 0),
            instruction(MOVE, ANSWER, 0, 0, 0),
            instruction(EXIT, 0, 0, 0, 0),
        ];
        assert_eq!(program[6..], expected);
    }

    /// A v2 folder, on hybrid hosts too, where the v2 tree has no controllers but runs programs.
    fn group() -> Option<PathBuf> {
        let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
        let mount = mounts.iter().find(|mount| Path::new(mount).join("cgroup.subtree_control").exists())?;
        Some(Path::new(mount).join(format!("lighter-device-test-{}", std::process::id())))
    }

    #[test]
    fn the_kernel_enforces_the_program() {
        require!(Root);
        let Some(group) = group() else { return };
        fs::create_dir(&group).expect("created");
        let rules = rules(&["deny a *:* rwm", "allow c *:* m", "allow c 1:3 rwm", "allow c 1:9 r"]);
        enforce(fs::File::open(&group).expect("opened").as_fd(), &rules).expect("attached");
        let script = format!(
            "echo $$ > {}/cgroup.procs; (: < /dev/null) && echo null; (: < /dev/zero) 2>/dev/null || echo no zero; \
             (: < /dev/urandom) && echo urandom; (: > /dev/urandom) 2>/dev/null || echo no write",
            group.display()
        );
        let output = Command::new("/bin/sh").args(["-c", &script]).output().expect("run");
        fs::remove_dir(&group).expect("removed");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "null\nno zero\nurandom\nno write\n");
    }
}
