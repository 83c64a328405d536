//! The earlier copy that a delta lies over: found, and remembered for the next.

use super::{Content, Inputs, Origin, Request};
use crate::build::files::delta::{Changes, WholeCopy};
use crate::build::input::view::{Kind, View};
use crate::build::stage::StageBuild;
use crate::state::record;
use engine_spec::Digest;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

impl StageBuild<'_> {
    /// The layer of an earlier copy to the same place, and what changed since; `None` if there is none or
    /// the copy is better made whole.
    pub(super) fn earlier_copy(
        &self,
        below: &[Digest],
        request: &Request,
        content: &Content,
    ) -> Option<(Digest, Changes)> {
        // A record that cannot be read costs time only.
        let earlier: WholeCopy = record::read(&self.copy_record(request)?).ok()??;
        let is_here = earlier.below == below && self.shop.hold(std::slice::from_ref(&earlier.layer));
        let changes = earlier.changes(&content.listing).filter(|_| is_here)?;
        let paths: Vec<PathBuf> = below.iter().rev().map(|layer| self.shop.layout.layer(layer)).collect();
        let source = &content.listing.first()?.path;
        let hides_nothing = View::of_layers(&paths)
            .and_then(|below| changes.hide_nothing(&below, (source, &request.target)))
            .is_ok_and(|hides_nothing| hides_nothing);
        hides_nothing.then_some((earlier.layer, changes))
    }

    /// Remembers a copy that was made whole, for the next one.
    pub(super) fn remember_copy(
        &self,
        (key, below): (&Digest, &[Digest]),
        request: &Request,
        content: &Content,
    ) {
        let layer = self.found(key).and_then(|record| record.layer);
        let Some((layer, path)) = layer.zip(self.copy_record(request)) else { return };
        let Some(copy) = WholeCopy::new(&layer, below, &content.listing) else { return };
        let folder = path.parent().unwrap_or(&path);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        if made.is_err() || record::write_volatile(&path, &copy).is_err() {
            tracing::debug!("the next copy to {} will be whole", request.target.path.display());
        }
    }

    /// Where a copy is remembered that a delta can follow: of one folder of the host, all of it.
    fn copy_record(&self, request: &Request) -> Option<PathBuf> {
        let [piece] = request.pieces.as_slice() else { return None };
        let Origin::Context(context) = &piece.origin else { return None };
        let is_plain = request.texts.is_empty() && !request.selection.keeps_parents && self.allows_deltas();
        let selected = request.selection.select(&context.view, &piece.path).ok().filter(|_| is_plain)?;
        let [selected] = selected.as_slice() else { return None };
        let folder = context.view.folder().filter(|_| selected.entry.kind == Kind::Folder)?;
        let inputs = Inputs::Place { folder, source: &piece.path, excludes: &request.excludes };
        let key = self.key(&[], &request.action(&inputs));
        Some(self.shop.layout.build().join("copies").join(key.hex()))
    }
}
