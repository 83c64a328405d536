//! From changed paths to what is to be done, service by service.

use super::rule::Rule;
use super::tree::counts;
use compose::model::WatchAction;
use engine_spec::ServiceName;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What changed files ask of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// What is copied.
    pub(super) copies: BTreeSet<Copy>,
    /// The files for which the image is built anew.
    pub(super) rebuild: BTreeSet<PathBuf>,
    /// The files for which the containers are restarted.
    pub(super) restart: BTreeSet<PathBuf>,
    /// The rules, by number, whose commands are run.
    pub(super) exec: BTreeSet<usize>,
}

/// One path to be brought into line in the containers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Copy {
    /// The rule's target.
    pub(super) target: PathBuf,
    /// The path below it; empty for the target itself.
    pub(super) path: PathBuf,
    /// The path on the host.
    pub(super) source: PathBuf,
}

impl Copy {
    /// The path inside the container.
    pub(super) fn whole(&self) -> PathBuf {
        whole(&self.target, &self.path)
    }
}

/// `path` below `target`, or the target itself for an empty one, to which joining would add a slash.
pub(super) fn whole(target: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() { target.to_owned() } else { target.join(path) }
}

/// Holds each of `changed` against every rule; all that match count.
pub(super) fn distribute(changed: &BTreeSet<PathBuf>, rules: &[Rule]) -> BTreeMap<ServiceName, Work> {
    let mut all: BTreeMap<ServiceName, Work> = BTreeMap::new();
    for (number, rule) in rules.iter().enumerate() {
        let Some(service) = &rule.service else { continue };
        for path in changed.iter().filter(|path| counts(rule, path)) {
            all.entry(service.clone()).or_default().add(number, rule, path);
        }
    }
    all
}

impl Work {
    fn add(&mut self, number: usize, rule: &Rule, path: &Path) {
        if let Some(target) = &rule.target {
            self.copies.insert(copy(rule, target, path));
        }
        match rule.action {
            WatchAction::Rebuild => drop(self.rebuild.insert(path.to_owned())),
            WatchAction::Restart | WatchAction::SyncRestart => drop(self.restart.insert(path.to_owned())),
            WatchAction::SyncExec => drop(self.exec.insert(number)),
            WatchAction::Sync => {}
        }
    }
}

/// Where the file at `path`, which the rule counts, goes.
pub(super) fn copy(rule: &Rule, target: &Path, path: &Path) -> Copy {
    let below = path.strip_prefix(&rule.path).unwrap_or(Path::new(""));
    Copy { target: target.to_owned(), path: below.to_owned(), source: path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::filter::Filter;
    use super::*;

    fn rule(service: &str, path: &str, action: WatchAction, target: Option<&str>) -> Rule {
        Rule {
            service: Some(ServiceName::new(service).expect("a name")),
            path: path.into(),
            action,
            target: target.map(PathBuf::from),
            initial_sync: false,
            exec: None,
            filter: Filter::new(Path::new(path), &[], &[], None).expect("no patterns"),
        }
    }

    fn work(rules: &[Rule], changed: &[&str]) -> BTreeMap<String, Work> {
        let changed = changed.iter().map(PathBuf::from).collect();
        distribute(&changed, rules).into_iter().map(|(name, work)| (name.to_string(), work)).collect()
    }

    #[test]
    fn every_rule_that_matches_counts() {
        let rules = [
            rule("web", "/p/src", WatchAction::Sync, Some("/app")),
            rule("web", "/p/src/requirements.txt", WatchAction::Rebuild, None),
            rule("worker", "/p", WatchAction::SyncRestart, Some("/srv")),
        ];
        let all = work(&rules, &["/p/src/requirements.txt"]);
        assert_eq!((all["web"].copies.len(), all["web"].rebuild.len(), all["web"].restart.len()), (1, 1, 0));
        assert_eq!((all["worker"].copies.len(), all["worker"].restart.len()), (1, 1));
        let copy = all["worker"].copies.first().expect("one copy");
        assert_eq!(
            (copy.target.as_path(), copy.path.as_path()),
            (Path::new("/srv"), Path::new("src/requirements.txt"))
        );
    }

    #[test]
    fn a_rule_on_a_file_names_the_file_in_the_container() {
        let rules = [rule("web", "/p/a.conf", WatchAction::Sync, Some("/etc/app.conf"))];
        let copies = &work(&rules, &["/p/a.conf"])["web"].copies;
        let copy = copies.first().expect("one copy");
        assert_eq!((copy.target.as_path(), copy.path.as_path()), (Path::new("/etc/app.conf"), Path::new("")));
    }

    #[test]
    fn what_no_rule_counts_is_nobodys_work() {
        assert!(work(&[rule("web", "/p/src", WatchAction::Sync, Some("/app"))], &["/p/srcs/a"]).is_empty());
    }

    #[test]
    fn commands_are_run_once_for_a_batch() {
        let rules = [rule("web", "/p", WatchAction::SyncExec, Some("/app"))];
        let all = work(&rules, &["/p/a", "/p/b"]);
        assert_eq!((all["web"].copies.len(), all["web"].exec.len()), (2, 1));
    }
}
