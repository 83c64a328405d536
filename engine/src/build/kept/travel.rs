//! Results that travel between machines (`cache_from`, `cache_to`).
//!
//! ```text
//! registry   an image whose layers are those of the steps, with the steps' keys in a label
//! local      cache.json         the same keys
//!            <digest>.tar.zst   a layer each
//! ```
//! Keys are made of content, so they mean the same everywhere. What is here is not fetched, and a cache
//! that cannot be read costs time only.

use super::cache::StepRecord;
use crate::build::error::BuildError;
use crate::build::graph::{self, Base};
use crate::build::solve::Solver;
use crate::build::workshop::Workshop;
use crate::image::layer::{decompress, unpack_tree};
use crate::image::{Configuration, History, Image, Staging};
use engine_spec::{CacheLocation, CacheMode, CacheTarget, Digest, ImageReference};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The label that holds the keys.
const LABEL: &str = "io.lighter.build-cache";
/// The file that holds the keys.
const INDEX: &str = "cache.json";
/// Fast, and small enough: these files are read once.
const COMPRESSION: i32 = 3;

type Failure = Box<dyn Error + Send + Sync>;

/// The steps of a cache.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    version: u32,
    steps: BTreeMap<String, StepRecord>,
}

const VERSION: u32 = 1;

impl Solver<'_> {
    /// Takes in the results of other machines that are not here.
    pub(in crate::build) fn import_caches(&self) {
        for location in &self.spec.cache_from {
            let imported = match location {
                CacheLocation::Registry { reference } => self.import_image(reference),
                CacheLocation::Local { folder } => import_folder(self.shop, folder),
                CacheLocation::Unknown { name } => {
                    Err(format!("caches of type `{name}` are not supported").into())
                }
            };
            if let Err(error) = imported {
                tracing::warn!(error = &*error as &dyn Error, "building without the cache {location:?}");
            }
        }
    }

    fn import_image(&self, reference: &ImageReference) -> Result<(), Failure> {
        let here = if self.spec.pull { None } else { self.shop.store.find(reference)? };
        let image = here.map_or_else(|| self.shop.fetch(reference, &self.platform), Ok)?;
        let label = image.config.labels.get(LABEL).ok_or("it is no build cache of lighter")?;
        keep(self.shop, &serde_json::from_str(label)?)
    }

    /// Sends the results of this build where they were asked for.
    pub(in crate::build) fn export_caches(&self) -> Result<(), BuildError> {
        for target in &self.spec.cache_to {
            let (place, exported) = match &target.location {
                CacheLocation::Registry { reference } => {
                    (reference.to_string(), self.export_image(target, reference))
                }
                CacheLocation::Local { folder } => {
                    (folder.display().to_string(), self.export_folder(target, folder))
                }
                CacheLocation::Unknown { name } => {
                    tracing::warn!("caches of type `{name}` are not supported and not written");
                    continue;
                }
            };
            match exported {
                Err(error) if target.ignores_errors => {
                    tracing::warn!(error = &*error as &dyn Error, "cannot write the build cache to {place}");
                }
                exported => exported.map_err(|source| BuildError::ExportCache { place, source })?,
            }
        }
        Ok(())
    }

    /// The steps of the stages that `mode` asks for.
    fn index(&self, mode: CacheMode) -> Result<Index, BuildError> {
        let mut wanted = vec![self.target];
        let names = (&self.global, &self.spec.contexts);
        while let Base::Stage(earlier) = graph::start(&self.file, wanted[wanted.len() - 1], names)?.base {
            wanted.push(earlier);
        }
        let steps = self.shop.steps_of(self.id, |stage| mode == CacheMode::Max || wanted.contains(&stage));
        Ok(Index { version: VERSION, steps })
    }

    fn export_image(&self, target: &CacheTarget, name: &ImageReference) -> Result<(), Failure> {
        let index = self.index(target.mode)?;
        let mut configuration = Configuration::scratch(self.platform.clone());
        configuration.diff_ids = index.layers();
        let history = |_: &Digest| History {
            created: None,
            created_by: Some("build cache".to_owned()),
            author: None,
            comment: None,
            empty_layer: false,
        };
        configuration.history = configuration.diff_ids.iter().map(history).collect();
        configuration.config.labels.insert(LABEL.to_owned(), serde_json::to_string(&index)?);
        let image: Image = self.shop.store.create_image(&configuration, std::slice::from_ref(name))?;
        (self.shop.host.push)(&image, name)
    }

    fn export_folder(&self, target: &CacheTarget, folder: &Path) -> Result<(), Failure> {
        let index = self.index(target.mode)?;
        fs::create_dir_all(folder)?;
        for layer in index.layers() {
            let path = archive(folder, &layer);
            if !path.exists() {
                let temporary = path.with_extension("new");
                let mut sink = zstd::Encoder::new(File::create(&temporary)?, COMPRESSION)?;
                self.shop.store.write_archive(&layer, &mut sink)?;
                sink.finish()?.sync_all()?;
                fs::rename(&temporary, &path)?;
            }
        }
        let temporary = folder.join(format!("{INDEX}.new"));
        fs::write(&temporary, serde_json::to_vec(&index)?)?;
        Ok(fs::rename(&temporary, folder.join(INDEX))?)
    }
}

impl Index {
    /// Every layer once, in the order of the steps' times.
    fn layers(&self) -> Vec<Digest> {
        let mut steps: Vec<&StepRecord> = self.steps.values().collect();
        steps.sort_by(|left, right| left.created.cmp(&right.created));
        let mut layers: Vec<Digest> = Vec::new();
        for layer in steps.into_iter().flat_map(StepRecord::layers) {
            if !layers.contains(layer) {
                layers.push(layer.clone());
            }
        }
        layers
    }
}

fn archive(folder: &Path, layer: &Digest) -> PathBuf {
    folder.join(format!("{}.tar.zst", layer.hex()))
}

fn import_folder(shop: &Workshop<'_>, folder: &Path) -> Result<(), Failure> {
    let index: Index = serde_json::from_slice(&fs::read(folder.join(INDEX))?)?;
    for layer in index.layers().into_iter().filter(|layer| !shop.store.has_layer(layer)) {
        let staging = Staging::new(shop.layout)?;
        let tree = shop.store.stage_tree(&staging)?;
        unpack_tree(decompress(File::open(archive(folder, &layer))?)?, &tree)?;
        let found = shop.store.commit_layer(&tree)?.diff_id;
        if found != layer {
            return Err(format!("the layer {layer} in {} is damaged", folder.display()).into());
        }
    }
    keep(shop, &index)
}

/// Remembers steps whose layers are here, unless they are known.
fn keep(shop: &Workshop<'_>, index: &Index) -> Result<(), Failure> {
    if index.version != VERSION {
        return Err(format!("it has the unknown version {}", index.version).into());
    }
    for (key, record) in &index.steps {
        shop.cache.learn(&key.parse()?, record, &shop.store)?;
    }
    Ok(())
}
