//! The tree a copy or mount reads from.

use super::OpenContext;
use crate::build::dockerfile::{Located, Step};
use crate::build::error::BuildError;
use crate::build::graph::{Base, copied_from};
use crate::build::input::view::View;
use crate::build::schedule::Node;
use crate::build::stage::StageBuild;
use engine_spec::Digest;
use std::path::PathBuf;
use std::sync::Arc;

/// The tree a copy or mount reads from.
#[derive(Clone)]
pub(in crate::build) enum Origin {
    /// A folder of the host.
    Context(Arc<OpenContext>),
    /// A stage or image.
    Layers {
        /// Merged.
        view: Arc<View>,
        /// Bottom first.
        layers: Vec<Digest>,
    },
}

impl Origin {
    /// Tells it from other trees.
    pub(in crate::build) fn identity(&self) -> String {
        match self {
            Self::Context(context) => context.identity.clone(),
            Self::Layers { layers, .. } => layers.iter().map(Digest::hex).collect::<Vec<_>>().join(" "),
        }
    }

    /// Its files.
    pub(in crate::build) fn view(&self) -> &View {
        match self {
            Self::Context(context) => &context.view,
            Self::Layers { view, .. } => view,
        }
    }

    /// Its layers, if it is a stage or image.
    pub(in crate::build) fn layers(&self) -> Option<&[Digest]> {
        match self {
            Self::Context(_) => None,
            Self::Layers { layers, .. } => Some(layers),
        }
    }
}

impl StageBuild<'_> {
    /// The tree that `--from` or `from=` names, or the context.
    pub(in crate::build) fn origin(
        &self,
        step: &Step,
        from: Option<&Located<String>>,
    ) -> Result<Origin, BuildError> {
        let solver = self.solver;
        let Some(from) = from else { return Ok(Origin::Context(solver.contexts.own()?)) };
        let layers = match copied_from(&solver.file, self.node.stage, from, &solver.spec.contexts)? {
            Base::Scratch => Vec::new(),
            Base::Stage(stage) => self.schedule.result(Node { stage, ..self.node })?.configuration.diff_ids,
            Base::Image(reference) => self.image(&reference, from.span)?.0.layers,
            Base::Context(name) => match solver.contexts.named(&name)? {
                Some(context) => return Ok(Origin::Context(context)),
                None => self.context_layers(&name, from.span)?,
            },
        };
        let paths: Vec<PathBuf> = layers.iter().rev().map(|layer| self.shop.layout.layer(layer)).collect();
        let view = View::of_layers(&paths).map_err(|error| self.copy_error(step, error))?;
        Ok(Origin::Layers { view: Arc::new(view), layers })
    }
}
