//! `include`: other projects' files below this one, each with its own folder and variables.

use super::compose_file::{FILE, Included, Loader, Scope};
use super::merge::merge;
use super::node::{Node, Value};
use super::report::Arrival;
use super::{environment, path, source};
use std::path::{Path, PathBuf};

/// Deeper inclusion is refused: each level recurses.
const MAX_DEPTH: usize = 100;

impl Loader<'_> {
    /// Puts `tree` on top of everything it includes.
    pub(super) fn include(&mut self, includes: &Node, tree: Node, scope: &Scope<'_>) -> Node {
        let mut base = Node::empty_map(tree.span);
        for item in includes.as_list().unwrap_or_default() {
            let before = self.report.is_incomplete;
            match self.include_one(item, scope) {
                Some(mut included) => {
                    if let Some(map) = included.as_map_mut() {
                        map.retain(|key, _| key != "name" && !key.starts_with("x-"));
                    }
                    merge(&mut base, included, &FILE);
                }
                None => self.report.is_incomplete |= !before,
            }
        }
        merge(&mut base, tree, &FILE);
        base
    }

    fn include_one(&mut self, item: &Node, scope: &Scope<'_>) -> Option<Node> {
        let home = scope.variables.get("HOME");
        let absolute = |text: &str| path::absolute(text, scope.folder, home);
        let texts =
            |key: &str| -> Vec<PathBuf> { item.items(key).filter_map(Node::as_text).map(absolute).collect() };
        if item.get("path").is_none() {
            self.report.error(item.span, "an include needs a `path`").hint =
                Some("add `path:`, the file to include".to_owned());
            return None;
        }
        let first_text = item.items("path").find_map(Node::as_text)?;
        if path::is_fetched(first_text) {
            self.report.error(item.span, source::not_here("include", first_text)).hint =
                Some(source::FETCH_FIRST.to_owned());
            return None;
        }
        let files = texts("path");
        self.refuse_circles(item, files.first()?)?;
        let folder = match item.text_at("project_directory") {
            Some(folder) => absolute(folder),
            None => files.first()?.parent()?.to_owned(),
        };
        let variables = self.variables_of(item, &texts("env_file"), &folder, scope);
        let base = scope.base_below(&folder);
        let arrival = Arrival { how: "included", span: item.span };
        let first = self.report.next_source();
        let scope = Scope { variables: &variables, folder: &folder, base: Some(&base) };
        let tree = self.merged(&files, Some(arrival), &scope);
        self.included.push(Included { sources: first..self.report.next_source(), variables });
        tree
    }

    fn refuse_circles(&mut self, item: &Node, file: &Path) -> Option<()> {
        if self.including.iter().any(|including| including == file) {
            let files = self.including.iter().map(PathBuf::as_path).chain([file]);
            let chain: Vec<_> = files.map(|file| self.reader.shown(file).display().to_string()).collect();
            let message = format!("a file includes itself: {}", chain.join(" -> "));
            self.report.error(item.span, message).hint = Some("remove one of the includes".to_owned());
            return None;
        }
        if self.including.len() >= MAX_DEPTH {
            self.report.error(item.span, format!("more than {MAX_DEPTH} levels of inclusion")).hint =
                Some("include the files from one".to_owned());
            return None;
        }
        Some(())
    }

    fn variables_of(
        &mut self,
        item: &Node,
        env_files: &[PathBuf],
        folder: &Path,
        scope: &Scope<'_>,
    ) -> environment::Variables {
        let mut variables = scope.variables.clone();
        if env_files.is_empty() {
            environment::add_default(&mut variables, folder, &self.reader, &mut self.report);
            return variables;
        }
        let mut present = Vec::new();
        for (file, node) in env_files.iter().zip(item.items("env_file")) {
            if file == Path::new("/dev/null") {
                continue;
            }
            if self.reader.files.is_file(file) {
                present.push(file.clone());
            } else {
                let shown = self.reader.shown(file);
                let span = if matches!(node.value, Value::Text(_)) { node.span } else { item.span };
                let message = format!("env file {} not found", shown.display());
                self.report.error(span, message).hint =
                    Some("create it, or write /dev/null for none".to_owned());
            }
        }
        environment::add_files(&mut variables, &present, &self.reader, &mut self.report);
        variables
    }
}
