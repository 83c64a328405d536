//! Reads apt's source lists, of the old one-line form and of the deb822 form (sources.list(5)).

/// A place packages come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its address.
    pub(crate) uri: String,
    /// Its suites.
    pub(crate) suites: Vec<String>,
    /// Its components.
    pub(crate) components: Vec<String>,
}

/// The binary sources with suites of `release` in `files`.
pub(crate) fn of_release(files: &[String], release: &str) -> Vec<Source> {
    let sources = files.iter().flat_map(|text| one_line(text).into_iter().chain(deb822(text)));
    sources.filter(|source| source.suites.iter().all(|suite| suite.starts_with(release))).collect()
}

/// The mirror that has `release` itself.
pub(crate) fn mirror(sources: &[Source], release: &str) -> Option<String> {
    let main = sources.iter().find(|source| source.suites.iter().any(|suite| suite == release));
    main.map(|source| source.uri.clone())
}

/// `sources` in the deb822 form, signed by Debian's keys.
pub(crate) fn render(sources: &[Source]) -> String {
    let paragraphs = sources.iter().map(|source| {
        format!(
            "Types: deb\nURIs: {}\nSuites: {}\nComponents: {}\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
            source.uri,
            source.suites.join(" "),
            source.components.join(" "),
        )
    });
    paragraphs.collect::<Vec<_>>().join("\n")
}

/// Lines such as `deb [signed-by=…] URI SUITE COMPONENT…`.
fn one_line(text: &str) -> Vec<Source> {
    text.lines().filter_map(one_line_source).collect()
}

fn one_line_source(line: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb ")?.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(options) => options.split_once(']')?.1,
        None => rest,
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Source { uri: words.next()?, suites: vec![words.next()?], components: words.collect() })
}

/// Paragraphs of `Key: value` lines.
fn deb822(text: &str) -> Vec<Source> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.split(|line| line.trim().is_empty()).flat_map(paragraph).collect()
}

fn paragraph(lines: &[&str]) -> Vec<Source> {
    let values = |key: &str| -> Vec<String> {
        let of_key =
            |line: &&str| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case(key)).is_some();
        let line = lines.iter().find(|line| of_key(line)).and_then(|line| line.split_once(':'));
        line.map_or("", |(_, value)| value).split_whitespace().map(str::to_owned).collect()
    };
    if !values("Types").iter().any(|kind| kind == "deb") || values("Enabled") == ["no"] {
        return Vec::new();
    }
    let (suites, components) = (values("Suites"), values("Components"));
    let source = |uri| Source { uri, suites: suites.clone(), components: components.clone() };
    values("URIs").into_iter().map(source).collect()
}

#[cfg(test)]
mod tests {
    use super::{mirror, of_release, render};

    const ONE_LINE: &str = "# comment\ndeb [arch=amd64 signed-by=/k] http://a.test/debian bookworm main\n\
                            deb-src http://a.test/debian bookworm main\ndeb http://b.test/cloud cloud main\n";
    const DEB822: &str = "Types: deb\n# URIs: http://old.test\nURIs: http://c.test/debian\n\
                          Suites: bookworm bookworm-updates\nComponents: main\n\n\
                          Types: deb\nURIs: http://d.test/node\nSuites: nodistro\nComponents: main\n";

    fn uris(text: &str) -> Vec<String> {
        of_release(&[text.to_owned()], "bookworm").into_iter().map(|source| source.uri).collect()
    }

    #[test]
    fn reads_one_line_sources_of_the_release_only() {
        assert_eq!(uris(ONE_LINE), ["http://a.test/debian"]);
    }

    #[test]
    fn reads_deb822_sources_of_the_release_only() {
        assert_eq!(uris(DEB822), ["http://c.test/debian"]);
    }

    #[test]
    fn mirror_is_the_source_of_the_release_itself() {
        let text =
            "deb http://s.test/security bookworm-security main\ndeb http://m.test/debian bookworm main\n";
        let sources = of_release(&[text.to_owned()], "bookworm");
        assert_eq!(mirror(&sources, "bookworm").as_deref(), Some("http://m.test/debian"));
    }

    #[test]
    fn what_is_rendered_reads_back_the_same() {
        let sources = of_release(&[DEB822.to_owned()], "bookworm");
        assert_eq!(of_release(&[render(&sources)], "bookworm"), sources);
    }
}
