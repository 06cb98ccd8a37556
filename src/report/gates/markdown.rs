//! A gate's answer as Markdown, for a pull request.

use std::fmt::Write as _;

use super::{GateReport, cause_words, change, change_words, margin, shown};
use crate::{
    analyse::{Group, Metric},
    report::words::{self, percent},
};

impl GateReport<'_> {
    /// For a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "### Dream policy gate: {}\n\n{}.\n\n| measure | baseline | candidate | change [95%] | margin | status |\n|---|---|---|---|---|---|\n",
            self.gated.status.as_str(),
            self.answer()
        );
        for row in self.rows(|group| group == Group::All) {
            let name = if row.decides {
                format!("**{}**", row.metric.label())
            } else {
                row.metric.label().to_owned()
            };
            let _ = writeln!(
                text,
                "| {name} | {} | {} | {} | {} | {} |",
                shown(row.metric, row.values.0),
                shown(row.metric, row.values.1),
                change(row),
                margin(row),
                row.status.as_str()
            );
        }
        for row in self.deciding() {
            let _ = write!(text, "\n{}: {}.\n", row.metric.label(), self.bounds(row));
        }
        text.push_str("\n<details><summary>By construct</summary>\n\n| construct | baseline | candidate | change in points [95%] | status |\n|---|---|---|---|---|\n");
        for row in self.rows(|group| matches!(group, Group::Construct(_))) {
            if row.metric == Metric::Completion {
                let _ = writeln!(
                    text,
                    "| {} | {} | {} | {} | {} |",
                    row.group,
                    percent(row.values.0),
                    percent(row.values.1),
                    change(row),
                    row.status.as_str()
                );
            }
        }
        text.push_str("\n</details>\n");
        let broken: Vec<_> = self.broken().collect();
        if !broken.is_empty() {
            let _ = write!(
                text,
                "\n#### {} broke\n\n",
                words::count(broken.len() as u64, "scenario")
            );
        }
        for (change, blame) in broken {
            let _ = writeln!(text, "- **{}**", escaped(&change_words(change)));
            for cause in blame.iter().flat_map(|blame| &blame.causes) {
                let failed = blame.map_or(0, |blame| blame.failed);
                let _ = writeln!(text, "  - {}", escaped(&cause_words(cause, failed)));
            }
        }
        let _ = write!(text, "\n<sub>{}.</sub>\n", self.provenance().join("; "));
        text
    }
}

/// A line of prose that Markdown shows as it stands.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    let mut in_code = false;
    for letter in text.chars() {
        in_code ^= letter == '`';
        match letter {
            '\n' | '\r' => escaped.push(' '),
            '<' if !in_code => escaped.push_str("&lt;"),
            '>' if !in_code => escaped.push_str("&gt;"),
            '&' if !in_code => escaped.push_str("&amp;"),
            '*' | '_' | '|' | '[' | ']' | '#' | '~' if !in_code => {
                escaped.push('\\');
                escaped.push(letter);
            }
            other => escaped.push(other),
        }
    }
    escaped
}
