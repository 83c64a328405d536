//! From rules to a BPF program (seccomp(2), linux/filter.h).
//!
//! ```text
//! processor? ─ native ──> number? ─ binary search over ranges ─> one action, or tests of arguments
//!            ├ 32-bit ──> the same with the numbers of that processor
//!            └ other  ──> kill
//! ```
//! Neighbouring calls with one action are one range, so an allow list of 350 calls needs 7 comparisons
//! at most. The crate `seccompiler` was not enough: it knows one action besides the default and one
//! processor, where Docker's profile has two actions (`clone3` is ENOSYS) and covers 32-bit programs.

use super::SeccompError;
use super::numbers::numbers;
use oci_spec::runtime::{
    LinuxSeccomp, LinuxSeccompAction, LinuxSeccompArg, LinuxSeccompOperator, LinuxSyscall,
};

/// A `struct sock_filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) code: u16,
    pub(super) when_true: u8,
    pub(super) when_false: u8,
    pub(super) value: u32,
}

// Instruction codes, linux/bpf_common.h.
pub(super) const LOAD: u16 = 0x20;
pub(super) const JUMP: u16 = 0x05;
pub(super) const JUMP_EQUAL: u16 = 0x15;
pub(super) const JUMP_GREATER: u16 = 0x25;
pub(super) const JUMP_GREATER_EQUAL: u16 = 0x35;
pub(super) const AND: u16 = 0x54;
pub(super) const RETURN: u16 = 0x06;

// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const PROCESSOR: u32 = 4;
const ARGUMENTS: u32 = 16;

const KILL_PROCESS: u32 = 0x8000_0000;
const INSTRUCTIONS_MAX: usize = 4096;
/// Stands for "to the end of this rule" until the end is known.
const MISMATCH: u8 = u8::MAX;

/// A processor's calling convention: its AUDIT_ARCH number and its column in the table of numbers.
#[derive(Debug, Clone, Copy)]
struct Processor {
    audit: u32,
    column: usize,
}

const X86_64: Processor = Processor { audit: 0xc000_003e, column: 0 };
const I386: Processor = Processor { audit: 0x4000_0003, column: 1 };
const AARCH64: Processor = Processor { audit: 0xc000_00b7, column: 2 };
/// Every processor whose programs this kernel can run and whose rules are known. 32-bit ARM programs are
/// not covered: on aarch64 they are killed. Calls of the x32 convention (bit 30 set) are beyond every known
/// number and get the default action; kernels are rarely built with it.
const PROCESSORS: &[Processor] = if cfg!(target_arch = "x86_64") { &[X86_64, I386] } else { &[AARCH64] };

/// Compiles `rules` for this machine.
pub(super) fn compile(rules: &LinuxSeccomp) -> Result<Vec<Instruction>, SeccompError> {
    let default = rules.default_action().as_u32(rules.default_errno_ret());
    let mut program = vec![load(PROCESSOR)];
    for processor in PROCESSORS {
        let block = block(rules, default, *processor)?;
        // Skips the block of another processor.
        program.push(Instruction { code: JUMP_EQUAL, when_true: 1, when_false: 0, value: processor.audit });
        program.push(jump(block.len()));
        program.extend(block);
    }
    program.push(action(KILL_PROCESS));
    if program.len() > INSTRUCTIONS_MAX { Err(SeccompError::TooLong(program.len())) } else { Ok(program) }
}

fn block(rules: &LinuxSeccomp, default: u32, processor: Processor) -> Result<Vec<Instruction>, SeccompError> {
    let ranges = ranges(calls(rules, processor)?, default);
    let mut block = vec![load(NUMBER)];
    block.extend(search(&ranges));
    Ok(block)
}

/// Rules by call number; later rules for the same call count where earlier ones do not match.
fn calls(rules: &LinuxSeccomp, processor: Processor) -> Result<Vec<(u32, Vec<Instruction>)>, SeccompError> {
    let mut calls: Vec<(u32, Vec<Instruction>)> = Vec::new();
    for rule in rules.syscalls().iter().flatten() {
        let code = test(rule)?;
        // Names unknown here belong to other processors or newer kernels, and stay with the default.
        let known = rule.names().iter().filter_map(|name| numbers(name)?[processor.column]);
        calls.extend(known.map(|number| (u32::from(number), code.clone())));
    }
    // The sort is stable, so rules for one call keep their order.
    calls.sort_by_key(|(number, _)| *number);
    calls.dedup_by(|(later, code), (number, all)| {
        let is_same = later == number;
        if is_same {
            all.append(code);
        }
        is_same
    });
    Ok(calls)
}

/// Cuts all numbers into ranges of one behaviour: its first number, and the code that returns.
fn ranges(calls: Vec<(u32, Vec<Instruction>)>, default: u32) -> Vec<(u32, Vec<Instruction>)> {
    let mut ranges: Vec<(u32, Vec<Instruction>)> = Vec::new();
    let mut add = |first: u32, code: Vec<Instruction>| {
        if ranges.last().is_none_or(|(_, last)| *last != code) {
            ranges.push((first, code));
        }
    };
    let mut next = 0;
    for (number, mut code) in calls {
        if number > next {
            add(next, vec![action(default)]);
        }
        code.push(action(default));
        // What follows an unconditional return is never reached.
        let end = code.iter().position(is_final).map_or(code.len(), |position| position + 1);
        code.truncate(end);
        add(number, code);
        next = number + 1;
    }
    // The rest, x32 calls among it.
    add(next, vec![action(default)]);
    ranges
}

/// The first return that no jump passes over.
fn is_final(instruction: &Instruction) -> bool {
    instruction.code == RETURN && instruction.when_true == 0
}

/// A binary search for the call's number, which is loaded.
fn search(ranges: &[(u32, Vec<Instruction>)]) -> Vec<Instruction> {
    let [(_, code)] = ranges else {
        let (lower, upper) = ranges.split_at(ranges.len() / 2);
        let (first, lower, upper) = (upper[0].0, search(lower), search(upper));
        let mut tree = vec![
            Instruction { code: JUMP_GREATER_EQUAL, when_true: 0, when_false: 1, value: first },
            jump(lower.len()),
        ];
        tree.extend(lower);
        tree.extend(upper);
        return tree;
    };
    code.iter().map(|instruction| Instruction { when_true: clean(instruction), ..*instruction }).collect()
}

/// Takes the mark off a conditional return.
fn clean(instruction: &Instruction) -> u8 {
    if instruction.code == RETURN { 0 } else { instruction.when_true }
}

/// The tests of one rule's arguments and its action: falls through where they do not all match.
fn test(rule: &LinuxSyscall) -> Result<Vec<Instruction>, SeccompError> {
    let arguments = rule.args().iter().flatten();
    let mut code = Vec::new();
    for argument in arguments {
        code.extend(condition(argument)?);
    }
    let is_conditional = !code.is_empty();
    let value = rule.action().as_u32(rule.errno_ret());
    check_action(rule.action())?;
    code.push(Instruction { code: RETURN, when_true: u8::from(is_conditional), when_false: 0, value });
    let end = code.len();
    for (index, instruction) in
        code.iter_mut().enumerate().filter(|(_, instruction)| instruction.code & 7 == JUMP)
    {
        let to_end = u8::try_from(end - index - 1).map_err(|_| SeccompError::TooLong(end))?;
        for target in [&mut instruction.when_true, &mut instruction.when_false] {
            *target = if *target == MISMATCH { to_end } else { *target };
        }
    }
    Ok(code)
}

fn check_action(action: LinuxSeccompAction) -> Result<(), SeccompError> {
    match action {
        LinuxSeccompAction::ScmpActNotify => Err(SeccompError::Unsupported(action.to_string())),
        LinuxSeccompAction::ScmpActKill
        | LinuxSeccompAction::ScmpActKillThread
        | LinuxSeccompAction::ScmpActKillProcess
        | LinuxSeccompAction::ScmpActTrap
        | LinuxSeccompAction::ScmpActErrno
        | LinuxSeccompAction::ScmpActTrace
        | LinuxSeccompAction::ScmpActLog
        | LinuxSeccompAction::ScmpActAllow => Ok(()),
    }
}

/// The halves of a 64-bit argument are compared one after the other, high half first.
fn condition(argument: &LinuxSeccompArg) -> Result<Vec<Instruction>, SeccompError> {
    let index = u32::try_from(argument.index()).ok().filter(|index| *index < 6);
    let index = index.ok_or_else(|| SeccompError::Unsupported(format!("argument {}", argument.index())))?;
    let offset = ARGUMENTS + 8 * index;
    let (low, high) = (load(offset), load(offset + 4));
    let (value_high, value_low) = halves(argument.value());
    let jump = |code, when_true, when_false, value| Instruction { code, when_true, when_false, value };
    let ordered = |code, is_wanted: bool| {
        // A greater or smaller high half decides; an equal one leaves it to the low half.
        let (greater, smaller) = if is_wanted { (3, MISMATCH) } else { (MISMATCH, 2) };
        let (low_true, low_false) = if is_wanted { (0, MISMATCH) } else { (MISMATCH, 0) };
        vec![
            high,
            jump(JUMP_GREATER, greater, 0, value_high),
            jump(JUMP_EQUAL, 0, smaller, value_high),
            low,
            jump(code, low_true, low_false, value_low),
        ]
    };
    Ok(match argument.op() {
        LinuxSeccompOperator::ScmpCmpEq => vec![
            high,
            jump(JUMP_EQUAL, 0, MISMATCH, value_high),
            low,
            jump(JUMP_EQUAL, 0, MISMATCH, value_low),
        ],
        LinuxSeccompOperator::ScmpCmpNe => {
            vec![high, jump(JUMP_EQUAL, 0, 2, value_high), low, jump(JUMP_EQUAL, MISMATCH, 0, value_low)]
        }
        LinuxSeccompOperator::ScmpCmpMaskedEq => {
            let (wanted_high, wanted_low) = halves(argument.value_two().unwrap_or(0));
            let and = |value| Instruction { code: AND, when_true: 0, when_false: 0, value };
            vec![
                high,
                and(value_high),
                jump(JUMP_EQUAL, 0, MISMATCH, wanted_high),
                low,
                and(value_low),
                jump(JUMP_EQUAL, 0, MISMATCH, wanted_low),
            ]
        }
        LinuxSeccompOperator::ScmpCmpGe => ordered(JUMP_GREATER_EQUAL, true),
        LinuxSeccompOperator::ScmpCmpGt => ordered(JUMP_GREATER, true),
        LinuxSeccompOperator::ScmpCmpLt => ordered(JUMP_GREATER_EQUAL, false),
        LinuxSeccompOperator::ScmpCmpLe => ordered(JUMP_GREATER, false),
    })
}

fn halves(value: u64) -> (u32, u32) {
    ((value >> 32) as u32, value as u32)
}

fn load(offset: u32) -> Instruction {
    Instruction { code: LOAD, when_true: 0, when_false: 0, value: offset }
}

fn jump(distance: usize) -> Instruction {
    // A program has 4096 instructions at most, which is checked at the end.
    Instruction {
        code: JUMP,
        when_true: 0,
        when_false: 0,
        value: u32::try_from(distance).unwrap_or(u32::MAX),
    }
}

fn action(value: u32) -> Instruction {
    Instruction { code: RETURN, when_true: 0, when_false: 0, value }
}

impl Instruction {
    /// As the kernel reads it: code, two jumps, value.
    pub(super) fn encode(self) -> u64 {
        let [a, b] = self.code.to_ne_bytes();
        let [c, d, e, f] = self.value.to_ne_bytes();
        u64::from_ne_bytes([a, b, self.when_true, self.when_false, c, d, e, f])
    }
}
