//! Progress as one JSON object per line, with docker compose's fields.

use super::board::{Amount, Mark, Row};
use serde::Serialize;

#[derive(Serialize)]
struct Event<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<&'a str>,
    status: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    details: &'a str,
    #[serde(flatten)]
    amount: Option<Moved>,
}

#[derive(Serialize)]
struct Moved {
    current: u64,
    total: u64,
    percent: u64,
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
    let amount = row.amount.map(|Amount { current, total, .. }| Moved {
        current,
        total,
        percent: current.saturating_mul(100).checked_div(total).unwrap_or_default(),
    });
    let parent_id = row.amount.and_then(|amount| amount.parent);
    render(&Event { id: row.id, parent_id, status, text: row.word, details: row.detail, amount })
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
        let row = Row::new("Container web-1", Mark::Working, "Starting");
        assert_eq!(event(&row), r#"{"id":"Container web-1","status":"Working","text":"Starting"}"#);
        let amount = Amount { parent: Some("Image redis"), current: 10, total: 40 };
        let row = Row {
            detail: "10B / 40B",
            amount: Some(amount),
            ..Row::new("Layer 1", Mark::Working, "Pulling")
        };
        let expected = r#"{"id":"Layer 1","parent_id":"Image redis","status":"Working","text":"Pulling","details":"10B / 40B","current":10,"total":40,"percent":25}"#;
        assert_eq!(event(&row), expected);
    }
}
