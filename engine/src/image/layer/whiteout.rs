//! How a layer says that something of the layers below is gone.
//!
//! | | in an archive (OCI layer.md) | in a tree (overlayfs) |
//! |---|---|---|
//! | a name is gone | empty file `.wh.<name>` | character device 0:0 |
//! | a folder starts empty | empty file `.wh..wh..opq` in it | `trusted.overlay.opaque=y` |

use std::ffi::CStr;

/// What names in an archive begin with that stand for an absence.
pub(super) const PREFIX: &[u8] = b".wh.";
/// The name in an archive that makes its folder opaque.
pub(super) const OPAQUE: &[u8] = b".wh..wh..opq";
/// What other names of aufs begin with; they mean nothing.
const AUFS: &[u8] = b".wh..wh.";
/// The attribute that makes a folder opaque, set to `y`.
pub(super) const OPAQUE_XATTR: &CStr = c"trusted.overlay.opaque";
/// What overlayfs keeps about its own files; none of an archive's business.
const OVERLAY_XATTRS: [&[u8]; 2] = [b"trusted.overlay.", b"user.overlay."];

/// What a name in an archive says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// It is a name like any other.
    Name,
    /// This name is gone.
    Whiteout(&'a [u8]),
    /// The folder it is in starts empty.
    Opaque,
    /// Nothing.
    Ignored,
}

/// What a name in an archive says; `None` for a whiteout of no name, `.` or `..`.
pub(super) fn meaning(name: &[u8]) -> Option<Meaning<'_>> {
    if name == OPAQUE {
        return Some(Meaning::Opaque);
    }
    if name.starts_with(AUFS) {
        return Some(Meaning::Ignored);
    }
    match name.strip_prefix(PREFIX) {
        None => Some(Meaning::Name),
        Some(b"" | b"." | b"..") => None,
        Some(gone) => Some(Meaning::Whiteout(gone)),
    }
}

/// Whether an attribute belongs to overlayfs.
pub(super) fn is_overlay_xattr(name: &[u8]) -> bool {
    OVERLAY_XATTRS.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proper_name_can_be_gone() {
        assert_eq!(meaning(b".wh.a"), Some(Meaning::Whiteout(b"a")));
        assert_eq!(meaning(b".wh..wh..opq"), Some(Meaning::Opaque));
        assert_eq!(meaning(b".wh..wh.plnk"), Some(Meaning::Ignored));
        assert_eq!(meaning(b".what"), Some(Meaning::Name));
        for name in [&b".wh."[..], b".wh..", b".wh..."] {
            assert_eq!(meaning(name), None);
        }
    }
}
