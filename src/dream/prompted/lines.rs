//! Lines that stay lines, whoever reads them.
//!
//! What is shown to a model has its marks at the left margin. No content may get there by a character
//! that some readers take for the end of a line, so all of them are treated as such here.

/// Whether some reader takes this character for the end of a line: those of Unicode's newline guidelines
/// and the ASCII separators.
pub(super) fn ends_a_line(letter: char) -> bool {
    matches!(
        letter,
        '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// The text with a space for each end of a line.
pub(super) fn on_one_line(text: &str) -> String {
    text.replace(ends_a_line, " ")
}

/// Appends the lines of a text behind four spaces each; ends of lines at the end of the text are left
/// away.
pub(super) fn indent(text: &str, into: &mut String) {
    let text = text.replace("\r\n", "\n");
    for line in text.trim_end_matches(ends_a_line).split(ends_a_line) {
        into.push_str("    ");
        into.push_str(line);
        into.push('\n');
    }
}
