//! Looking whether the store still is what it says: every blob and every layer is hashed anew.

use super::{Staging, Store, StoreError};
use crate::image::layer::{self, Hasher};
use engine_spec::Digest;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;

/// Something of the store that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The blob or layer.
    pub digest: Digest,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What is wrong with something of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// It is not there.
    Missing,
    /// Its content has another digest, or cannot be read.
    Changed,
    /// The unpacked layer is not what its archive holds.
    TreeChanged,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.flaw {
            Flaw::Missing => "is missing",
            Flaw::Changed => "has another content than its name says",
            Flaw::TreeChanged => "was changed after it was unpacked",
        };
        write!(f, "{} {what}", self.digest)
    }
}

impl Store {
    /// Hashes what images are made of; `tell` hears of each image before it is looked at.
    ///
    /// A layer that has its blob is unpacked once more and the trees are compared; one that was built
    /// here must give the archive that it is named after.
    ///
    /// # Errors
    /// Says why the store could not be looked at; what is damaged is no error but the result.
    pub fn verify(&self, tell: &mut dyn FnMut(&Digest)) -> Result<Vec<Damage>, StoreError> {
        let mut damage = Vec::new();
        let mut seen = BTreeSet::new();
        for (image, _) in self.list()? {
            tell(&image.id);
            for document in [&image.id, &image.manifest] {
                if let Err(error) = self.read_blob(document) {
                    damage.push(Damage { digest: document.clone(), flaw: flaw_of(&error) });
                }
            }
            for diff_id in image.layers.iter().filter(|diff_id| seen.insert((*diff_id).clone())) {
                let flaw = self.verify_layer(diff_id)?;
                damage.extend(flaw.map(|flaw| Damage { digest: diff_id.clone(), flaw }));
            }
        }
        Ok(damage)
    }

    fn verify_layer(&self, diff_id: &Digest) -> Result<Option<Flaw>, StoreError> {
        let record = match self.layer_record(diff_id) {
            Err(StoreError::NoLayer(_)) => return Ok(Some(Flaw::Missing)),
            record => record?,
        };
        let Some(blob) = record.blob else {
            return Ok(self.write_archive(diff_id, std::io::sink()).is_err().then_some(Flaw::TreeChanged));
        };
        let path = self.layout.blob(&blob.digest);
        let Ok(mut file) = File::open(&path) else { return Ok(Some(Flaw::Missing)) };
        if hash(&mut file, Hasher::of(&blob.digest)).is_none_or(|found| found != blob.digest) {
            return Ok(Some(Flaw::Changed));
        }
        let file = File::open(&path).map_err(StoreError::io("read", &path))?;
        let staging = Staging::new(&self.layout)?;
        let tree = self.stage_tree(&staging)?;
        let Ok((unpacked, _)) = layer::unpack(file, &tree, Hasher::of(diff_id), self.limits) else {
            return Ok(Some(Flaw::Changed));
        };
        if unpacked.layer.diff_id != *diff_id {
            return Ok(Some(Flaw::Changed));
        }
        let below: Vec<_> =
            record.below.iter().flatten().rev().map(|below| self.layout.layer(below)).collect();
        let is_whole = layer::lend(&tree, &below, &unpacked.borrowed).is_ok();
        let digests = (layer::digest(&tree), layer::digest(&self.layout.layer(diff_id)));
        let is_same = matches!(digests, (Ok(fresh), Ok(kept)) if fresh == kept);
        Ok((!is_whole || !is_same).then_some(Flaw::TreeChanged))
    }
}

fn flaw_of(error: &StoreError) -> Flaw {
    match error {
        StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Flaw::Missing,
        _ => Flaw::Changed,
    }
}

/// The digest of a file; `None` where it cannot be read.
fn hash(file: &mut File, mut hasher: Hasher) -> Option<Digest> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(hasher.finish()),
            count => hasher.update(&buffer[..count]),
        }
    }
}
