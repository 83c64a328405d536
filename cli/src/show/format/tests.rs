//! Lists and values in every form.

use super::{Columns, Format, Row, ValueFormat, render_values};
use crate::show::table::NARROW;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

const COLUMNS: Columns = Columns {
    table: "{{.Name}}\t{{.Driver}}",
    names: &[("Name", "VOLUME NAME"), ("Driver", "DRIVER")],
    least_width: NARROW,
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Volume {
    name: &'static str,
    driver: &'static str,
    #[serde(skip)]
    labels: BTreeMap<String, String>,
}

impl Row for Volume {
    fn labels(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.labels)
    }
}

fn render(format: &str) -> String {
    let volume = |name, tier: &str| Volume {
        name,
        driver: "local",
        labels: BTreeMap::from([("com.example.my-tier".to_owned(), tier.to_owned())]),
    };
    let format: Format = format.parse().expect("a format");
    format.render_rows(&COLUMNS, [volume("data", "gold"), volume("a-longer-name", "")]).expect("rendered")
}

#[test]
fn a_list_is_a_table_without_more_words() {
    let expected = "VOLUME NAME     DRIVER\ndata            local\na-longer-name   local\n";
    assert_eq!(render("table"), expected);
    assert_eq!(render(""), expected);
}

#[test]
fn a_list_is_one_object_a_line_as_json() {
    let expected =
        "{\"Name\":\"data\",\"Driver\":\"local\"}\n{\"Name\":\"a-longer-name\",\"Driver\":\"local\"}\n";
    assert_eq!(render("json"), expected);
}

#[test]
fn columns_of_ones_own_have_names() {
    assert_eq!(
        render(r"table {{.Driver}}\t{{.Name}}"),
        "DRIVER    VOLUME NAME\nlocal     data\nlocal     a-longer-name\n"
    );
    assert_eq!(render("table {{upper .Name}}"), "VOLUME NAME\nDATA\nA-LONGER-NAME\n");
}

#[test]
fn a_label_is_a_column_named_after_its_last_part() {
    assert_eq!(
        render(r#"table {{.Name}}\t{{.Label "com.example.my-tier"}}"#),
        "VOLUME NAME     my tier\ndata            gold\na-longer-name   \n"
    );
}

#[test]
fn a_template_is_a_line_per_row() {
    assert_eq!(render(r"{{.Name}}:\t{{.Driver}}"), "data:\tlocal\na-longer-name:\tlocal\n");
}

#[test]
fn values_are_an_indented_list_unless_told_otherwise() {
    let values = [json!({"Id": "1", "Tags": ["a"]})];
    let render = |format: Option<&str>| {
        let format = format.map(|format| format.parse::<ValueFormat>().expect("a format"));
        render_values(format.as_ref(), &values).expect("rendered")
    };
    assert_eq!(
        render(None),
        "[\n    {\n        \"Id\": \"1\",\n        \"Tags\": [\n            \"a\"\n        ]\n    }\n]\n"
    );
    assert_eq!(render(Some("json")), "[{\"Id\":\"1\",\"Tags\":[\"a\"]}]\n");
    assert_eq!(render(Some(r"{{.Id}}\t{{json .Tags}}")), "1\\t[\"a\"]\n");
}
