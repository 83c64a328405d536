//! Docker's default profile: what moby's `profiles/seccomp` allows, for x86_64 and aarch64, arranged by
//! purpose. Everything else fails with EPERM, except that `clone3` fails with ENOSYS, so that the C
//! library falls back to `clone`, whose flags a filter can see.

use super::profile::{Argument, Filter, Profile, Rule};
use oci_spec::runtime::{LinuxSeccompAction, LinuxSeccompOperator};

/// Allowed to everybody, one list per purpose, names apart by spaces.
const ALLOWED: [&str; 9] = [
    // Files: opening, reading, writing.
    "open openat openat2 creat close close_range read readv pread64 preadv preadv2 write writev \
     pwrite64 pwritev pwritev2 lseek _llseek dup dup2 dup3 fcntl fcntl64 flock fsync fdatasync sync \
     syncfs sync_file_range fallocate ftruncate ftruncate64 truncate truncate64 fadvise64 fadvise64_64 \
     readahead sendfile sendfile64 copy_file_range splice tee vmsplice ioctl cachestat",
    // Files: names, attributes, folders.
    "access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx \
     statfs statfs64 fstatfs fstatfs64 chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 \
     fchownat lchown lchown32 umask utime utimes utimensat utimensat_time64 futimesat link linkat \
     symlink symlinkat readlink readlinkat rename renameat renameat2 unlink unlinkat mkdir mkdirat \
     rmdir mknod mknodat getdents getdents64 getcwd chdir fchdir name_to_handle_at getxattr lgetxattr \
     fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr \
     listxattrat removexattr lremovexattr fremovexattr removexattrat inotify_init inotify_init1 \
     inotify_add_watch inotify_rm_watch fanotify_mark",
    // Memory.
    "brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock \
     munlockall membarrier memfd_create memfd_secret mseal map_shadow_stack remap_file_pages pkey_alloc \
     pkey_free pkey_mprotect process_mrelease",
    // Processes and threads.
    "fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgid \
     getpgrp setpgid getsid setsid set_tid_address set_robust_list get_robust_list set_thread_area \
     get_thread_area rseq futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue \
     sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam \
     sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min \
     sched_rr_get_interval sched_rr_get_interval_time64 getpriority setpriority ioprio_get ioprio_set \
     getrlimit ugetrlimit setrlimit prlimit64 getrusage times getcpu prctl pidfd_open pidfd_send_signal \
     restart_syscall seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self uname \
     sysinfo getrandom",
    // Users, groups and capabilities.
    "getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 \
     getresgid getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 \
     setregid setregid32 setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid \
     setfsgid32 setgroups setgroups32 capget capset",
    // Signals and timers.
    "kill tkill tgkill pause alarm rt_sigaction rt_sigprocmask rt_sigpending rt_sigreturn rt_sigsuspend \
     rt_sigqueueinfo rt_tgsigqueueinfo rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack sigprocmask \
     sigreturn signalfd signalfd4 getitimer setitimer nanosleep clock_nanosleep clock_nanosleep_time64 \
     clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_adjtime clock_adjtime64 \
     adjtimex gettimeofday time timer_create timer_delete timer_getoverrun timer_gettime \
     timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 \
     timerfd_settime timerfd_settime64",
    // Waiting for many things at once.
    "poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 \
     epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 \
     io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64",
    // Sockets and pipes (`socket` itself has a condition).
    "socketpair socketcall bind listen accept accept4 connect shutdown getsockname getpeername \
     getsockopt setsockopt send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 \
     pipe pipe2",
    // System V and POSIX messages, semaphores and shared memory.
    "ipc msgget msgsnd msgrcv msgctl semget semop semctl semtimedop semtimedop_time64 shmget shmat \
     shmdt shmctl mq_open mq_unlink mq_getsetattr mq_notify mq_timedreceive mq_timedreceive_time64 \
     mq_timedsend mq_timedsend_time64",
];

/// Allowed with a capability.
const ALLOWED_WITH: [(&str, &str); 14] = [
    ("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
    (
        SYS_ADMIN,
        "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr \
         move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount \
         umount2 unshare",
    ),
    ("CAP_SYS_BOOT", "reboot"),
    ("CAP_SYS_CHROOT", "chroot"),
    ("CAP_SYS_MODULE", "delete_module init_module finit_module"),
    ("CAP_SYS_PACCT", "acct"),
    ("CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"),
    ("CAP_SYS_RAWIO", "iopl ioperm"),
    ("CAP_SYS_TIME", "settimeofday stime clock_settime clock_settime64"),
    ("CAP_SYS_TTY_CONFIG", "vhangup"),
    ("CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    ("CAP_SYSLOG", "syslog"),
    ("CAP_BPF", "bpf"),
    ("CAP_PERFMON", "perf_event_open"),
];

/// Before Linux 4.8 a filter did not see what a tracer changed.
const TRACING: (&str, &str) = ("4.8", "process_vm_readv process_vm_writev ptrace");
const OF_PROCESSOR: (&str, &str) = ("amd64", "arch_prctl modify_ldt");
const SYS_ADMIN: &str = "CAP_SYS_ADMIN";

/// A socket to the hypervisor would reach past every network namespace.
const AF_VSOCK: u64 = 40;
/// Linux, 32 bit addresses, no randomisation, both, and asking without change.
const PERSONALITIES: [u64; 5] = [0x0, 0x0008, 0x0002_0000, 0x0002_0008, 0xffff_ffff];
/// `CLONE_NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID` and `NEWNET`: none of them.
const CLONE_NAMESPACES: u64 = 0x7e02_0000;
const EPERM: u32 = 1;
const ENOSYS: u32 = 38;

/// Docker's default profile.
pub(super) fn docker() -> Profile {
    let mut rules: Vec<Rule> = ALLOWED.iter().map(|names| allow(names)).collect();
    let (kernel, names) = TRACING;
    rules.push(Rule {
        includes: Filter { min_kernel: Some(kernel.to_owned()), ..Filter::default() },
        ..allow(names)
    });
    let (processor, names) = OF_PROCESSOR;
    rules.push(Rule {
        includes: Filter { arches: vec![processor.to_owned()], ..Filter::default() },
        ..allow(names)
    });
    rules.extend(
        ALLOWED_WITH.iter().map(|(capability, names)| Rule { includes: with(capability), ..allow(names) }),
    );
    rules.push(allow_if("socket", LinuxSeccompOperator::ScmpCmpNe, AF_VSOCK));
    let equal = LinuxSeccompOperator::ScmpCmpEq;
    rules.extend(PERSONALITIES.iter().map(|value| allow_if("personality", equal, *value)));
    let masked = allow_if("clone", LinuxSeccompOperator::ScmpCmpMaskedEq, CLONE_NAMESPACES);
    rules.push(Rule { excludes: with(SYS_ADMIN), ..masked });
    let refused =
        Rule { action: LinuxSeccompAction::ScmpActErrno, errno_ret: Some(ENOSYS), ..allow("clone3") };
    rules.push(Rule { excludes: with(SYS_ADMIN), ..refused });
    Profile {
        default_action: LinuxSeccompAction::ScmpActErrno,
        default_errno_ret: Some(EPERM),
        syscalls: rules,
    }
}

fn allow(names: &str) -> Rule {
    Rule {
        name: None,
        names: names.split_ascii_whitespace().map(str::to_owned).collect(),
        action: LinuxSeccompAction::ScmpActAllow,
        errno_ret: None,
        args: None,
        includes: Filter::default(),
        excludes: Filter::default(),
    }
}

/// The first argument decides.
fn allow_if(name: &str, op: LinuxSeccompOperator, value: u64) -> Rule {
    Rule { args: Some(vec![Argument { index: 0, value, value_two: 0, op }]), ..allow(name) }
}

fn with(capability: &str) -> Filter {
    Filter { caps: vec![capability.to_owned()], ..Filter::default() }
}
