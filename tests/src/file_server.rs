//! Servers of network file systems, for volumes that are mounted from them.

use crate::Folder;
use crate::host;
use crate::machine::Running;
use crate::wait::wait_until;
use std::fs;
use std::path::Path;

/// The kernel's NFS server with one export, to this machine alone. It ends with the value.
#[derive(Debug)]
pub struct NfsServer {
    _mountd: Running,
}

impl NfsServer {
    /// Serves `folder` as the root of what clients see, with version 4 of the protocol.
    ///
    /// # Panics
    /// Unless `require!(Root, Nfs)` holds.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        if !Path::new("/proc/fs/nfsd/threads").exists() {
            host::run("mount", &["-t", "nfsd", "nfsd", "/proc/fs/nfsd"]);
        }
        let export = format!("127.0.0.1:{}", folder.display());
        host::run("exportfs", &["-o", "rw,fsid=0,no_root_squash,no_subtree_check,insecure", &export]);
        let mountd = Running::start("rpc.mountd", &["--foreground", "--no-nfs-version", "3"]);
        // Nobody waits to take back what he had open before.
        host::run("rpc.nfsd", &["--no-nfs-version", "3", "--grace-time", "10", "--lease-time", "10", "1"]);
        Self { _mountd: mountd }
    }
}

impl Drop for NfsServer {
    fn drop(&mut self) {
        host::run("rpc.nfsd", &["0"]);
        host::run("exportfs", &["-u", "-a"]);
        host::run("umount", &["/proc/fs/nfsd"]);
    }
}

/// A Samba server with one share. It ends with the value.
#[derive(Debug)]
pub struct SmbServer {
    _smbd: Running,
    _folder: Folder,
}

impl SmbServer {
    /// The only share.
    pub const SHARE: &str = "share";
    /// The only user's password; the user is root.
    pub const PASSWORD: &str = "only-of-this-test";

    /// Serves `shared` to this machine alone.
    ///
    /// # Panics
    /// Unless `require!(Root, Cifs)` holds, or if the server does not start.
    #[must_use]
    pub fn start(shared: &Path) -> Self {
        let folder = Folder::new("smb");
        let own = folder.path().display();
        let settings = format!(
            "[global]\nserver role = standalone server\ninterfaces = lo\nbind interfaces only = yes\n\
             smb ports = 445\ndisable netbios = yes\nload printers = no\npassdb backend = tdbsam:{own}/users\n\
             private dir = {own}\nstate directory = {own}\nlock directory = {own}\ncache directory = {own}\n\
             pid directory = {own}\nncalrpc dir = {own}/rpc\nlog file = {own}/log\n\
             [{}]\npath = {}\nread only = no\n",
            Self::SHARE,
            shared.display()
        );
        folder.write("settings", settings);
        let file = folder.path().join("settings").display().to_string();
        let add = format!("printf '{0}\\n{0}\\n' | smbpasswd -c {file} -s -a root", Self::PASSWORD);
        host::run("sh", &["-c", &add]);
        let serve = ["--foreground", "--no-process-group", "--configfile", &file];
        let smbd = Running::start("smbd", &serve);
        wait_until("the SMB server listens", || listens(445));
        Self { _smbd: smbd, _folder: folder }
    }
}

/// Whether a TCP socket of this network listens at `port` (proc_net(5)).
fn listens(port: u16) -> bool {
    let (listening, port) = ("0A", format!(":{port:04X}"));
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|table| {
        fs::read_to_string(table).unwrap_or_default().lines().skip(1).any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.get(1).is_some_and(|local| local.ends_with(&port)) && fields.get(3) == Some(&listening)
        })
    })
}
