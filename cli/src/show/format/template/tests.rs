//! What templates print. `golden.txt` holds what docker itself printed: its head says how.

use super::Template;
use serde_json::{Value, json};

fn render(template: &str, value: &Value) -> Result<String, String> {
    let template = Template::parse(template).map_err(|error| error.to_string())?;
    template.render(value).map_err(|error| error.to_string())
}

#[test]
fn every_template_prints_what_docker_printed() {
    let value: Value = serde_json::from_str(include_str!("golden.json")).expect("golden.json is JSON");
    let mut count = 0;
    for case in include_str!("golden.txt").split("\n--- ").skip(1) {
        let (template, expected) = case.split_once('\n').expect("a template and its answer");
        let printed = render(template, &value).map(|text| text + "\n");
        assert_eq!(printed.as_deref().map(str::trim_end), Ok(expected.trim_end()), "{template}");
        count += 1;
    }
    assert!(count >= 70, "{count} templates");
}

#[test]
fn variables_end_with_their_block() {
    let value = json!({"A": ["x", "y"], "N": {"k": "v"}});
    assert_eq!(
        render(
            "{{range $i, $v := .A}}{{$i}}={{$v}} {{end}}{{range $k, $v := .N}}{{$k}}{{$v}}{{end}}",
            &value
        )
        .as_deref(),
        Ok("0=x 1=y kv")
    );
    let error = render("{{if .A}}{{$x := 1}}{{end}}{{$x}}", &value).expect_err("refused");
    assert!(error.contains("there is no variable `$x` at column 30"), "{error}");
}

#[test]
fn errors_name_the_column_and_what_was_meant() {
    let value = json!({"State": {"Status": "running", "Pid": 1}, "Names": "web"});
    for (template, expected) in [
        ("{{.State.Statsu}}", "there is no field `.Statsu` (did you mean `.Status`?) at column 9"),
        ("{{.names}}", "there is no field `.names` (did you mean `.Names`?) at column 3"),
        ("a {{.Names.First}}", "a string has no field `.First` at column 11"),
        ("{{uper .Names}}", "there is no function `uper` (did you mean `upper`?) at column 3"),
        ("{{.Names", "an action is not closed with `}}` at column 1"),
        ("ä{{if .Names}}x", "`if` has no `{{end}}` at column 2"),
        ("{{end}}", "`end` is not expected at column 1"),
        ("{{\"a}}", "a string is not closed at column 3"),
        ("{{index .State 1}}", "index: expected a string, not a number at column 3"),
        ("{{lt .Names 1}}", "lt: a string and a number cannot be compared at column 3"),
        ("{{join .Names \",\"}}", "join: expected a list, not a string at column 3"),
        ("{{range .Names}}{{end}}", "a string cannot be ranged over at column 9"),
        ("{{.Names | 1}}", "only functions take arguments at column 12"),
        ("{{.Names .Names}}", "only functions take arguments at column 10"),
        ("{{template \"x\"}}", "`template` is not expected at column 1"),
        ("{{}}", "a value is missing at column 1"),
    ] {
        let error = render(template, &value).expect_err(template);
        assert_eq!(error, format!("cannot use the format `{template}`: {expected}"));
    }
}

#[test]
fn no_template_exhausts_the_stack() {
    for template in [format!("{{{{{}", "(".repeat(100_000) + "}}"), "{{if 1}}".repeat(100_000)] {
        let error = Template::parse(&template).expect_err("refused");
        assert_eq!(error.problem, super::error::Problem::TooDeep);
    }
}
