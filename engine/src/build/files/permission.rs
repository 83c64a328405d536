//! `--chmod` and `--chown`.

use crate::build::input::view::{Found, View, ViewError};
use std::io::{self, Read};
use std::path::Path;

/// The most that is read of an image's passwd or group file.
const MAX_DATABASE_BYTES: u64 = 10 << 20;

/// A mode or owner that cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum PermissionError {
    /// Neither octal nor symbolic.
    #[error("`{0}` is not a mode: use octal up to 7777 or symbolic like `u=rwX,go=rX`")]
    Mode(String),
    /// A name the image does not know.
    #[error("the image has no {kind} `{name}` in {file}")]
    UnknownName {
        /// `user` or `group`.
        kind: &'static str,
        /// The name.
        name: String,
        /// Where it was looked for.
        file: &'static str,
    },
    /// The image's passwd or group file could not be found.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The image's passwd or group file could not be read.
    #[error("cannot read {file} of the image")]
    Read {
        /// Which.
        file: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Who files belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(in crate::build) struct Owner {
    /// User id.
    pub(in crate::build) uid: u32,
    /// Group id.
    pub(in crate::build) gid: u32,
}

impl Owner {
    /// Root.
    pub(in crate::build) const ROOT: Self = Self { uid: 0, gid: 0 };

    /// Reads `user[:group]`; names are looked up in the image. A number alone is also the group.
    pub(in crate::build) fn parse(text: &str, image: &View) -> Result<Self, PermissionError> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let (uid, own_gid) = match user.parse() {
            Ok(uid) => (uid, uid),
            Err(_) => {
                let fields = find(image, ("user", "/etc/passwd"), user)?;
                (fields[0], fields[1])
            }
        };
        let gid = match group.map(|group| (group, group.parse())) {
            None => own_gid,
            Some((_, Ok(gid))) => gid,
            Some((group, Err(_))) => find(image, ("group", "/etc/group"), group)?[0],
        };
        Ok(Self { uid, gid })
    }
}

/// The third and fourth field of `name`'s line (passwd(5), group(5)).
fn find(
    image: &View,
    (kind, file): (&'static str, &'static str),
    name: &str,
) -> Result<[u32; 2], PermissionError> {
    let text = read(image, file)?;
    let line = text.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name);
    let number = |fields: &[&str], index: usize| fields.get(index).and_then(|text| text.parse().ok());
    let numbers = line.and_then(|fields| Some([number(&fields, 2)?, number(&fields, 3).unwrap_or_default()]));
    numbers.ok_or_else(|| PermissionError::UnknownName { kind, name: name.to_owned(), file })
}

/// The text of a file of the image; empty where there is none.
fn read(image: &View, file: &'static str) -> Result<String, PermissionError> {
    let Found::Entry(entry) = image.resolve(Path::new(file))? else { return Ok(String::new()) };
    if entry.kind != crate::build::input::view::Kind::File {
        return Ok(String::new());
    }
    let mut bytes = Vec::new();
    let read = image.open(&entry)?.take(MAX_DATABASE_BYTES).read_to_end(&mut bytes);
    read.map_err(|source| PermissionError::Read { file, source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A change of permission bits, as chmod(1) has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::build) enum ModeChange {
    /// These bits.
    Octal(u32),
    /// Clauses in order.
    Symbolic(Vec<Clause>),
}

/// One `[ugoa…][+-=][rwxXst…]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::build) struct Clause {
    /// The bits of those it is about: 0o700 for `u` and so on.
    who: u32,
    operator: char,
    permissions: String,
}

impl ModeChange {
    /// Reads an octal or symbolic mode.
    pub(in crate::build) fn parse(text: &str) -> Result<Self, PermissionError> {
        let refuse = || PermissionError::Mode(text.to_owned());
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            let bits = u32::from_str_radix(text, 8).ok().filter(|bits| *bits <= 0o7777);
            return bits.map(Self::Octal).ok_or_else(refuse);
        }
        let clauses: Option<Vec<Vec<Clause>>> = text.split(',').map(clauses).collect();
        clauses.map(|clauses| Self::Symbolic(clauses.concat())).ok_or_else(refuse)
    }

    /// The permission bits of something that has `mode`.
    pub(in crate::build) fn apply(&self, mode: u32, is_folder: bool) -> u32 {
        match self {
            Self::Octal(bits) => *bits,
            Self::Symbolic(clauses) => {
                clauses.iter().fold(mode & 0o7777, |mode, clause| clause.apply(mode, is_folder))
            }
        }
    }

    /// The bits a folder gets that is made on the way, if the change says so by itself.
    pub(in crate::build) fn octal(&self) -> Option<u32> {
        match self {
            Self::Octal(bits) => Some(*bits),
            Self::Symbolic(_) => None,
        }
    }
}

/// `who` and then operators, each with its permissions: `u=rw+s`.
fn clauses(text: &str) -> Option<Vec<Clause>> {
    let operators = text.find(['+', '-', '='])?;
    let who = text[..operators].chars().try_fold(0, |who, c| match c {
        'u' => Some(who | 0o4700),
        'g' => Some(who | 0o2070),
        'o' => Some(who | 0o1007),
        'a' => Some(0o7777),
        _ => None,
    })?;
    let who = if who == 0 { 0o7777 } else { who };
    let mut clauses: Vec<Clause> = Vec::new();
    for c in text[operators..].chars() {
        match (c, clauses.last_mut()) {
            ('+' | '-' | '=', _) => clauses.push(Clause { who, operator: c, permissions: String::new() }),
            ('r' | 'w' | 'x' | 'X' | 's' | 't' | 'u' | 'g' | 'o', Some(clause)) => clause.permissions.push(c),
            _ => return None,
        }
    }
    Some(clauses)
}

impl Clause {
    fn apply(&self, mode: u32, is_folder: bool) -> u32 {
        let is_runnable = is_folder || mode & 0o111 != 0;
        let class = |shift: u32| ((mode >> shift) & 0o7) * 0o111;
        let bits = self.permissions.chars().fold(0, |bits, c| {
            bits | match c {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if is_runnable => 0o111,
                's' => 0o6000,
                't' => 0o1000,
                'u' => class(6),
                'g' => class(3),
                'o' => class(0),
                _ => 0,
            }
        }) & self.who;
        match self.operator {
            '+' => mode | bits,
            '-' => mode & !bits,
            _ => (mode & !(self.who & 0o777)) | bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::scratch::Scratch;

    #[test]
    fn modes_are_what_chmod_makes_of_them() {
        for (text, mode, is_folder, expected) in [
            ("755", 0o600, false, 0o755),
            ("04711", 0, false, 0o4711),
            ("+x", 0o644, false, 0o755),
            ("u=rwX,go=rX", 0o600, false, 0o644),
            ("u=rwX,go=rX", 0o600, true, 0o755),
            ("u=rwX,go=rX", 0o700, false, 0o755),
            ("g-w,o-rwx", 0o777, false, 0o750),
            ("a=r", 0o777, false, 0o444),
            ("g=u", 0o640, false, 0o660),
            ("u+s", 0o755, false, 0o4755),
            ("o+t", 0o777, true, 0o1777),
        ] {
            let change = ModeChange::parse(text).expect(text);
            assert_eq!(change.apply(mode, is_folder), expected, "{text} of {mode:o}");
        }
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for text in ["64a", "10000", "", "x", "u?r", "+y", "9"] {
            assert!(ModeChange::parse(text).is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn names_are_those_of_the_image() {
        let scratch = Scratch::new();
        let passwd = "root:x:0:0::/:/bin/sh\nweb:x:101:102::/:/bin/sh\n";
        let image =
            scratch.tree("i", &[("etc/passwd", passwd), ("etc/group", "web:x:102:\nstaff:x:50:web\n")]);
        let image = View::of_layers(&[image]).expect("opened");
        let owner = |text: &str| Owner::parse(text, &image).map(|owner| (owner.uid, owner.gid)).ok();
        assert_eq!(owner("web"), Some((101, 102)));
        assert_eq!(owner("web:staff"), Some((101, 50)));
        assert_eq!(owner("7"), Some((7, 7)));
        assert_eq!(owner("7:9"), Some((7, 9)));
        assert_eq!(owner("nobody"), None);
        assert_eq!(owner("web:nobody"), None);
    }
}
