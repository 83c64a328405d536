//! Comments above ARG and FROM: they describe what follows, where its name comes first.

use super::Found;

/// Says which comments right above a name do not begin with it.
pub(super) fn descriptions(found: &mut Found<'_>) {
    const RULE: &str = "InvalidDefinitionDescription";
    let file = found.file;
    let arguments =
        file.arguments.iter().map(|argument| ("ARG", argument.name.value.as_str(), argument.name.span));
    let stages = file.stages.iter().filter_map(|stage| Some(("FROM", stage.name.as_deref()?, stage.span)));
    for (instruction, name, span) in arguments.chain(stages) {
        let Some(comment) = file.comments_above(span.line).next() else { continue };
        if comment.split_whitespace().next() != Some(name) {
            let message = format!(
                "the comment above does not describe the {instruction}: begin it with `{name}`, or leave an empty line"
            );
            found.add(RULE, span, message);
        }
    }
}
