//! The program that is PID 1 of a container with `init: true`: it forwards signals to the container's
//! program and reaps what that leaves.
//!
//! A program that is PID 1 itself ignores every signal it has no handler for, and nobody reaps orphans.
//! `argv` is this program's name, the path of the container's program, and that one's own `argv`. Our own
//! launcher has looked the path up already; an external runtime cannot, and leaves it empty.
//!
//! It is a program of its own, which `build.rs` compiles and `engine::sys::init_program` carries: every
//! such container has one, and a copy of the whole engine costs each 0.7 MB of relocated pages and a
//! millisecond. So it does without a libc: what it asks of the kernel is nine calls, written out below.

#![no_std]
#![no_main]
#![no_builtins]

use core::arch::{asm, global_asm};
use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;
use core::panic::PanicInfo;

/// The exit codes of a shell for a program that cannot be executed.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;
/// Added to the number of the signal that ended the program, as a shell does.
const SIGNALLED: i32 = 128;

/// Where a program without PATH is looked for (execvp(3)).
const DEFAULT_PATH: &CStr = c"/bin:/usr/bin";
/// The kernel takes no longer path.
const PATH_BYTES: usize = 4096;

/// A `sigset_t` of the kernel: one bit a signal.
type SignalSet = u64;
const ALL_SIGNALS: SignalSet = SignalSet::MAX;

/// A vector of texts that ends with a null pointer, as execve(2) takes and gives it.
type Texts = *const *const c_char;

// What the kernel calls with argc, argv and envp on the stack (System V ABI, "Initial Stack").
#[cfg(target_arch = "x86_64")]
global_asm!(".globl _start", "_start:", "xor ebp, ebp", "mov rdi, rsp", "call {}", sym begin);
#[cfg(target_arch = "aarch64")]
global_asm!(".globl _start", "_start:", "mov x29, xzr", "mov x0, sp", "bl {}", sym begin);

/// # Safety
/// `stack` is the stack as the kernel made it.
unsafe extern "C" fn begin(stack: *const usize) -> ! {
    // SAFETY: argc comes first, after it argc pointers and a null, after that the variables and a null.
    let (count, argv, envp) = unsafe {
        let count = *stack;
        (count, stack.add(1).cast(), stack.add(count + 2).cast())
    };
    // Its own name, a path, and at least the name of the program.
    let code = if count >= 3 { supervise(argv, envp) } else { NOT_EXECUTABLE };
    exit(code)
}

/// Runs the program and returns its exit code.
fn supervise(argv: Texts, envp: Texts) -> i32 {
    let inherited = set_signal_mask(ALL_SIGNALS);
    let program = fork();
    if program < 0 {
        return NOT_EXECUTABLE;
    }
    if program == 0 {
        exit(become_program(argv, envp, inherited));
    }
    loop {
        let signal = next_signal();
        if signal == SIGCHLD {
            if let Some(code) = reap(program) {
                return code;
            }
        } else if signal > 0 {
            // It may have ended meanwhile; its SIGCHLD comes next.
            kill(program, signal);
        }
    }
}

/// The program leads a process group of its own, in the foreground of the terminal if there is one, so
/// that keys like Ctrl-C reach it and its children.
fn become_program(argv: Texts, envp: Texts, mask: SignalSet) -> i32 {
    lead_group_in_foreground();
    set_signal_mask(mask);
    // SAFETY: `begin` has counted three arguments at least.
    let (path, arguments) = unsafe { (CStr::from_ptr(*argv.add(1)), argv.add(2)) };
    // SAFETY: as above.
    let name = unsafe { CStr::from_ptr(*arguments) };
    let refused = if path.is_empty() {
        execute_along_path(name, arguments, envp)
    } else {
        execute(path.as_ptr(), arguments, envp)
    };
    if refused == -ENOENT { NOT_FOUND } else { NOT_EXECUTABLE }
}

/// Looks for the program as a shell does. Returns only an error: that it is not there, if nothing better.
fn execute_along_path(name: &CStr, arguments: Texts, envp: Texts) -> isize {
    if name.to_bytes().contains(&b'/') {
        return execute(name.as_ptr(), arguments, envp);
    }
    let mut refused = -ENOENT;
    for folder in search_path(envp).to_bytes().split(|byte| *byte == b':') {
        let folder = if folder.is_empty() { b"." } else { folder };
        let mut place = [MaybeUninit::<u8>::uninit(); PATH_BYTES];
        let bytes = folder.iter().chain(b"/").chain(name.to_bytes_with_nul());
        let length = folder.len() + 1 + name.to_bytes_with_nul().len();
        if length > PATH_BYTES {
            continue;
        }
        place.iter_mut().zip(bytes).for_each(|(place, byte)| {
            place.write(*byte);
        });
        let error = execute(place.as_ptr().cast(), arguments, envp);
        if error == -EACCES {
            refused = error;
        }
    }
    refused
}

fn search_path(envp: Texts) -> &'static CStr {
    let mut next = envp;
    // SAFETY: the kernel ends the variables with a null pointer, and each with a NUL.
    while let Some(variable) = unsafe { (!(*next).is_null()).then(|| CStr::from_ptr(*next)) } {
        if variable.to_bytes().starts_with(b"PATH=") {
            // SAFETY: five bytes of the text have just been seen.
            return unsafe { CStr::from_ptr(variable.as_ptr().add(5)) };
        }
        // SAFETY: this was not the last.
        next = unsafe { next.add(1) };
    }
    DEFAULT_PATH
}

/// Reaps whatever has ended. The program's exit code, if it is among them.
fn reap(program: isize) -> Option<i32> {
    loop {
        let (pid, status) = wait_for_any();
        if pid <= 0 {
            return None;
        }
        if pid == program {
            // wait(2): the signal in the low seven bits, else the code in the next byte.
            let (signal, code) = (status & 0x7f, (status >> 8) & 0xff);
            return Some(if signal == 0 { code } else { SIGNALLED + signal });
        }
    }
}

const ENOENT: isize = 2;
const EACCES: isize = 13;
const SIGCHLD: isize = 17;
const SIG_SETMASK: usize = 2;
const TIOCSPGRP: usize = 0x5410;
const WNOHANG: usize = 1;
const STDIN: usize = 0;
/// Waits for any child.
const ANY: usize = usize::MAX;

/// Replaces the mask of blocked signals and returns what it was.
fn set_signal_mask(mask: SignalSet) -> SignalSet {
    let mut old: SignalSet = 0;
    let (new, place) = (&raw const mask, &raw mut old);
    // SAFETY: rt_sigprocmask(2) reads and writes one set each, which live until it returns.
    unsafe {
        call(number::RT_SIGPROCMASK, [SIG_SETMASK, new as usize, place as usize, size_of::<SignalSet>()])
    };
    old
}

/// Waits for a signal; negative if none came.
fn next_signal() -> isize {
    let all = ALL_SIGNALS;
    // SAFETY: rt_sigtimedwait(2) reads the set, and takes null for no details and no end of waiting.
    unsafe { call(number::RT_SIGTIMEDWAIT, [&raw const all as usize, 0, 0, size_of::<SignalSet>()]) }
}

/// 0 in the child.
fn fork() -> isize {
    // SAFETY: clone(2) with no flag but the signal of its end copies this process, which has one thread.
    unsafe { call(number::CLONE, [SIGCHLD.unsigned_abs(), 0, 0, 0]) }
}

/// Where there is no terminal, the second call is refused and nothing is lost.
fn lead_group_in_foreground() {
    let mut group: i32 = 0;
    // SAFETY: setpgid(2) and getpid(2) take numbers; TIOCSPGRP reads an integer that lives until it returns.
    unsafe {
        call(number::SETPGID, [0, 0, 0, 0]);
        group = i32::try_from(call(number::GETPID, [0; 4])).unwrap_or(group);
        call(number::IOCTL, [STDIN, TIOCSPGRP, &raw mut group as usize, 0]);
    }
}

/// Returns only an error, as a negative number.
fn execute(path: *const c_char, arguments: Texts, envp: Texts) -> isize {
    // SAFETY: all three are as the kernel gave them to this program, or end as those do.
    unsafe { call(number::EXECVE, [path as usize, arguments as usize, envp as usize, 0]) }
}

/// The process id of a child that has ended, and its status; no positive number if none has.
fn wait_for_any() -> (isize, i32) {
    let mut status = 0_i32;
    // SAFETY: wait4(2) writes an integer that lives until it returns, and takes null for no usage.
    let pid = unsafe { call(number::WAIT4, [ANY, &raw mut status as usize, WNOHANG, 0]) };
    (pid, status)
}

fn kill(process: isize, signal: isize) {
    // SAFETY: kill(2) takes numbers.
    unsafe { call(number::KILL, [process.unsigned_abs(), signal.unsigned_abs(), 0, 0]) };
}

fn exit(code: i32) -> ! {
    loop {
        // SAFETY: exit_group(2) takes a number.
        unsafe { call(number::EXIT_GROUP, [code.unsigned_abs() as usize, 0, 0, 0]) };
    }
}

/// What the kernel's tables call by which number.
#[cfg(target_arch = "x86_64")]
mod number {
    pub(crate) const RT_SIGPROCMASK: usize = 14;
    pub(crate) const IOCTL: usize = 16;
    pub(crate) const GETPID: usize = 39;
    pub(crate) const CLONE: usize = 56;
    pub(crate) const EXECVE: usize = 59;
    pub(crate) const WAIT4: usize = 61;
    pub(crate) const KILL: usize = 62;
    pub(crate) const SETPGID: usize = 109;
    pub(crate) const RT_SIGTIMEDWAIT: usize = 128;
    pub(crate) const EXIT_GROUP: usize = 231;
}
#[cfg(target_arch = "aarch64")]
mod number {
    pub(crate) const IOCTL: usize = 29;
    pub(crate) const EXIT_GROUP: usize = 94;
    pub(crate) const KILL: usize = 129;
    pub(crate) const RT_SIGPROCMASK: usize = 135;
    pub(crate) const RT_SIGTIMEDWAIT: usize = 137;
    pub(crate) const SETPGID: usize = 154;
    pub(crate) const GETPID: usize = 172;
    pub(crate) const CLONE: usize = 220;
    pub(crate) const EXECVE: usize = 221;
    pub(crate) const WAIT4: usize = 260;
}

/// A system call; its result, or an error as a negative number (syscall(2), "Architecture calling
/// conventions").
///
/// # Safety
/// What `number` asks for is sound with `arguments`.
#[cfg(target_arch = "x86_64")]
unsafe fn call(number: usize, arguments: [usize; 4]) -> isize {
    let [first, second, third, fourth] = arguments;
    let result;
    // SAFETY: the kernel changes rax, rcx and r11, and the memory that the caller vouches for.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") first, in("rsi") second,
            in("rdx") third, in("r10") fourth, in("r8") 0, lateout("rcx") _, lateout("r11") _,
            options(nostack));
    }
    result
}

/// A system call; its result, or an error as a negative number.
///
/// # Safety
/// What `number` asks for is sound with `arguments`.
#[cfg(target_arch = "aarch64")]
unsafe fn call(number: usize, arguments: [usize; 4]) -> isize {
    let [first, second, third, fourth] = arguments;
    let result;
    // SAFETY: the kernel changes x0 alone, and the memory that the caller vouches for.
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") first => result, in("x1") second, in("x2") third,
            in("x3") fourth, in("x4") 0, options(nostack));
    }
    result
}

/// Nothing here panics; the language wants to know all the same, and so does the linker of its library.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit(NOT_EXECUTABLE)
}

#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// What `CStr` counts with.
///
/// # Safety
/// `text` ends with a NUL.
#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const c_char) -> usize {
    let mut length = 0;
    // SAFETY: the NUL has not been met yet.
    while unsafe { *text.add(length) } != 0 {
        length += 1;
    }
    length
}
