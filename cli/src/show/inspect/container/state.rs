//! `State`: what a container does.

use crate::show::clock;
use engine_spec::Status;
use serde_json::{Value, json};
use std::time::SystemTime;

/// Go's zero time, which docker shows for what has not happened.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// What a container does.
pub(super) fn describe(status: &Status) -> Value {
    let mut state = json!({
        "Status": status.state(),
        // docker calls a container that will be started again running too.
        "Running": status.is_running() || matches!(status, Status::Restarting { .. }),
        "Paused": matches!(status, Status::Paused { .. }),
        "Restarting": matches!(status, Status::Restarting { .. }),
        "OOMKilled": false,
        "Dead": false,
        "Pid": 0,
        "ExitCode": 0,
        "Error": "",
        "StartedAt": NEVER,
        "FinishedAt": NEVER,
        "Health": null,
    });
    let time = |time: &SystemTime| json!(clock::rfc3339(*time));
    let time_if_any = |started: &Option<SystemTime>| started.as_ref().map_or(json!(NEVER), time);
    match status {
        Status::Created => {}
        Status::Running { pid, started_at, health, restarts: _ } => {
            state["Pid"] = json!(pid);
            state["StartedAt"] = time(started_at);
            if let Some(health) = health {
                state["Health"] = json!({ "Status": health, "Log": [] });
            }
        }
        Status::Paused { pid, started_at } => {
            state["Pid"] = json!(pid);
            state["StartedAt"] = time(started_at);
        }
        Status::Restarting { exit_code, started_at, finished_at, oom_killed, .. } => {
            state["ExitCode"] = json!(exit_code);
            state["OOMKilled"] = json!(oom_killed);
            state["StartedAt"] = time_if_any(started_at);
            state["FinishedAt"] = time(finished_at);
        }
        Status::Exited { exit_code, started_at, finished_at, oom_killed, error, .. } => {
            state["ExitCode"] = json!(exit_code);
            state["StartedAt"] = time_if_any(started_at);
            state["FinishedAt"] = time(finished_at);
            state["OOMKilled"] = json!(oom_killed);
            state["Error"] = json!(error.as_deref().unwrap_or_default());
        }
    }
    state
}

/// How often its policy started it again.
pub(super) fn restarts(status: &Status) -> u32 {
    match status {
        Status::Running { restarts, .. } | Status::Restarting { restarts, .. } => *restarts,
        Status::Created | Status::Paused { .. } | Status::Exited { .. } => 0,
    }
}
