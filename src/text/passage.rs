//! A text cut into blocks and sentences, with the headings that they stand under.
//!
//! Understands as much Markdown as notes and business documents use: headings, list items, tables,
//! paragraphs over several lines. It is no renderer.

use std::sync::{Arc, OnceLock};

use super::{Force, Word, force, words};

/// A text that is read by sentence, parsed once however often it is shared.
#[derive(Debug, Clone, Default)]
pub struct Passage(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    text: String,
    sentences: OnceLock<Vec<Sentence>>,
    notable: OnceLock<Vec<usize>>,
}

impl Passage {
    /// A passage of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            text: text.into(),
            sentences: OnceLock::new(),
            notable: OnceLock::new(),
        }))
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Its sentences, in order.
    pub fn sentences(&self) -> &[Sentence] {
        self.0.sentences.get_or_init(|| {
            blocks(&self.0.text)
                .iter()
                .flat_map(|block| split(&block.text))
                .map(Sentence::new)
                .collect()
        })
    }

    /// The sentences that claim something beyond the case at hand, or an exception from such a claim.
    pub fn notable(&self) -> impl Iterator<Item = &Sentence> {
        let sentences = self.sentences();
        let notable = self.0.notable.get_or_init(|| {
            (0..sentences.len())
                .filter(|&at| force(&sentences[at]) != Force::Case)
                .collect()
        });
        notable.iter().map(|&at| &sentences[at])
    }
}

impl PartialEq for Passage {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Passage {}

/// One sentence, list item, table row or `Label: value` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    text: String,
    words: Vec<Word>,
}

impl Sentence {
    /// Reads a text as one sentence.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let words = words(&text);
        Self { text, words }
    }

    /// The sentence as text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its words.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// Whether a word with this stem stands in it.
    pub fn has(&self, stem: u64) -> bool {
        self.words.iter().any(|word| word.stem == stem)
    }

    /// Whether all of these stems stand in it, in any order.
    pub fn has_all(&self, stems: &[u64]) -> bool {
        !stems.is_empty() && stems.iter().all(|&stem| self.has(stem))
    }
}

/// A paragraph, list item or table row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The headings above it, outermost first.
    pub headings: Vec<String>,
    /// Its text on one line, without the list marker.
    pub text: String,
    /// Whether it is a list item.
    pub item: bool,
    /// The line it begins on, from 1.
    pub line: usize,
}

/// The blocks of a Markdown text in order.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        reader.line(index + 1, line);
    }
    reader.finish();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    headings: Vec<(usize, String)>,
    open: Option<Block>,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) {
        let trimmed = line.trim();
        if trimmed.is_empty() || is_rule(trimmed) {
            self.finish();
        } else if let Some((level, title)) = heading(trimmed) {
            self.finish();
            self.headings.retain(|(above, _)| *above < level);
            self.headings.push((level, title.to_owned()));
        } else if trimmed.starts_with('|') {
            self.finish();
            let cells: Vec<&str> = trimmed
                .trim_matches('|')
                .split('|')
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect();
            self.begin(number, cells.join(": "), false);
            self.finish();
        } else if let Some(item) = list_item(trimmed) {
            self.finish();
            self.begin(number, item.to_owned(), true);
        } else if let Some(open) = self.open.as_mut().filter(|open| {
            let begins_anew = is_entry(&open.text) && trimmed.starts_with(char::is_uppercase);
            !is_labelled(trimmed) && !begins_anew
        }) {
            open.text.push(' ');
            open.text.push_str(trimmed);
        } else {
            self.finish();
            self.begin(number, trimmed.to_owned(), false);
        }
    }

    fn begin(&mut self, line: usize, text: String, item: bool) {
        let headings = self
            .headings
            .iter()
            .map(|(_, title)| title.clone())
            .collect();
        self.open = Some(Block {
            headings,
            text,
            item,
            line,
        });
    }

    fn finish(&mut self) {
        self.blocks
            .extend(self.open.take().filter(|block| !block.text.is_empty()));
    }
}

fn is_rule(line: &str) -> bool {
    line.len() >= 3
        && line
            .chars()
            .all(|c| matches!(c, '-' | '=' | '|' | ':' | ' ' | '*' | '_'))
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|&byte| byte == b'#').count();
    let rest = line.get(level..)?;
    (1..=6)
        .contains(&level)
        .then(|| rest.strip_prefix(' '))
        .flatten()
        .map(|title| (level, title.trim()))
}

fn list_item(line: &str) -> Option<&str> {
    let bulleted = line
        .strip_prefix("- ")
        .or_else(|| line.strip_prefix("* "))
        .or_else(|| line.strip_prefix("• "));
    bulleted.or_else(|| {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        (1..=3).contains(&digits).then(|| {
            line[digits..]
                .strip_prefix(". ")
                .or_else(|| line[digits..].strip_prefix(") "))
        })?
    })
}

/// Whether a line begins with a short label and a colon, as the lines of a letterhead or a chart do.
fn is_labelled(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(label, value)| {
        !value.is_empty()
            && label.len() <= 40
            && label.split(' ').count() <= 5
            && !label.contains(['.', ',', '"'])
    })
}

/// Whether a labelled line is complete in itself: a few words and no full stop, as in a letterhead.
fn is_entry(text: &str) -> bool {
    is_labelled(text)
        && text.split_once(": ").is_some_and(|(_, value)| {
            value.split(' ').count() <= 6 && !value.ends_with([',', ';', '-', '–', '—'])
        })
}

const ABBREVIATIONS: [&str; 22] = [
    "no", "nos", "v", "vs", "dr", "mr", "ms", "mrs", "inc", "ltd", "co", "corp", "st", "e.g",
    "i.e", "etc", "approx", "art", "sec", "para", "pp", "cf",
];

/// Cuts a block into sentences: after `.`, `!` or `?` and a space, when what follows looks like a start
/// and what precedes is no abbreviation and no single letter.
fn split(block: &str) -> Vec<String> {
    let bytes = block.as_bytes();
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    for at in 0..bytes.len() {
        if bytes[at] == b'"' || bytes[at] == b'`' {
            quoted = !quoted;
        }
        let ends = matches!(bytes[at], b'.' | b'!' | b'?')
            || (at > 0
                && matches!(bytes[at], b'"' | b')' | b'`')
                && matches!(bytes[at - 1], b'.' | b'!' | b'?'));
        if !ends || quoted || bytes.get(at + 1) != Some(&b' ') {
            continue;
        }
        let starts = block[at + 2..].chars().next().is_some_and(|c| {
            c.is_uppercase() || c.is_ascii_digit() || matches!(c, '"' | '`' | '(' | '“')
        });
        if starts && !abbreviated(&block[start..at]) {
            sentences.push(block[start..=at].trim().to_owned());
            start = at + 1;
        }
    }
    let rest = block[start..].trim();
    if !rest.is_empty() {
        sentences.push(rest.to_owned());
    }
    sentences
}

fn abbreviated(before: &str) -> bool {
    let last = before.rsplit([' ', '(']).next().unwrap_or("");
    last.chars().count() == 1 && last.chars().all(char::is_alphabetic)
        || ABBREVIATIONS
            .iter()
            .any(|known| last.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(text: &str) -> Vec<String> {
        Passage::new(text)
            .sentences()
            .iter()
            .map(|s| s.text().to_owned())
            .collect()
    }

    #[test]
    fn paragraphs_are_joined_and_cut_at_sentence_ends() {
        assert_eq!(
            sentences(
                "Dr. Osei saw her on 3 March.\nShe weighs 61.5 kg, i.e. 2 kg\nless. \"Stop it.\" He did."
            ),
            [
                "Dr. Osei saw her on 3 March.",
                "She weighs 61.5 kg, i.e. 2 kg less.",
                "\"Stop it.\"",
                "He did."
            ]
        );
    }

    #[test]
    fn items_rows_and_labelled_lines_stand_alone() {
        let text = "# Lease\nTenant: Orrin Ltd.\nTerm: 5 years\n\n- notice: 30 days\n  in writing\n2. rent\n\n| a | b |\n|---|---|\n| Rent | USD 900 |\n";
        assert_eq!(
            sentences(text),
            [
                "Tenant: Orrin Ltd.",
                "Term: 5 years",
                "notice: 30 days in writing",
                "rent",
                "a: b",
                "Rent: USD 900"
            ]
        );
    }

    #[test]
    fn headings_form_a_path() {
        let found = blocks("# A\n## B\n- x\n# C\ny\n");
        assert_eq!(found[0].headings, ["A", "B"]);
        assert_eq!((found[0].line, found[0].item), (3, true));
        assert_eq!(found[1].headings, ["C"]);
    }
}
