//! YAML text to a [`Node`] tree: anchors, merge keys and duplicate keys are settled here.

use super::node::{Entry, Mapping, Node, SourceId, Span, Tag, Value};
use super::origin::Step;
use super::report::Report;
use super::scalar::plain;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as YamlSpan, StrInput};
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

/// Deeper files are refused: building and dropping the tree recurses.
const MAX_DEPTH: usize = 128;
/// Aliases may bring no more values than this, so that they cannot multiply a small file into gigabytes.
const MAX_ALIASED: usize = 100_000;
/// Longer files are refused; the longest real ones have some hundred kilobytes.
const MAX_BYTES: usize = 32 << 20;
/// What is wrong after so many faults follows from them.
const MAX_FAULTS: usize = 100;

/// Parses every document of a source. Errors go to the report; what could be read is returned.
pub(super) fn parse(source: SourceId, report: &mut Report) -> Vec<Node> {
    let text = report.text(source);
    if text.text.len() > MAX_BYTES {
        let start = Span { source, line: 1, column: 1, length: 0 };
        let message = format!("more than {} MiB in one file", MAX_BYTES >> 20);
        report.error(start, message).hint = Some("split it, and name the parts in `include`".to_owned());
        report.is_incomplete = true;
        return Vec::new();
    }
    let mut builder = Builder {
        parser: Parser::new_from_str(text.text.trim_start_matches('\u{feff}')),
        source,
        report,
        anchors: HashMap::new(),
        nodes: 0,
        aliased: 0,
        faults: 0,
    };
    match builder.documents() {
        Ok(documents) => documents,
        Err(Stop::Syntax(error)) => {
            let span = builder.point(error.marker().line(), error.marker().col());
            let hint = syntax_hint(&text.text, &error);
            builder.report.error(span, format!("invalid YAML: {}", error.info())).hint = hint;
            builder.report.is_incomplete = true;
            Vec::new()
        }
        Err(Stop::Reported) => {
            builder.report.is_incomplete = true;
            Vec::new()
        }
    }
}

/// What most often is behind a syntax error, as far as its line shows it.
fn syntax_hint(text: &str, error: &ScanError) -> Option<String> {
    if error.info().contains("unknown anchor") {
        return Some("define the value before this line, with `&NAME`".to_owned());
    }
    let line = error.marker().line();
    let near = |line: usize| text.lines().nth(line.checked_sub(1)?);
    let lines = [near(line), near(line.saturating_sub(1))];
    let has_tab = |line: &str| line.trim_start_matches(' ').starts_with('\t');
    if lines.iter().flatten().any(|line| has_tab(line)) {
        return Some("indent with spaces: YAML does not allow tabs".to_owned());
    }
    let is_unquoted = |line: &str| line.split_once(": ").is_some_and(|(_, value)| value.contains(": "));
    let unquoted = lines.iter().flatten().any(|line| is_unquoted(line));
    Some(if unquoted {
        "put a value that contains `: ` in quotes".to_owned()
    } else {
        "look at the indentation, the quotes and the brackets of this line and those before it".to_owned()
    })
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
    aliased: usize,
    faults: usize,
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
        self.nodes += 1;
        if depth > MAX_DEPTH {
            self.report.error(span, format!("more than {MAX_DEPTH} levels of nesting")).hint =
                Some("write the file with fewer levels".to_owned());
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
        let node = Node { value, span, tag, origin: None };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before));
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<Node, Stop> {
        let Some((node, size)) = self.anchors.get(&id) else {
            self.report.error(span, "this alias refers to a value that contains it").hint =
                Some("name a value that is complete before it".to_owned());
            return Err(Stop::Reported);
        };
        let (mut node, size) = (node.clone(), *size);
        self.nodes += size;
        self.aliased += size;
        if self.aliased > MAX_ALIASED {
            self.report.error(span, format!("aliases bring more than {MAX_ALIASED} values")).hint =
                Some("write fewer aliases within aliases".to_owned());
            return Err(Stop::Reported);
        }
        node.trace(Step::Alias(span));
        Ok(node)
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
            match key.value {
                Value::Text(key) if key == "<<" && is_plain => merged.push(node),
                Value::Text(key) => self.insert(&mut map, key, Entry::new(key_span, node))?,
                _ => self.bad_key(&key, key_span)?,
            }
        }
        for node in merged {
            self.merge_key(&mut map, node);
        }
        Ok(map)
    }

    fn insert(&mut self, map: &mut Mapping, key: String, entry: Entry) -> Result<(), Stop> {
        if let Some(first) = map.get(&key) {
            let message = format!("key `{key}` is already defined at line {}", first.key_span.line);
            let hint = "remove one, or put both under one key".to_owned();
            self.report.error(entry.key_span, message).hint = Some(hint);
            return self.fault();
        }
        map.insert(key, entry);
        Ok(())
    }

    fn bad_key(&mut self, key: &Node, span: Span) -> Result<(), Stop> {
        let error = self.report.error(span, format!("a key must be a string, but is {}", key.kind()));
        error.hint = Some(match key.value.scalar_text() {
            Some(text) => format!("put the key in quotes: \"{text}\""),
            None => "write a name before the colon".to_owned(),
        });
        self.fault()
    }

    /// Ends reading where a file is not worth it any more.
    fn fault(&mut self) -> Result<(), Stop> {
        self.faults += 1;
        if self.faults < MAX_FAULTS { Ok(()) } else { Err(Stop::Reported) }
    }

    /// Adds what `<<` brings; keys that are there already win (YAML merge key type).
    fn merge_key(&mut self, map: &mut Mapping, node: Node) {
        match node.value {
            Value::Map(entries) => {
                for (key, mut entry) in entries {
                    if let Some(origin) = &node.origin {
                        entry.node.origin.get_or_insert_with(|| Rc::clone(origin));
                    }
                    map.entry(key).or_insert(entry);
                }
            }
            Value::List(items) => items.into_iter().for_each(|item| self.merge_key(map, item)),
            _ => {
                let message = format!("`<<` needs a mapping or a list of mappings, but is {}", node.kind());
                let hint = "write `<<: *NAME`, where NAME is the anchor of a mapping".to_owned();
                self.report.error(node.span, message).hint = Some(hint);
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

/// A scalar with its style and tag as a value; quoted ones are text unless a tag says otherwise.
fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&saphyr_parser::Tag>) -> Value {
    let core = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
    match core {
        Some("str") => Value::Text(text.into_owned()),
        Some("int" | "float" | "bool" | "null") => plain(&text),
        _ if style == ScalarStyle::Plain => plain(&text),
        _ => Value::Text(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn json(text: &str) -> String {
        let mut report = Report::default();
        let source = report.add_source(Path::new("compose.yaml"), text.to_owned(), None);
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
            json(
                "[1, 0644, 0x10, 1.5, 1e3, yes, 'true', true, ~, 1.2.3, 08, !!str 5, 1_000, 2001-12-14, !!int '5']"
            ),
            r#"[1,420,16,1.5,1000,"yes","true",true,null,"1.2.3",8,"5",1000,"2001-12-14 00:00:00 +0000 UTC",5]"#
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
        assert!(json(&text).ends_with("aliases bring more than 100000 values"), "{}", json(&text));
    }

    #[test]
    fn keys_are_strings() {
        assert_eq!(json("{1: a}"), "compose.yaml:1:2: a key must be a string, but is a number");
        assert_eq!(json("{'1': a, on: b}"), r#"{"1":"a","on":"b"}"#);
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        assert!(json("a: [1\nb: 2\n").starts_with("compose.yaml:"), "{}", json("a: [1\nb: 2\n"));
    }
}
