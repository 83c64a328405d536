//! What is killed at the worst moment comes back, and leaves nothing stuck.

mod launch;
mod supervisor;
