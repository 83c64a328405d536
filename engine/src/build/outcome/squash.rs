//! `--squash`: one layer of all that a build added to its base image.

use crate::build::error::BuildError;
use crate::build::solve::Solver;
use crate::image::layer::{Removals, merge};
use crate::image::{Configuration, Staging};
use engine_spec::Digest;
use std::path::PathBuf;

impl Solver<'_> {
    /// Makes one layer of all that came after the base image.
    pub(in crate::build) fn squash(&self, configuration: &mut Configuration) -> Result<(), BuildError> {
        let own = self.shop.steps_of(self.id, |_| true);
        let is_own = |layer: &Digest| own.values().any(|record| record.layers().any(|own| own == layer));
        let base = configuration.diff_ids.iter().take_while(|layer| !is_own(layer)).count();
        if configuration.diff_ids.len() - base < 2 {
            return Ok(());
        }
        let added = configuration.diff_ids.split_off(base);
        let paths: Vec<PathBuf> = added.iter().rev().map(|layer| self.shop.layout.layer(layer)).collect();
        let staging = Staging::new(self.shop.layout)?;
        let tree = self.shop.store.stage_tree(&staging)?;
        merge(&paths, &tree, Removals::Stay).map_err(BuildError::Squash)?;
        configuration.diff_ids.push(self.shop.store.commit_layer(&tree)?.diff_id);
        let mut layers = configuration.history.iter_mut().filter(|entry| !entry.empty_layer);
        layers.by_ref().take(base).for_each(drop);
        let count = added.len();
        layers.take(count - 1).for_each(|entry| entry.empty_layer = true);
        Ok(())
    }
}
