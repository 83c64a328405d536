//! What builds keep for later ones, here and on other machines: steps that were done, and room for them.

pub(super) mod cache;
pub(super) mod stock;
pub(super) mod travel;
