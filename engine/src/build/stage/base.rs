//! FROM: what a stage starts from.

use super::StageBuild;
use crate::build::dockerfile::{Diagnostic, Span};
use crate::build::error::BuildError;
use crate::build::graph::{self, Base};
use crate::build::outcome::draft::Draft;
use crate::build::schedule::Node;
use crate::image::{Configuration, Image};
use engine_spec::{ContextSource, Digest, ImageReference, Platform};

impl StageBuild<'_> {
    /// What the stage starts from, and whether it was here already.
    pub(super) fn base(&mut self, span: Span) -> Result<(Draft, bool), BuildError> {
        let solver = self.solver;
        let start = graph::start(&solver.file, self.node.stage, (&solver.global, &solver.spec.contexts))?;
        if let Some(platform) = start.platform {
            self.platform = platform;
        }
        match start.base {
            Base::Scratch => Ok((Draft::new(scratch(self.platform.clone())), true)),
            Base::Stage(stage) => Ok((self.schedule.result(Node { stage, ..self.node })?.child(), true)),
            Base::Image(reference) => self.start_at_image(&reference, span),
            Base::Context(name) => self.start_at_context(&name, span),
        }
    }

    fn start_at_image(&self, reference: &ImageReference, span: Span) -> Result<(Draft, bool), BuildError> {
        let (image, is_here) = self.image(reference, span)?;
        self.check_platform(&image, span);
        Ok((Draft::new(self.shop.store.configuration(&image)?), is_here))
    }

    /// Says so if the image is for another platform than the stage.
    fn check_platform(&self, image: &Image, span: Span) {
        let (found, wanted) = (&image.platform, &self.platform);
        if (&found.os, &found.architecture) != (&wanted.os, &wanted.architecture) {
            let [found, wanted] = [found, wanted].map(|of| format!("{}/{}", of.os, of.architecture));
            let message = format!("the base image is for {found}, the stage for {wanted}");
            let diagnostic = self.solver.file.source.error(span, message);
            self.solver.tell(vec![("InvalidBaseImagePlatform", diagnostic)]);
        }
    }

    /// A stage that starts from a named context.
    fn start_at_context(&self, name: &str, span: Span) -> Result<(Draft, bool), BuildError> {
        if let Some(node) = self.solver.build_named(name, self.schedule.solvers) {
            return Ok((self.schedule.result(node)?.child(), true));
        }
        match self.solver.spec.contexts.get(name) {
            Some(ContextSource::Image(reference)) => self.start_at_image(reference, span),
            _ => {
                let error = self.solver.file.source.error(span, format!("the context `{name}` is no image"));
                let hint = "copy from it with `COPY --from`".to_owned();
                Err(Diagnostic { hint: Some(hint), ..error }.into())
            }
        }
    }

    /// The layers of a named context that is an image.
    pub(in crate::build) fn context_layers(&self, name: &str, span: Span) -> Result<Vec<Digest>, BuildError> {
        Ok(self.start_at_context(name, span)?.0.configuration.diff_ids)
    }

    /// The image `reference` for the stage's platform, and whether it was here already.
    pub(in crate::build) fn image(
        &self,
        reference: &ImageReference,
        span: Span,
    ) -> Result<(Image, bool), BuildError> {
        let platform = &self.platform;
        let local = if self.solver.spec.pull { None } else { self.shop.store.find(reference)? };
        let is_fitting = |image: &Image| {
            image.platform.os == platform.os && image.platform.architecture == platform.architecture
        };
        if let Some(image) = local.filter(|image| is_fitting(image) && self.shop.hold(&image.layers)) {
            return Ok((image, true));
        }
        let at = self.solver.file.source.line(span.line);
        let image = self.shop.fetch(reference, platform).map_err(|source| BuildError::Pull {
            reference: Box::new(reference.clone()),
            at,
            source,
        })?;
        self.shop.hold(&image.layers);
        Ok((image, false))
    }
}

fn scratch(platform: Platform) -> Configuration {
    let mut configuration = Configuration::scratch(platform);
    configuration.config.working_dir = Some("/".to_owned());
    configuration
}
