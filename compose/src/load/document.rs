//! YAML text to a [`Node`] tree: anchors, merge keys and duplicate keys are settled here.

use super::node::{Entry, Mapping, Node, SourceId, Span, Tag, Value};
use super::report::Report;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as YamlSpan, StrInput};
use std::borrow::Cow;
use std::collections::HashMap;

/// Deeper files are refused: building and dropping the tree recurses.
const MAX_DEPTH: usize = 128;
/// More values are refused, so that aliases cannot multiply a small file into gigabytes.
const MAX_NODES: usize = 100_000;

/// Parses every document of a source. Errors go to the report; what could be read is returned.
pub(super) fn parse(source: SourceId, report: &mut Report) -> Vec<Node> {
    let text = report.text(source);
    let mut builder = Builder {
        parser: Parser::new_from_str(text.text.trim_start_matches('\u{feff}')),
        source,
        report,
        anchors: HashMap::new(),
        nodes: 0,
    };
    match builder.documents() {
        Ok(documents) => documents,
        Err(Stop::Syntax(error)) => {
            let span = builder.point(error.marker().line(), error.marker().col());
            let message = format!("invalid YAML: {}", error.info());
            builder.report.error(span, message);
            Vec::new()
        }
        Err(Stop::Reported) => Vec::new(),
    }
}

/// Why reading a source ends early.
enum Stop {
    Syntax(ScanError),
    Reported,
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Syntax(error)
    }
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    source: SourceId,
    report: &'a mut Report,
    /// Each anchored node with the number of values in it.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<(Event<'a>, YamlSpan), Stop> {
        match self.parser.next_event() {
            Some(event) => Ok(event?),
            None => Ok((Event::StreamEnd, YamlSpan::default())),
        }
    }

    fn documents(&mut self) -> Result<Vec<Node>, Stop> {
        let mut documents = Vec::new();
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(documents),
                (Event::DocumentStart(_), _) => {
                    let (event, span) = self.next()?;
                    documents.push(self.node(event, span, 0)?);
                }
                _ => {}
            }
        }
    }

    /// Builds the node that begins with `event`.
    fn node(&mut self, event: Event<'a>, at: YamlSpan, depth: usize) -> Result<Node, Stop> {
        let span = self.span(at);
        let before = self.nodes;
        self.count(1, span)?;
        if depth > MAX_DEPTH {
            self.report.error(span, format!("more than {MAX_DEPTH} levels of nesting"));
            return Err(Stop::Reported);
        }
        let (value, anchor, tag) = match event {
            Event::Alias(id) => return self.alias(id, span),
            Event::Scalar(text, style, anchor, tag) => (scalar(text, style, tag.as_deref()), anchor, tag),
            Event::SequenceStart(anchor, tag) => (Value::List(self.list(depth)?), anchor, tag),
            Event::MappingStart(anchor, tag) => (Value::Map(self.mapping(depth)?), anchor, tag),
            _ => (Value::Null, 0, None),
        };
        let tag = tag.and_then(|tag| match tag.suffix.as_str() {
            "reset" => Some(Tag::Reset),
            "override" => Some(Tag::Override),
            _ => None,
        });
        let node = Node { value, span, tag };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before));
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<Node, Stop> {
        let Some((node, size)) = self.anchors.get(&id) else {
            self.report.error(span, "this alias refers to a value that contains it");
            return Err(Stop::Reported);
        };
        let (node, size) = (node.clone(), *size);
        self.count(size, span)?;
        Ok(node)
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            self.report.error(span, format!("more than {MAX_NODES} values in one file"));
            return Err(Stop::Reported);
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Mapping, Stop> {
        let mut map = Mapping::new();
        let mut merged = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key_span = self.span(at);
            let is_plain = matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let key = self.node(event, at, depth + 1)?;
            let (event, at) = self.next()?;
            let node = self.node(event, at, depth + 1)?;
            match key.value.scalar_text() {
                Some(key) if key == "<<" && is_plain => merged.push(node),
                Some(key) => self.insert(&mut map, key, Entry::new(key_span, node)),
                None => drop(self.report.error(key_span, format!("a key cannot be {}", key.kind()))),
            }
        }
        for node in merged {
            self.merge_key(&mut map, node);
        }
        Ok(map)
    }

    fn insert(&mut self, map: &mut Mapping, key: String, entry: Entry) {
        if let Some(first) = map.get(&key) {
            let message = format!("key `{key}` is already defined at line {}", first.key_span.line);
            self.report.error(entry.key_span, message);
            return;
        }
        map.insert(key, entry);
    }

    /// Adds what `<<` brings; keys that are there already win (YAML merge key type).
    fn merge_key(&mut self, map: &mut Mapping, node: Node) {
        match node.value {
            Value::Map(entries) => {
                for (key, entry) in entries {
                    map.entry(key).or_insert(entry);
                }
            }
            Value::List(items) => items.into_iter().for_each(|item| self.merge_key(map, item)),
            _ => {
                let message = format!("`<<` needs a mapping or a list of mappings, but is {}", node.kind());
                self.report.error(node.span, message);
            }
        }
    }

    fn span(&self, at: YamlSpan) -> Span {
        let mut span = self.point(at.start.line(), at.start.col());
        if at.start.line() == at.end.line() {
            span.length = clamp(at.end.col().saturating_sub(at.start.col()));
        }
        span
    }

    fn point(&self, line: usize, column: usize) -> Span {
        Span { source: self.source, line: clamp(line), column: clamp(column + 1), length: 0 }
    }
}

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Resolves a plain scalar as Go's yaml.v3 does, which Compose uses: YAML 1.2 with 1.1's octal numbers.
fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&saphyr_parser::Tag>) -> Value {
    let is_forced_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    if style != ScalarStyle::Plain || is_forced_text {
        return Value::Text(text.into_owned());
    }
    match text.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Some(number) = integer(&text) {
        return Value::Integer(number);
    }
    if let Some(number) = float(&text) {
        return Value::Float(number);
    }
    Value::Text(text.into_owned())
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), radix).ok()
}

/// Only what looks like a number: Rust also reads `inf`, `nan` and `infinity`.
fn float(text: &str) -> Option<f64> {
    let is_numeric = text.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| matches!(c, '0'..='9' | '.' | '-' | '+' | 'e' | 'E'));
    if is_numeric { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn json(text: &str) -> String {
        let mut report = Report::default();
        let source = report.add_source(Path::new("compose.yaml"), text.to_owned(), false);
        let documents = parse(source, &mut report);
        match report.finish() {
            Ok(_) => documents[0].value.to_json().to_string(),
            Err(errors) => {
                errors.0.iter().map(|e| format!("{}: {}", e.place.as_ref().unwrap(), e.message)).collect()
            }
        }
    }

    #[test]
    fn resolves_plain_scalars_as_compose_does() {
        assert_eq!(
            json("[1, 0644, 0x10, 1.5, 1e3, yes, 'true', true, ~, 1.2.3, 08, !!str 5]"),
            r#"[1,420,16,1.5,1000.0,"yes","true",true,null,"1.2.3",8.0,"5"]"#
        );
    }

    #[test]
    fn merge_keys_give_way_to_own_keys() {
        let text = "a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2}\nc: {<<: [{z: 3}, *a]}\n";
        assert_eq!(json(text), r#"{"a":{"x":1,"y":1},"b":{"x":1,"y":2},"c":{"x":1,"y":1,"z":3}}"#);
    }

    #[test]
    fn a_repeated_key_names_both_lines() {
        assert_eq!(json("a: 1\nb: 2\na: 3\n"), "compose.yaml:3:1: key `a` is already defined at line 1");
    }

    #[test]
    fn aliases_cannot_multiply_without_limit() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            text += &format!("a{level}: &a{level} [{items}]\n");
        }
        assert!(json(&text).ends_with("more than 100000 values in one file"), "{}", json(&text));
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        assert!(json("a: [1\nb: 2\n").starts_with("compose.yaml:"), "{}", json("a: [1\nb: 2\n"));
    }
}
