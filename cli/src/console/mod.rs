//! The user's terminal: what it is, what is typed, and its signals and size passed on.

pub(super) mod attachment;
pub(super) mod forward;
pub(super) mod interrupt;
pub(super) mod question;
pub(super) mod resize;
pub(super) mod terminal;
