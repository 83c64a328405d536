//! Work in a network namespace: sockets opened there stay there.

use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::path::{Path, PathBuf};

/// That of a process.
#[must_use]
pub fn of_process(pid: i32) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/ns/net"))
}

/// Does something in `namespace`, on a thread of its own.
///
/// # Panics
/// If there is no such namespace, and if the work does.
pub fn inside<T: Send + 'static>(namespace: &Path, work: impl FnOnce() -> T + Send + 'static) -> T {
    let namespace = File::open(namespace).expect("the namespace exists");
    let entered = std::thread::spawn(move || {
        setns(namespace, CloneFlags::CLONE_NEWNET).expect("root may enter it");
        work()
    });
    entered.join().expect("the thread ends")
}
