//! `watch --suggest`: rules that the Dockerfiles of a project ask for.
//!
//! What an image copies from its context can be copied into its containers as well, unless a later
//! step works on it: then the image must be built anew.

use super::rule::{dockerfile, resolved};
use compose::model::{Build, Project};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A rule as it is proposed.
#[derive(Debug, PartialEq, Eq)]
struct Proposal {
    action: &'static str,
    path: String,
    target: Option<String>,
}

/// A `develop` section for each service that is built, as a Compose file to be merged with the project's own.
pub(crate) fn suggest(project: &Project) -> String {
    let mut text = String::from("services:\n");
    for (name, service) in &project.services {
        let Some(build) = &service.build else { continue };
        let proposals = of_build(build, &project.working_dir);
        if proposals.is_empty() {
            continue;
        }
        // Writing to a text does not fail.
        let _ = write!(text, "  {name}:\n    develop:\n      watch:\n");
        proposals.iter().for_each(|proposal| proposal.write(&mut text));
    }
    text
}

fn of_build(build: &Build, project: &Path) -> Vec<Proposal> {
    let context = resolved(Path::new(&build.context));
    let inline = build.dockerfile_inline.clone();
    let text = inline.or_else(|| fs::read_to_string(dockerfile(build, &context)?).ok());
    let base = context.strip_prefix(resolved(project)).unwrap_or(&context).to_string_lossy().into_owned();
    let mut proposals = of_dockerfile(&text.unwrap_or_default(), &base);
    if let Some(file) = dockerfile(build, Path::new(&base)) {
        proposals.push(Proposal {
            action: "rebuild",
            path: file.to_string_lossy().into_owned(),
            target: None,
        });
    }
    proposals
}

/// Proposals from the last stage of a Dockerfile whose context lies at `base`.
fn of_dockerfile(text: &str, base: &str) -> Vec<Proposal> {
    let (mut folder, mut found, mut copies) = (String::from("/"), Vec::new(), Vec::new());
    for line in joined(text) {
        let mut words = line.split_whitespace();
        match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "FROM" => {
                folder = String::from("/");
                found.clear();
                copies.clear();
            }
            "WORKDIR" => folder = below(&folder, words.next().unwrap_or("/")),
            "COPY" | "ADD" => copies.extend(copy(words.map(str::to_owned).collect(), &folder, base)),
            // What was copied before is an input of this step.
            "RUN" => found.extend(copies.drain(..).map(|copy: Proposal| Proposal {
                action: "rebuild",
                target: None,
                ..copy
            })),
            _ => {}
        }
    }
    found.extend(copies);
    found
}

/// The proposal of each source of a COPY from the context.
fn copy(words: Vec<String>, folder: &str, base: &str) -> Vec<Proposal> {
    let is_foreign = words.iter().any(|word| word.starts_with("--from="));
    let words: Vec<String> = words.into_iter().filter(|word| !word.starts_with("--")).collect();
    let is_plain = |word: &String| !word.contains(['$', '[', '"', '*', '?', '<']) && !word.contains("://");
    let Some((target, sources)) = words.split_last().filter(|(_, sources)| !sources.is_empty()) else {
        return Vec::new();
    };
    if is_foreign || !words.iter().all(is_plain) {
        return Vec::new();
    }
    let target = below(folder, target);
    let is_folder = target.ends_with('/') || sources.len() > 1 || target == folder;
    let proposal = |source: &String| {
        let path = Path::new(base).join(source.trim_start_matches("./"));
        let name = Path::new(source).file_name().filter(|_| is_file(&path) && is_folder);
        let target = match name {
            Some(name) => below(&target, &name.to_string_lossy()),
            None => target.clone(),
        };
        let path = match path.to_string_lossy().trim_end_matches(['/', '.']) {
            "" => ".".to_owned(),
            path => path.to_owned(),
        };
        Proposal { action: "sync", path, target: Some(target.trim_end_matches('/').to_owned()) }
    };
    sources.iter().map(proposal).collect()
}

/// A source with an ending is taken for a file: the folder may lie on another machine than this text.
fn is_file(path: &Path) -> bool {
    path.is_file() || (!path.is_dir() && path.extension().is_some())
}

/// The logical lines: comments out, continuations joined.
fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut continues = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let part = line.trim_end_matches('\\');
        match lines.last_mut().filter(|_| continues) {
            Some(last) => last.push_str(&format!(" {part}")),
            None => lines.push(part.to_owned()),
        }
        continues = line.ends_with('\\');
    }
    lines
}

/// `path` seen from `folder`, both inside the container.
fn below(folder: &str, path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    match path {
        "." | "" => folder.to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        path => format!("{}/{path}", folder.trim_end_matches('/')),
    }
}

impl Proposal {
    fn write(&self, text: &mut String) {
        let path = if Path::new(&self.path).is_absolute() || self.path == "." {
            self.path.clone()
        } else {
            format!("./{}", self.path)
        };
        // Writing to a text does not fail.
        let _ = write!(text, "        - action: {}\n          path: {path}\n", self.action);
        if let Some(target) = &self.target {
            let _ = writeln!(text, "          target: {target}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposals(text: &str) -> Vec<(String, String, Option<String>)> {
        let all = of_dockerfile(text, "app").into_iter();
        all.map(|one| (one.action.to_owned(), one.path, one.target)).collect()
    }

    fn sync(path: &str, target: &str) -> (String, String, Option<String>) {
        ("sync".to_owned(), path.to_owned(), Some(target.to_owned()))
    }

    fn rebuild(path: &str) -> (String, String, Option<String>) {
        ("rebuild".to_owned(), path.to_owned(), None)
    }

    #[test]
    fn what_a_later_step_works_on_is_built_anew() {
        let text = "FROM python\nWORKDIR /code\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n";
        assert_eq!(proposals(text), [rebuild("app/requirements.txt"), sync("app", "/code")]);
    }

    #[test]
    fn only_the_last_stage_and_the_context_count() {
        let text =
            "FROM a AS b\nCOPY x /x\nFROM c\nCOPY --from=b /x /x\nCOPY --chown=1:1 site \\\n  /srv/site\n";
        assert_eq!(proposals(text), [sync("app/site", "/srv/site")]);
    }

    #[test]
    fn a_file_keeps_its_name_in_a_folder() {
        let text = "FROM c\nCOPY a.conf b.conf /etc/app/\n";
        assert_eq!(
            proposals(text),
            [sync("app/a.conf", "/etc/app/a.conf"), sync("app/b.conf", "/etc/app/b.conf")]
        );
    }

    #[test]
    fn what_only_a_build_can_tell_is_left_out() {
        assert_eq!(proposals("FROM c\nARG D\nCOPY $D /x\nADD https://x/y /y\nCOPY *.py /z\n"), []);
    }
}
