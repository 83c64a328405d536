//! One test per behaviour that a user relies on.

mod attributes;
mod behaviours;
mod build;
mod commands;
mod convergence;
mod dependencies;
mod escapes;
mod flask_redis;
mod input;
mod input_at_run_time;
mod isolation;
mod lifecycle;
mod links;
mod log_drivers;
mod logs;
mod names;
mod network;
mod operations;
mod ports;
mod restarts;
mod rolling;
mod runc;
mod single;
mod storage;
mod teardown;
mod watch;
