//! One end of a copy: `cp`.

use std::path::Path;

/// One end of a copy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// `NAME:PATH`, a path in a container or in those of a service.
    Inside {
        /// The container or the service.
        name: &'a str,
        /// The path in it.
        path: &'a Path,
    },
    /// A path of the host.
    Host(&'a Path),
    /// `-`, an archive on a stream.
    Stream,
}

impl<'a> Place<'a> {
    /// A name comes before the first colon; what begins like a path is one.
    pub(crate) fn parse(text: &'a str) -> Self {
        match text.split_once(':') {
            _ if text == "-" => Self::Stream,
            Some((name, path)) if !text.starts_with(['/', '.']) => {
                Self::Inside { name, path: Path::new(path) }
            }
            _ => Self::Host(Path::new(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_before_the_first_colon_unless_it_is_a_path() {
        let inside = |name, path| Place::Inside { name, path: Path::new(path) };
        assert_eq!(Place::parse("web:/a:b"), inside("web", "/a:b"));
        assert_eq!(Place::parse("./a:b"), Place::Host(Path::new("./a:b")));
        assert_eq!(Place::parse("/a:b"), Place::Host(Path::new("/a:b")));
        assert_eq!(Place::parse("file"), Place::Host(Path::new("file")));
        assert_eq!(Place::parse("-"), Place::Stream);
    }
}
