//! Programs are judged by running them: a small machine that does what the kernel's does.

use super::compile::{
    AND, Instruction, JUMP, JUMP_EQUAL, JUMP_GREATER, JUMP_GREATER_EQUAL, LOAD, RETURN, compile,
};
use super::profile::{Circumstances, Profile};
use super::{docker, numbers::numbers};
use crate::runtime::spec::capability::CapabilitySet;

const ALLOW: u32 = 0x7fff_0000;
const EPERM: u32 = 0x0005_0001;
const ENOSYS: u32 = 0x0005_0026;
const KILL: u32 = 0x8000_0000;
const X86_64: u32 = 0xc000_003e;
const I386: u32 = 0x4000_0003;
const KERNEL: (u32, u32) = (6, 1);

/// What the kernel would do with the call `number` of a program for `processor`.
fn run(program: &[Instruction], processor: u32, number: u32, arguments: [u64; 2]) -> u32 {
    let word = |offset: u32| match offset {
        0 => number,
        4 => processor,
        _ => {
            let argument = arguments.get((offset as usize - 16) / 8).copied().unwrap_or(0);
            if offset.is_multiple_of(8) { argument as u32 } else { (argument >> 32) as u32 }
        }
    };
    let (mut accumulator, mut next) = (0, 0);
    loop {
        let Instruction { code, when_true, when_false, value } = program[next];
        let is_true = match code {
            LOAD => {
                accumulator = word(value);
                None
            }
            AND => {
                accumulator &= value;
                None
            }
            RETURN => return value,
            JUMP => {
                next += value as usize;
                None
            }
            JUMP_EQUAL => Some(accumulator == value),
            JUMP_GREATER => Some(accumulator > value),
            JUMP_GREATER_EQUAL => Some(accumulator >= value),
            other => panic!("unknown code {other:#x}"),
        };
        next += 1 + is_true.map_or(0, |is_true| usize::from(if is_true { when_true } else { when_false }));
    }
}

fn docker_for(capabilities: CapabilitySet) -> Vec<Instruction> {
    compile(&docker::docker().rules(Circumstances { capabilities, kernel: KERNEL })).expect("compiles")
}

fn native(program: &[Instruction], name: &str, arguments: [u64; 2]) -> u32 {
    let number = numbers(name).and_then(|numbers| numbers[0]).expect(name);
    run(program, X86_64, number.into(), arguments)
}

#[cfg(target_arch = "x86_64")]
#[test]
fn every_call_has_the_action_its_rule_says() {
    let rules = docker::docker()
        .rules(Circumstances { capabilities: CapabilitySet::docker_default(), kernel: KERNEL });
    let program = compile(&rules).expect("compiles");
    let listed = rules.syscalls().iter().flatten().filter(|rule| rule.args().is_none());
    let expected: std::collections::BTreeMap<u32, u32> = listed
        .flat_map(|rule| rule.names().iter().map(|name| (name, rule.action().as_u32(rule.errno_ret()))))
        .filter_map(|(name, action)| Some((numbers(name)?[0]?.into(), action)))
        .collect();
    let conditional =
        ["clone", "personality", "socket"].map(|name| numbers(name).expect("known")[0].expect("native"));
    for number in (0..1000).filter(|number| !conditional.iter().any(|known| u32::from(*known) == *number)) {
        let action = expected.get(&number).copied().unwrap_or(EPERM);
        assert_eq!(run(&program, X86_64, number, [0; 2]), action, "call {number}");
    }
}

#[test]
fn arguments_decide_where_a_rule_tests_them() {
    let program = docker_for(CapabilitySet::docker_default());
    let check = |name, argument, expected| {
        assert_eq!(native(&program, name, [argument, 0]), expected, "{name}({argument:#x})");
    };
    check("socket", 2, ALLOW);
    check("socket", 40, EPERM);
    check("socket", 40 + (1 << 32), ALLOW);
    check("personality", 0, ALLOW);
    check("personality", 0x20008, ALLOW);
    check("personality", 0xffff_ffff, ALLOW);
    check("personality", 0x40000, EPERM);
    check("clone", 0x0001_2011, ALLOW);
    check("clone", 0x1000_0000, EPERM);
    check("clone3", 0, ENOSYS);
    check("mount", 0, EPERM);
    check("keyctl", 0, EPERM);
}

#[test]
fn a_capability_allows_its_calls() {
    let program = docker_for(CapabilitySet::ALL);
    for name in ["clone3", "mount", "reboot", "bpf", "open_by_handle_at"] {
        assert_eq!(native(&program, name, [0; 2]), ALLOW, "{name}");
    }
    assert_eq!(native(&program, "clone", [0x1000_0000, 0]), ALLOW);
    assert_eq!(native(&program, "kexec_load", [0; 2]), EPERM);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn programs_of_other_conventions_are_covered_or_killed() {
    let program = docker_for(CapabilitySet::docker_default());
    let i386 = |name: &str| numbers(name).and_then(|numbers| numbers[1]).expect("known");
    assert_eq!(run(&program, I386, i386("mount").into(), [0; 2]), EPERM);
    assert_eq!(run(&program, I386, i386("socketcall").into(), [0; 2]), ALLOW);
    assert_eq!(run(&program, I386, i386("open").into(), [0; 2]), ALLOW);
    // x32: bit 30 set.
    assert_eq!(run(&program, X86_64, 0x4000_0000, [0; 2]), EPERM);
    assert_eq!(run(&program, 0xc000_00b7, 0, [0; 2]), KILL);
}

#[test]
fn comparisons_are_of_64_bits() {
    let profile = |op: &str| -> Profile {
        let text = format!(
            r#"{{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "syscalls": [{{"names": ["read"],
                "action": "SCMP_ACT_ALLOW", "args": [{{"index": 1, "value": 4294967301, "op": "{op}"}}]}}]}}"#
        );
        serde_json::from_str(&text).expect("a profile")
    };
    type Matches = fn(u64) -> bool;
    let wanted: [(&str, Matches); 6] = [
        ("SCMP_CMP_EQ", |value| value == 4_294_967_301),
        ("SCMP_CMP_NE", |value| value != 4_294_967_301),
        ("SCMP_CMP_GE", |value| value >= 4_294_967_301),
        ("SCMP_CMP_GT", |value| value > 4_294_967_301),
        ("SCMP_CMP_LE", |value| value <= 4_294_967_301),
        ("SCMP_CMP_LT", |value| value < 4_294_967_301),
    ];
    for (op, matches) in wanted {
        let circumstances = Circumstances { capabilities: CapabilitySet::default(), kernel: KERNEL };
        let program = compile(&profile(op).rules(circumstances)).expect("compiles");
        for value in [0, 5, 4_294_967_300, 4_294_967_301, 4_294_967_302, 8_589_934_592, u64::MAX] {
            let expected = if matches(value) { ALLOW } else { EPERM };
            assert_eq!(native(&program, "read", [0, value]), expected, "{op} {value}");
        }
    }
}
