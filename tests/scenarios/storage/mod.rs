//! What containers see besides their image, read from inside.

mod binds;
mod drivers;
mod files;
mod images;
mod shared;
mod tmpfs;
mod volumes;
