//! What of a program's words is shown in a failure: little, on one line, and no secret.

/// How many characters are shown of a message.
const MESSAGE: usize = 200;

/// How many bytes are shown of what was written to standard error.
pub(super) const STANDARD_ERROR: usize = 2_000;

/// A shorter value of a variable is no secret, and hiding it would garble the text.
const SHORTEST_SECRET: usize = 6;

/// How a program is called and what must not be shown of it.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    command: String,
    /// Values and what stands in place of them, the longest first.
    secrets: Vec<(String, String)>,
}

impl Shown {
    /// Shows a command and hides these variables' values.
    pub(super) fn new<'n>(
        command: &[String],
        secrets: impl Iterator<Item = (&'n str, String)>,
    ) -> Self {
        let mut secrets: Vec<(String, String)> = secrets
            .filter(|(_, value)| value.len() >= SHORTEST_SECRET)
            .map(|(name, value)| (value, format!("[{name}]")))
            .collect();
        secrets.sort_by(|one, other| other.0.len().cmp(&one.0.len()).then(one.cmp(other)));
        let mut shown = Self {
            command: String::new(),
            secrets,
        };
        shown.command = shown.message(command.join(" ").as_bytes());
        shown
    }

    /// The command, in one line.
    pub(super) fn command(&self) -> &str {
        &self.command
    }

    /// The beginning of a message.
    pub(super) fn message(&self, bytes: &[u8]) -> String {
        // A secret that begins within what is shown must be seen whole to be hidden.
        let enough = 4 * MESSAGE + self.longest();
        let cut = bytes.len() > enough;
        let mut text = self.hidden(&bytes[..bytes.len().min(enough)]);
        if cut {
            let kept = text.len().saturating_sub(self.longest());
            text.truncate(text.floor_char_boundary(kept));
        }
        let text = one_line(&text);
        match text.char_indices().nth(MESSAGE) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None if cut => format!("{text}…"),
            None => text,
        }
    }

    /// The end of what was written to standard error, of which `cut` says whether more came before.
    pub(super) fn end(&self, bytes: &[u8], cut: bool) -> String {
        let mut text = self.hidden(bytes);
        let mut from = text.len().saturating_sub(STANDARD_ERROR);
        if cut {
            // The first bytes may be the rest of a secret.
            from = from.max(self.longest().min(text.len()));
        }
        let text = text.split_off(text.ceil_char_boundary(from));
        one_line(text.trim())
    }

    /// How many bytes of standard error must be kept so that its end can be shown.
    pub(super) fn kept(&self) -> usize {
        STANDARD_ERROR + self.longest()
    }

    fn longest(&self) -> usize {
        self.secrets.first().map_or(0, |(value, _)| value.len())
    }

    fn hidden(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.secrets
            .iter()
            .fold(text, |text, (value, name)| text.replace(value, name))
    }
}

/// Line ends become ` / `; other control characters, which could steer a terminal, become spaces.
fn one_line(text: &str) -> String {
    text.lines()
        .collect::<Vec<_>>()
        .join(" / ")
        .replace(|letter: char| letter.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Shown {
        Shown::new(
            &["agent".to_owned(), "--key=open sesame".to_owned()],
            [
                ("KEY", "open sesame".to_owned()),
                ("LEVEL", "high".to_owned()),
            ]
            .into_iter(),
        )
    }

    #[test]
    fn a_secret_is_hidden_wherever_it_stands() {
        assert_eq!(shown().command(), "agent --key=[KEY]");
        assert_eq!(
            shown().message(b"{\"open sesame\":\"high\"}"),
            "{\"[KEY]\":\"high\"}"
        );
        for before in 0..1_200 {
            let text = format!("{}open sesame!", "x".repeat(before));
            let message = shown().message(text.as_bytes());
            assert!(!message.contains("op") && message.chars().count() <= MESSAGE + 1);
        }
        // As much as is kept, of which the first is the rest of a secret or a whole one.
        for missing in 0..11 {
            let rest = &"open sesame"[missing..];
            let words = "n".repeat(shown().kept() - rest.len());
            let end = shown().end(format!("{rest}{words}").as_bytes(), true);
            assert!(!end.contains('e') && end.ends_with("nn"), "{end}");
            assert!(
                end.len() >= STANDARD_ERROR - "open sesame".len(),
                "{}",
                end.len()
            );
        }
    }

    #[test]
    fn what_is_shown_is_short_and_on_one_line() {
        assert_eq!(shown().message("ä\n\u{1b}[31mb".as_bytes()), "ä /  [31mb");
        assert_eq!(shown().message(b"\xff"), "\u{fffd}");
        let long = "y".repeat(10_000);
        assert_eq!(
            shown().message(long.as_bytes()).chars().count(),
            MESSAGE + 1
        );
        assert_eq!(shown().end(long.as_bytes(), true).len(), STANDARD_ERROR);
        assert_eq!(shown().end(b"short\n", false), "short");
    }
}
