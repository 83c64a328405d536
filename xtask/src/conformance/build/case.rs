//! A case: a Dockerfile with its context in one file.
//!
//! ```text
//! # what it shows                      the first line
//! args: --build-arg A=1                more words for `image build`; optional
//! differs: why                         where the answers differ on purpose; optional
//! -- Dockerfile --                     a file of the context, up to the next such line
//! FROM busybox
//! -- prepare --                        a script that makes what a text file cannot be: links, modes, archives
//! ln -s a b
//! ```

use crate::program::Program;
use crate::workspace;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// The script among the files of a case.
const PREPARE: &str = "prepare";

#[derive(Debug)]
pub(super) struct Case {
    /// The file's name without its extension.
    pub(super) name: String,
    /// What it shows.
    pub(super) title: String,
    /// Words for `image build`.
    pub(super) arguments: Vec<String>,
    /// Why the answers may differ.
    pub(super) reason: Option<String>,
    files: Vec<(PathBuf, String)>,
}

impl Case {
    /// Every case, by name.
    pub(super) fn all() -> Result<Vec<Self>> {
        let folder = workspace::root().join("tests/conformance/build");
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::parse(&name, &text).with_context(|| format!("{} has no title", path.display()))
    }

    fn parse(name: &str, text: &str) -> Option<Self> {
        let title = text.lines().next()?.strip_prefix("# ")?.to_owned();
        let mut case =
            Self { name: name.to_owned(), title, arguments: Vec::new(), reason: None, files: Vec::new() };
        for line in text.lines().skip(1) {
            let file = line.strip_prefix("-- ").and_then(|line| line.strip_suffix(" --"));
            match (file, case.files.last_mut()) {
                (Some(file), _) => case.files.push((file.into(), String::new())),
                (None, Some((_, text))) => *text += &format!("{line}\n"),
                (None, None) => case.header(line),
            }
        }
        Some(case)
    }

    fn header(&mut self, line: &str) {
        if let Some(arguments) = line.strip_prefix("args: ") {
            self.arguments = arguments.split_whitespace().map(str::to_owned).collect();
        } else if let Some(reason) = line.strip_prefix("differs: ") {
            self.reason = Some(reason.to_owned());
        }
    }

    /// Makes its context in `folder`, which is emptied first.
    pub(super) fn unpack(&self, folder: &Path) -> Result<()> {
        workspace::remove_folder(folder)?;
        workspace::make_folder(folder)?;
        for (path, text) in self.files.iter().filter(|(path, _)| path != Path::new(PREPARE)) {
            let path = folder.join(path);
            workspace::make_folder(path.parent().expect("a file lies in a folder"))?;
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let prepare = self.files.iter().find(|(path, _)| path == Path::new(PREPARE));
        prepare.map_or(Ok(()), |(_, script)| {
            Program::as_root("sh").args(["-euc", script]).folder(folder).quiet()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Case;

    #[test]
    fn a_case_has_a_title_arguments_and_files() {
        let text = "# shows\nargs: --target a\n-- Dockerfile --\nFROM a\nRUN b\n-- d/f --\nx\n";
        let case = Case::parse("name", text).expect("valid");
        assert_eq!((case.title.as_str(), case.arguments.join(" ").as_str()), ("shows", "--target a"));
        let files: Vec<_> =
            case.files.iter().map(|(path, text)| (path.to_str().unwrap_or(""), text.as_str())).collect();
        assert_eq!(files, [("Dockerfile", "FROM a\nRUN b\n"), ("d/f", "x\n")]);
        assert!(Case::parse("name", "no title").is_none());
    }
}
