//! The intent of BuildKit's golden tables `envVarTest` and `wordsTest`.

use super::{expand, expand_body, expand_words};

/// `NAME`, `HOST` and `EMPTY` are set; nothing else is.
fn variables(name: &str) -> Option<String> {
    let value = match name {
        "PWD" => "/home",
        "SHELL" => "bash",
        "KOREAN" => "한국어",
        "EMPTY" => "",
        "FOO" => "xxyy",
        "PATHS" => "a/b/c.tar.gz",
        "BLANK" => "one two",
        _ => return None,
    };
    Some(value.to_owned())
}

fn check(table: &[(&str, &str)]) {
    for (word, expected) in table {
        let found = expand(word, '\\', &variables).unwrap_or_else(|error| format!("error: {error}"));
        assert_eq!(&found, expected, "for {word:?}");
    }
}

fn refuse(words: &[&str]) {
    for word in words {
        let found = expand(word, '\\', &variables);
        assert!(found.is_err(), "{word:?} became {found:?}");
    }
}

#[test]
fn quotes_and_escapes_vanish() {
    check(&[
        ("hello", "hello"),
        ("he'll'o", "hello"),
        ("he'\\\\llo'", "he\\\\llo"),
        ("he\"llo\"", "hello"),
        ("he\\'llo", "he'llo"),
        ("he\\\\'llo'", "he\\llo"),
        ("he\"l'l\"o", "hel'lo"),
        ("he\"\\lo\"", "he\\lo"),
        ("he\"\\\"l\"", "he\"l"),
        ("\\t", "t"),
        ("a\\", "a"),
        ("''", ""),
        ("안녕\\$x", "안녕$x"),
    ]);
    refuse(&["he'llo", "he\"llo", "\"\\\""]);
}

#[test]
fn variables_are_replaced_outside_single_quotes() {
    check(&[
        ("$PWD", "/home"),
        ("he${PWD}x", "he/homex"),
        ("'$PWD'", "$PWD"),
        ("\"$PWD\"", "/home"),
        ("\"\\$PWD\"", "$PWD"),
        ("\\$PWD", "$PWD"),
        ("$KOREAN.", "한국어."),
        ("he$PWDX", "he"),
        ("$", "$"),
        ("a$.b", "a$.b"),
        ("$1$@$?x$$", "x"),
        ("${PWD}$SHELL", "/homebash"),
    ]);
    refuse(&[
        "${",
        "${}",
        "${.}",
        "${PWD",
        "${PWD:}",
        "${PWD:x}",
        "${PWD=x}",
        "${PWD:=x}",
        "${PWD:#x}",
        "${:}",
    ]);
}

#[test]
fn a_value_that_is_missing_can_be_stood_in_for() {
    check(&[
        ("${NONE-w}", "w"),
        ("${NONE:-w}", "w"),
        ("${EMPTY-w}", ""),
        ("${EMPTY:-w}", "w"),
        ("${PWD:-w}", "/home"),
        ("${NONE+w}", ""),
        ("${EMPTY+w}", "w"),
        ("${EMPTY:+w}", ""),
        ("${PWD:+w}", "w"),
        ("${NONE:-${PWD}x}", "/homex"),
        ("${NONE:-a\\}b}", "a}b"),
        ("${NONE:-'}'}", "}"),
        ("${PWD:?no}", "/home"),
    ]);
}

#[test]
fn a_value_that_must_be_there_says_so() {
    check(&[
        ("${NONE?gone}", "error: NONE: gone"),
        ("${EMPTY?gone}", ""),
        ("${EMPTY:?gone}", "error: EMPTY: gone"),
        ("${NONE?}", "error: NONE: is not allowed to be unset"),
        ("${EMPTY:?}", "error: EMPTY: is not allowed to be empty"),
    ]);
}

#[test]
fn patterns_trim_and_replace() {
    check(&[
        ("${FOO#x}", "xyy"),
        ("${FOO##x*}", ""),
        ("${FOO#*}", "xxyy"),
        ("${FOO##?}", "xyy"),
        ("${FOO%y}", "xxy"),
        ("${FOO%%y*}", "xx"),
        ("${FOO%z}", "xxyy"),
        ("${PATHS##*/}", "c.tar.gz"),
        ("${PATHS#*/}", "b/c.tar.gz"),
        ("${PATHS%.*}", "a/b/c.tar"),
        ("${PATHS%%.*}", "a/b/c"),
        ("${PATHS/\\//-}", "a-b/c.tar.gz"),
        ("${PATHS//\\//-}", "a-b-c.tar.gz"),
        ("${FOO/x*/z}", "z"),
        ("${FOO//?/z}", "zzzz"),
        ("${FOO/nothing/z}", "xxyy"),
        ("${NONE#x}", ""),
    ]);
}

#[test]
fn words_split_at_blanks_of_values_but_not_of_quotes() {
    let words = |word: &str| expand_words(word, '\\', &variables).expect(word);
    assert_eq!(words("$BLANK three"), ["one", "two", "three"]);
    assert_eq!(words("\"$BLANK\" 'a b' c\\ d"), ["one two", "a b", "c d"]);
    assert_eq!(words("  \"\"  "), [""]);
    assert_eq!(words("x$EMPTY$EMPTY"), ["x"]);
}

#[test]
fn another_escape_character_takes_the_place_of_the_backslash() {
    assert_eq!(expand("a\\b`$PWD", '`', &variables), Ok("a\\b$PWD".to_owned()));
}

#[test]
fn bodies_keep_quotes_and_most_escapes() {
    let body = "'$PWD' \"x\" \\$PWD \\\\ \\t \\\nend";
    assert_eq!(expand_body(body, '\\', &variables), Ok("'/home' \"x\" $PWD \\ \\t \nend".to_owned()));
}
