//! Every operation on single containers, one file per group.

mod copy;
mod events;
mod exec;
mod image;
mod life;
mod look;
mod machine;
mod output;
mod terminal;
