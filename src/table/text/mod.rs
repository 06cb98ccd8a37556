//! The keys as text of at most 80 columns, the answer first, never a bare ratio.

mod comparison;
mod numbers;
mod other;
mod trials;

use std::fmt::Write as _;

use super::{Options, Summary};

const WIDTH: usize = 80;
/// Where the text beside a label begins.
const LABELLED: usize = 17;

/// The text of a summary.
pub(super) fn render(summary: &Summary, name: &str, options: &Options) -> String {
    let mut page = Page::default();
    let kind = match summary.kind {
        "paired" => "both arms in each row",
        "trials" => "one row to an arm",
        "factorial" => "two factors",
        "attempts" => "repeated attempts at tasks",
        "agreement" => "graders and a truth",
        other => other,
    };
    page.line(&format!("{name}: {kind}"));
    page.blank();
    match summary.kind {
        "paired" => comparison::paired(&mut page, &summary.keys, options),
        "trials" => trials::trials(&mut page, summary, options),
        "factorial" => other::factorial(&mut page, &summary.keys, options),
        "attempts" => other::attempts(&mut page, &summary.keys),
        "p-values" => other::p_values(&mut page, &summary.keys),
        _ => other::agreement(&mut page, &summary.keys),
    }
    page.text
}

/// Lines of at most [`WIDTH`] columns.
#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    /// A line, broken at blanks; what does not fit goes on below, indented.
    fn line(&mut self, line: &str) {
        self.wrapped(String::new(), 2, line);
    }

    /// A label in a column of its own, and what belongs to it.
    fn entry(&mut self, label: &str, text: &str) {
        self.wrapped(format!("  {label:<14} "), LABELLED, text);
    }

    /// Words up to the width, the first behind `line`, the others behind `indent` blanks.
    fn wrapped(&mut self, mut line: String, indent: usize, text: &str) {
        let mut empty = true;
        for word in text.split(' ') {
            let used = line.chars().count();
            if !empty && used + 1 + word.chars().count() > WIDTH {
                let _ = writeln!(self.text, "{}", line.trim_end());
                line = " ".repeat(indent);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            for letter in word.chars() {
                if line.chars().count() == WIDTH {
                    let _ = writeln!(self.text, "{line}");
                    line = " ".repeat(indent);
                }
                line.push(letter);
            }
            empty = false;
        }
        let _ = writeln!(self.text, "{}", line.trim_end());
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }
}
