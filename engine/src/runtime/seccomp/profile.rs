//! A profile in Docker's JSON format, and its choice of rules for one container. Pure.

use crate::runtime::spec::capability::CapabilitySet;
use oci_spec::runtime::{
    LinuxSeccomp, LinuxSeccompAction, LinuxSeccompArg, LinuxSeccompArgBuilder, LinuxSeccompOperator,
    LinuxSyscall,
};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    pub(super) default_action: LinuxSeccompAction,
    pub(super) default_errno_ret: Option<u32>,
    #[serde(default)]
    pub(super) syscalls: Vec<Rule>,
}

/// One rule, for some calls, under some condition.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    /// The form of old files.
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) names: Vec<String>,
    pub(super) action: LinuxSeccompAction,
    pub(super) errno_ret: Option<u32>,
    #[serde(default)]
    pub(super) args: Option<Vec<Argument>>,
    #[serde(default)]
    pub(super) includes: Filter,
    #[serde(default)]
    pub(super) excludes: Filter,
}

/// A test of one argument.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Argument {
    pub(super) index: usize,
    pub(super) value: u64,
    #[serde(default)]
    pub(super) value_two: u64,
    pub(super) op: LinuxSeccompOperator,
}

/// For which containers a rule counts, or does not count.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filter {
    #[serde(default)]
    pub(super) caps: Vec<String>,
    #[serde(default)]
    pub(super) arches: Vec<String>,
    #[serde(default)]
    pub(super) min_kernel: Option<String>,
}

/// What a container's rules depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) capabilities: CapabilitySet,
    /// Major and minor.
    pub(super) kernel: (u32, u32),
}

/// This machine's processor as profiles name it.
const PROCESSOR: &str = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };

impl Profile {
    /// The rules for a container, as the OCI spec writes them.
    pub(super) fn rules(&self, circumstances: Circumstances) -> LinuxSeccomp {
        let mut seccomp = LinuxSeccomp::default();
        let chosen = self.syscalls.iter().filter(|rule| rule.counts(circumstances)).map(Rule::to_oci);
        seccomp
            .set_default_action(self.default_action)
            .set_default_errno_ret(self.default_errno_ret)
            .set_syscalls(Some(chosen.collect()));
        seccomp
    }
}

impl Rule {
    fn counts(&self, circumstances: Circumstances) -> bool {
        let (includes, excludes) = (&self.includes, &self.excludes);
        let has = |capability: &String| circumstances.capabilities.has(capability);
        let is_here = |processor: &String| processor == PROCESSOR;
        let is_new = |least: &String| least.as_str() == "" || circumstances.kernel >= version(least);
        (includes.arches.is_empty() || includes.arches.iter().any(is_here))
            && includes.caps.iter().all(has)
            && includes.min_kernel.as_ref().is_none_or(is_new)
            && !excludes.arches.iter().any(is_here)
            && !excludes.caps.iter().any(has)
            && !excludes.min_kernel.as_ref().is_some_and(is_new)
    }

    fn to_oci(&self) -> LinuxSyscall {
        let mut rule = LinuxSyscall::default();
        let names = self.names.iter().chain(&self.name).cloned().collect();
        rule.set_names(names).set_action(self.action).set_errno_ret(self.errno_ret);
        let arguments: Option<Vec<LinuxSeccompArg>> = self
            .args
            .as_ref()
            .map(|arguments| arguments.iter().filter_map(|argument| argument.to_oci()).collect());
        rule.set_args(arguments.filter(|arguments| !arguments.is_empty()));
        rule
    }
}

impl Argument {
    fn to_oci(self) -> Option<LinuxSeccompArg> {
        let built = LinuxSeccompArgBuilder::default().index(self.index).value(self.value);
        built.value_two(self.value_two).op(self.op).build().ok()
    }
}

/// Major and minor of a kernel release such as `6.1.0-13-amd64`; 0 where there is no number.
pub(super) fn version(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
