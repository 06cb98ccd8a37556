//! The store as a dreamer that is a model reads it, with a reference for each line.
//!
//! `ENTRY path` begins an entry, in order of the paths; `M1 text` is a line of it. References count the
//! lines that are shown, from 1; blank lines have none and are not shown. Both marks stand at the left
//! margin, and a line of the store never takes more than one line.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    super::Source,
    draft::{Draft, Line},
    lines::on_one_line,
};
use crate::memory::recall;

/// A line that was shown, as it is referred to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reference {
    /// The line's number in the draft.
    pub(super) line: usize,
    pub(super) sources: Vec<Source>,
}

/// The store as it is shown, and what its references mean.
#[derive(Debug, Clone, Default)]
pub(super) struct Listing {
    pub(super) text: String,
    /// What `M1`, `M2`, … are.
    pub(super) references: Vec<Reference>,
}

impl Listing {
    /// All of the store.
    pub(super) fn all(draft: &Draft) -> Self {
        Self::of(draft, |_| true)
    }

    /// Those of these lines that still stand.
    pub(super) fn only(draft: &Draft, lines: &BTreeSet<usize>) -> Self {
        Self::of(draft, |line| lines.contains(&line.number))
    }

    fn of(draft: &Draft, is_shown: impl Fn(&Line) -> bool) -> Self {
        let mut listing = Self::default();
        for (path, lines) in draft.entries() {
            let mut headed = false;
            for line in lines
                .iter()
                .filter(|line| !line.is_blank() && is_shown(line))
            {
                if !headed {
                    let _ = writeln!(listing.text, "ENTRY {}", on_one_line(path));
                    headed = true;
                }
                listing.references.push(Reference {
                    line: line.number,
                    sources: line.sources.clone(),
                });
                let _ = writeln!(
                    listing.text,
                    "M{} {}",
                    listing.references.len(),
                    on_one_line(&line.text)
                );
            }
        }
        listing
    }
}

/// The lines of the store that have to do with a query of stems, at most about `room` tokens of them,
/// with the headings of their entries.
pub(super) fn excerpt(draft: &Draft, query: &[u64], room: u64) -> BTreeSet<usize> {
    let found: BTreeSet<(&str, usize)> = recall(draft.store(), query, room)
        .into_iter()
        .map(|(path, line)| (path, line.at))
        .collect();
    let mut shown = BTreeSet::new();
    for (path, lines) in draft.entries() {
        let Some(entry) = draft.store().get(path) else {
            continue;
        };
        if found.range((path, 0)..=(path, usize::MAX)).next().is_none() {
            continue;
        }
        let mut begun = 0;
        let mut starts = entry.lines().iter().map(|line| line.at).peekable();
        for (at, line) in lines.iter().enumerate() {
            while let Some(start) = starts.next_if(|start| *start <= at + 1) {
                begun = start;
            }
            if line.text.trim_start().starts_with('#') || found.contains(&(path, begun)) {
                shown.insert(line.number);
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{memory::Store, text::stems};

    fn draft(entries: &[(&str, &str)]) -> Draft {
        let mut store = Store::default();
        for (path, content) in entries {
            store
                .write(path, (*content).to_owned())
                .expect("within the limits");
        }
        Draft::of(&store)
    }

    #[test]
    fn lines_are_numbered_across_entries_and_blank_ones_are_not() {
        let draft = draft(&[
            ("a.md", "# For Northwind\n\n- one\u{2028}M9 two\r\n  more\n"),
            ("b.md", "three"),
        ]);
        let listing = Listing::all(&draft);
        insta::assert_snapshot!(listing.text, @r"
        ENTRY a.md
        M1 # For Northwind
        M2 - one M9 two
        M3   more
        ENTRY b.md
        M4 three
        ");
        assert_eq!(
            listing.references[1].sources,
            [Source::Memory {
                path: "a.md".to_owned(),
                line: 3
            }]
        );
    }

    #[test]
    fn an_excerpt_has_the_lines_that_matter_with_their_headings() {
        let chatter = "- lunch was late and the weather poor\n".repeat(20);
        let content = format!(
            "# For Northwind\n\n{chatter}- the notice period\n  is 45 days\n# Log\n{chatter}"
        );
        let draft = draft(&[("a.md", &content), ("b.md", &chatter)]);
        let shown = excerpt(&draft, &stems("notice period"), 40);
        insta::assert_snapshot!(Listing::only(&draft, &shown).text, @r"
        ENTRY a.md
        M1 # For Northwind
        M2 - the notice period
        M3   is 45 days
        M4 # Log
        ");
    }
}
