//! Progress as one JSON object per line, with docker compose's fields.

use super::board::{Mark, Row};
use serde::Serialize;

#[derive(Serialize)]
struct Event<'a> {
    id: &'a str,
    status: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    details: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    text: &'a str,
}

/// Something began, went on or ended.
pub(super) fn event(row: &Row<'_>) -> String {
    let status = match row.mark {
        Mark::Working => "Working",
        Mark::Done => "Done",
        Mark::Warning => "Warning",
        Mark::Failed => "Error",
    };
    render(&Event { id: row.id, status, text: row.word, details: row.detail })
}

/// A line of text.
pub(super) fn message(text: &str) -> String {
    render(&Message { text })
}

fn render(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings always become JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_docker_composes_fields() {
        let row = Row { id: "Container web-1", mark: Mark::Working, word: "Starting", detail: "" };
        assert_eq!(event(&row), r#"{"id":"Container web-1","status":"Working","text":"Starting"}"#);
    }
}
