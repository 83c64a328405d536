//! Images as they leave this machine: without layers that only bring the one below up to date.
//!
//! A build may leave an earlier copy of a folder below what changed since ([`History::DELTA`]). Whoever
//! got both would get what was changed or removed, so what leaves has one layer instead: the very one that
//! a build without the earlier copy makes.

use super::{Staging, Store, StoreError};
use crate::image::layer::{Removals, merge};
use crate::image::{Configuration, History, Image};
use crate::state::lock::{self, Guard};
use engine_spec::Digest;
use std::ops::Deref;
use std::path::PathBuf;

/// An image to be sent or written elsewhere. One that was made for this is gone with it.
#[derive(Debug)]
pub(crate) struct Whole {
    image: Image,
    /// Where it was made, and the right to: somebody else may be sending the same image.
    made: Option<(Store, Guard)>,
}

impl Deref for Whole {
    type Target = Image;

    fn deref(&self) -> &Image {
        &self.image
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some((store, _)) = &self.made {
            // What cannot be removed now has no name, and goes with the next prune.
            let _ = store.remove_dangling(&self.image.id);
        }
    }
}

impl Store {
    /// The image with all its layers whole. Waits while somebody else sends the same image.
    pub(crate) fn whole(&self, image: &Image) -> Result<Whole, StoreError> {
        let configuration = self.configuration(image)?;
        if !configuration.history.iter().any(History::is_delta) {
            return Ok(Whole { image: image.clone(), made: None });
        }
        let guard = lock::build_step(&self.layout, &image.id)?;
        let made = Some((self.clone(), guard));
        Ok(Whole { image: self.create_image(&self.without_deltas(configuration)?, &[])?, made })
    }

    fn without_deltas(&self, mut configuration: Configuration) -> Result<Configuration, StoreError> {
        while let Some(delta) = topmost_delta(&configuration) {
            let pair = [&configuration.diff_ids[delta.layer], &configuration.diff_ids[delta.layer - 1]];
            let merged = self.merged(&pair.map(|layer| self.layout.layer(layer)))?;
            configuration.diff_ids.splice(delta.layer - 1..=delta.layer, [merged]);
            configuration.history.remove(delta.entry);
        }
        Ok(configuration)
    }

    /// The layer that a delta and the one below it, in this order, make together.
    fn merged(&self, pair: &[PathBuf; 2]) -> Result<Digest, StoreError> {
        let staging = Staging::new(&self.layout)?;
        let tree = self.stage_tree(&staging)?;
        merge(pair, &tree, Removals::End).map_err(StoreError::io("write", &tree))?;
        Ok(self.commit_layer(&tree)?.diff_id)
    }
}

/// Where a delta stands in a configuration.
struct Delta {
    /// Among the layers.
    layer: usize,
    /// In the history.
    entry: usize,
}

/// Counted from the top, for images may come without the history of their lower layers.
fn topmost_delta(configuration: &Configuration) -> Option<Delta> {
    let history = configuration.history.iter().enumerate().rev();
    let made_layers = history.filter(|(_, entry)| !entry.empty_layer);
    let mut layers = (0..configuration.diff_ids.len()).rev().zip(made_layers);
    let (layer, (entry, _)) = layers.find(|(layer, (_, entry))| *layer > 0 && entry.is_delta())?;
    Some(Delta { layer, entry })
}
