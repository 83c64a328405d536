//! Who a process runs as: names looked up in the container's own /etc/passwd and /etc/group.
//!
//! Both files belong to the image and are read as hostile input: below the container's root only, a
//! bounded part of them, malformed lines passed over. The rules are Docker's (moby/sys/user).

use super::rootfs::{Root, open_inside};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// A user as the kernel knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvedUser {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Supplementary group ids.
    pub groups: Vec<u32>,
}

/// A user or group that cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// No such user in the image.
    #[error("unable to find user {0}: no matching entries in passwd file")]
    UnknownUser(String),
    /// No such group in the image.
    #[error("unable to find group {0}: no matching entries in group file")]
    UnknownGroup(String),
    /// A file of the image cannot be read.
    #[error("cannot read {path} of the image")]
    Read {
        /// Its path inside the image.
        path: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
/// More than any image's files; the rest is not read.
const FILE_MAX: u64 = 4 * 1024 * 1024;
/// Group used for a numeric user that the image does not know (Docker's default).
const DEFAULT_GROUP: u32 = 0;

/// Finds `name|uid[:group|gid]` (empty: root) and the groups added to it inside `root`.
///
/// # Errors
/// Names the user or group that the image does not know.
pub fn resolve(root: &Root, user: &str, groups: &[String]) -> Result<ResolvedUser, UserError> {
    let (user, group) = user.split_once(':').map_or((user, None), |(user, group)| (user, Some(group)));
    let is_plain = matches!(user, "" | "0") && group.is_none() && groups.is_empty();
    let passwd = read(root.as_fd(), PASSWD)?;
    // Root's own supplementary groups come from the file too, so it is read for every user.
    let group_file = read(root.as_fd(), GROUP)?;
    if is_plain && passwd.is_empty() && group_file.is_empty() {
        return Ok(ResolvedUser { groups: vec![DEFAULT_GROUP], ..ResolvedUser::default() });
    }
    find(&passwd, &group_file, (user, group.filter(|group| !group.is_empty())), groups)
}

/// The home folder of `uid` inside `root`, `/` where the image does not know one.
pub(super) fn home(root: BorrowedFd<'_>, uid: u32) -> String {
    let passwd = read(root, PASSWD).unwrap_or_default();
    let entry = entries(&passwd).find(|fields| number(fields.get(2)) == Some(uid));
    let home = entry.and_then(|fields| fields.get(5).copied()).filter(|home| !home.is_empty());
    home.unwrap_or("/").to_owned()
}

fn find(
    passwd: &str,
    group_file: &str,
    (user, group): (&str, Option<&str>),
    added: &[String],
) -> Result<ResolvedUser, UserError> {
    let user = if user.is_empty() { "0" } else { user };
    let uid = user.parse::<u32>().ok();
    // A name wins over a number, as in Docker: a user may be called `1000`.
    let by_name = entries(passwd).find(|fields| fields[0] == user);
    let entry =
        by_name.or_else(|| entries(passwd).find(|fields| uid.is_some() && number(fields.get(2)) == uid));
    let (name, uid, primary) = match (entry, uid) {
        (Some(fields), _) => {
            let malformed = || UserError::UnknownUser(user.to_owned());
            let uid = number(fields.get(2)).ok_or_else(malformed)?;
            (fields[0], uid, number(fields.get(3)).unwrap_or(DEFAULT_GROUP))
        }
        (None, Some(uid)) => ("", uid, DEFAULT_GROUP),
        (None, None) => return Err(UserError::UnknownUser(user.to_owned())),
    };
    let mut found = ResolvedUser { uid, gid: primary, groups: Vec::new() };
    match group {
        Some(group) => found.gid = find_group(group_file, group)?,
        // An explicit group replaces the user's memberships.
        None => found.groups.extend(memberships(group_file, name)),
    }
    for group in added {
        found.groups.push(find_group(group_file, group)?);
    }
    // Without the primary group, permissions that a file denies to it would not hold for a process that
    // changes its group (CVE-2022-36109).
    found.groups.push(found.gid);
    found.groups.sort_unstable();
    found.groups.dedup();
    Ok(found)
}

fn find_group(group_file: &str, group: &str) -> Result<u32, UserError> {
    let by_name =
        entries(group_file).find(|fields| fields[0] == group).and_then(|fields| number(fields.get(2)));
    by_name.or_else(|| group.parse().ok()).ok_or_else(|| UserError::UnknownGroup(group.to_owned()))
}

fn memberships<'a>(group_file: &'a str, user: &'a str) -> impl Iterator<Item = u32> + 'a {
    let has_member = move |fields: &Vec<&str>| {
        !user.is_empty() && fields.get(3).is_some_and(|members| members.split(',').any(|name| name == user))
    };
    entries(group_file).filter(has_member).filter_map(|fields| number(fields.get(2)))
}

fn entries(file: &str) -> impl Iterator<Item = Vec<&str>> {
    let is_entry = |line: &&str| !line.is_empty() && !line.starts_with('#');
    file.lines().map(str::trim).filter(is_entry).map(|line| line.split(':').collect())
}

fn number(field: Option<&&str>) -> Option<u32> {
    field?.parse().ok()
}

/// The text of a file of the image; empty where it has none.
fn read(root: BorrowedFd<'_>, path: &'static str) -> Result<String, UserError> {
    // A FIFO in its place must not block, and a device must not be opened to any effect.
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = match open_inside(root, Path::new(path), flags) {
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(String::new()),
        file => file.map(File::from).map_err(|errno| UserError::Read { path, source: errno.into() })?,
    };
    let mut bytes = Vec::new();
    let read = file.take(FILE_MAX).read_to_end(&mut bytes);
    read.map_err(|source| UserError::Read { path, source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str =
        "root:x:0:0:root:/root:/bin/sh\n# comment\napp:x:1000:1000::/home/app:\n1234:x:77:78::/:\n";
    const GROUPS: &str = "root:x:0:\nwheel:x:10:root,app\napp:x:1000:\naudio:x:29:app\n";

    fn check(user: (&str, Option<&str>), added: &[&str], expected: (u32, u32, &[u32])) {
        let added: Vec<String> = added.iter().map(ToString::to_string).collect();
        let found = find(USERS, GROUPS, user, &added).expect("found");
        assert_eq!((found.uid, found.gid, found.groups.as_slice()), expected);
    }

    #[test]
    fn a_name_brings_its_group_and_memberships() {
        check(("app", None), &[], (1000, 1000, &[10, 29, 1000]));
        check(("", None), &[], (0, 0, &[0, 10]));
    }

    #[test]
    fn a_number_may_be_unknown_and_a_name_may_be_a_number() {
        check(("4242", None), &[], (4242, 0, &[0]));
        check(("1000", None), &[], (1000, 1000, &[10, 29, 1000]));
        check(("1234", None), &[], (77, 78, &[78]));
    }

    #[test]
    fn an_explicit_group_replaces_memberships_and_others_are_added() {
        check(("app", Some("audio")), &["wheel", "99"], (1000, 29, &[10, 29, 99]));
        check(("app", Some("5")), &[], (1000, 5, &[5]));
    }

    #[test]
    fn unknown_names_are_errors() {
        assert!(matches!(find(USERS, GROUPS, ("nobody", None), &[]), Err(UserError::UnknownUser(_))));
        assert!(matches!(find(USERS, GROUPS, ("app", Some("x")), &[]), Err(UserError::UnknownGroup(_))));
    }
}
