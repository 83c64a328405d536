//! One build of a request: its Dockerfile, its contexts, its target.

use super::dockerfile::Dockerfile;
use super::error::BuildError;
use super::graph::{self, Base};
use super::schedule::{Needed, Node};
use super::scope::{Given, Scope, global_scope};
use super::workshop::Workshop;
use super::{BuildRequest, text};
use crate::build::input::contexts::Contexts;
use engine_spec::{BuildSpec, ContextSource, Platform};
use std::time::{Duration, SystemTime};

/// A build of which everything is known but what its steps make.
pub(super) struct Solver<'a> {
    pub(super) shop: &'a Workshop<'a>,
    /// Its name in the request.
    pub(super) id: &'a str,
    pub(super) spec: &'a BuildSpec,
    pub(super) file: Dockerfile,
    pub(super) platform: Platform,
    /// The arguments before the first FROM.
    pub(super) global: Scope,
    pub(super) contexts: Contexts<'a>,
    /// The stage to build.
    pub(super) target: usize,
    /// `SOURCE_DATE_EPOCH`: the time of everything that would be made now or later.
    pub(super) epoch: Option<SystemTime>,
}

impl<'a> Solver<'a> {
    /// Reads the Dockerfile; a context that is not on this machine is fetched.
    pub(super) fn new(shop: &'a Workshop<'a>, request: &'a BuildRequest) -> Result<Self, BuildError> {
        let BuildRequest { id, spec } = request;
        let mut contexts = Contexts::new(shop, spec);
        let (path, source) = text::read(spec, &contexts)?;
        contexts.dockerfile_lies_at(path);
        let file = super::dockerfile::parse(source)?;
        let platform = spec.platform.clone().unwrap_or_else(Platform::host);
        let target = graph::target(&file, spec.target.as_deref())?;
        let global = global_scope(&file, &spec.args, (&platform, spec.target.as_deref()))?;
        let epoch = epoch(&spec.args)?;
        let solver = Self { shop, id, spec, file, platform, global, contexts, target, epoch };
        solver.warn()?;
        Ok(solver)
    }

    /// The builds of the request whose results are contexts of this one.
    pub(super) fn builds_needed(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.spec.contexts.values().filter_map(|context| match context {
            ContextSource::Build(id) => Some(id.as_str()),
            _ => None,
        })
    }

    /// The stages the target needs, in order, each with what must be done before it.
    pub(super) fn needed(&self, build: usize, solvers: &[Self]) -> Result<Vec<Needed>, BuildError> {
        let stages = graph::order(&self.file, self.target, (&self.global, &self.spec.contexts))?;
        let mut all = Vec::new();
        for stage in stages {
            let bases = graph::dependencies(&self.file, stage, (&self.global, &self.spec.contexts))?;
            let needs = bases.into_iter().filter_map(|base| match base {
                Base::Stage(stage) => Some(Node { build, stage }),
                Base::Context(name) => self.build_named(&name, solvers),
                Base::Scratch | Base::Image(_) => None,
            });
            all.push(Needed { node: Node { build, stage }, needs: needs.collect() });
        }
        Ok(all)
    }

    /// The target of the build that the context `name` is the result of.
    pub(super) fn build_named(&self, name: &str, solvers: &[Solver<'_>]) -> Option<Node> {
        let Some(ContextSource::Build(id)) = self.spec.contexts.get(name) else { return None };
        let build = solvers.iter().position(|solver| solver.id == id)?;
        Some(Node { build, stage: solvers[build].target })
    }

    /// The values the caller gave to arguments.
    pub(super) fn given(&self) -> &Given {
        &self.spec.args
    }
}

/// The time that `SOURCE_DATE_EPOCH` gives in seconds since 1970.
fn epoch(given: &Given) -> Result<Option<SystemTime>, BuildError> {
    let text = given.get("SOURCE_DATE_EPOCH").and_then(Option::as_deref).filter(|text| !text.is_empty());
    let seconds = |text: &str| text.parse().map_err(|_| BuildError::Epoch { value: text.to_owned() });
    Ok(text.map(seconds).transpose()?.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)))
}
