//! Updates of services that are in use (`deploy.update_config`), and hooks around starts and stops.

mod failure;
mod hooks;
mod load;
mod traffic;
