//! One question and its two answers.

/// What Docker and Lighter said to the same question.
#[derive(Debug)]
pub(super) struct Comparison {
    /// The question: a command line, a file, an attribute.
    pub(super) question: String,
    docker: String,
    lighter: String,
    /// Why the answers may differ.
    reason: Option<String>,
}

impl Comparison {
    /// Answers in the form in which they must be equal: without ids, times and the like.
    pub(super) fn new(
        question: impl Into<String>,
        docker: impl Into<String>,
        lighter: impl Into<String>,
    ) -> Self {
        Self { question: question.into(), docker: docker.into(), lighter: lighter.into(), reason: None }
    }

    /// The same where the answers differ on purpose.
    pub(super) fn on_purpose(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// Whether the answers differ and nobody said why.
    pub(super) fn is_fault(&self) -> bool {
        self.docker != self.lighter && self.reason.is_none()
    }

    /// One word, with the reason or the answers where they differ.
    pub(super) fn verdict(&self) -> String {
        if self.docker == self.lighter {
            return "equal".to_owned();
        }
        match &self.reason {
            Some(reason) => format!("differs on purpose: {reason}"),
            None => format!("**differs**: Docker `{}`, Lighter `{}`", self.docker, self.lighter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Comparison;

    #[test]
    fn only_a_difference_without_reason_is_a_fault() {
        assert!(!Comparison::new("q", "1", "1").is_fault());
        assert!(Comparison::new("q", "1", "2").is_fault());
        assert!(!Comparison::new("q", "1", "2").on_purpose("better").is_fault());
        assert_eq!(Comparison::new("q", "1", "2").verdict(), "**differs**: Docker `1`, Lighter `2`");
    }
}
