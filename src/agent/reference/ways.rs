//! How to call a tool: what the text at hand suggests, and then what can be tried.

use crate::{
    brief::ToolDeclaration,
    quantity::Seed,
    text::{Sentence, find_sequence, mentions, stems},
};

/// One way to call a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// The options, in the order of the declaration.
    pub(super) options: Vec<(String, String)>,
    /// Another tool to call before.
    pub(super) first: Option<String>,
}

/// The sentences that name a tool.
pub(super) fn on_tool<'s>(
    sentences: impl Iterator<Item = &'s Sentence>,
    tool: &str,
) -> impl Iterator<Item = &'s Sentence> {
    let name = stems(tool);
    sentences.filter(move |sentence| mentions(sentence, &name))
}

/// The ways to call a tool in the order in which they are tried: those that the sentences show, the
/// default, then others in an order drawn under the seed.
pub(super) fn ways(
    tool: &ToolDeclaration,
    all: &[ToolDeclaration],
    hints: &[&Sentence],
    seed: Seed,
) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for hint in hints {
        if let Some(way) = read(tool, all, hint).filter(|way| !ways.contains(way)) {
            ways.push(way);
        }
    }
    let combinations: usize = tool
        .options
        .iter()
        .map(|option| option.values.len().max(1))
        .product();
    let plain = |mut number: usize| Way {
        options: tool
            .options
            .iter()
            .map(|option| {
                let value = option
                    .values
                    .get(number % option.values.len().max(1))
                    .cloned()
                    .unwrap_or_default();
                number /= option.values.len().max(1);
                (option.name.clone(), value)
            })
            .collect(),
        first: None,
    };
    let others = seed.derive("ways").permutation(combinations);
    for number in std::iter::once(0).chain(others) {
        let way = plain(number);
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
}

/// The way that a sentence shows: for each option that it names with a value (`mode split`), that value;
/// another tool that it names with "first" or "before" goes first. `None` if it shows none.
fn read(tool: &ToolDeclaration, all: &[ToolDeclaration], hint: &Sentence) -> Option<Way> {
    let mut shown = false;
    let options = tool
        .options
        .iter()
        .map(|option| {
            let name = stems(&option.name);
            let named = option.values.iter().find(|value| {
                let value = stems(value);
                find_sequence(hint.words(), &[name.clone(), value.clone()].concat(), 0).is_some()
                    || find_sequence(hint.words(), &[value, name.clone()].concat(), 0).is_some()
            });
            shown |= named.is_some();
            (
                option.name.clone(),
                named.or(option.values.first()).cloned().unwrap_or_default(),
            )
        })
        .collect();
    let orders = ["first", "before"]
        .iter()
        .any(|word| hint.has_all(&stems(word)));
    let first = all
        .iter()
        .filter(|other| orders && other.name != tool.name && other.returns.is_none())
        .find(|other| mentions(hint, &stems(&other.name)))
        .map(|other| other.name.clone());
    (shown || first.is_some()).then_some(Way { options, first })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brief::ToolOption;

    fn tool(name: &str, returns: Option<&str>, options: &[(&str, &[&str])]) -> ToolDeclaration {
        ToolDeclaration {
            name: name.into(),
            does: String::new(),
            returns: returns.map(str::to_owned),
            options: options
                .iter()
                .map(|(name, values)| ToolOption {
                    name: (*name).into(),
                    values: values.iter().map(|v| (*v).to_owned()).collect(),
                })
                .collect(),
        }
    }

    #[test]
    fn what_a_sentence_shows_is_tried_first() {
        let upload = tool(
            "upload",
            Some("receipt"),
            &[
                ("mode", &["single", "split", "batch"]),
                ("channel", &["public", "clerk"]),
            ],
        );
        let all = [upload.clone(), tool("compress_exhibits", None, &[])];
        let hint = Sentence::new(
            "Run compress_exhibits first, then upload with mode split and channel clerk.",
        );
        let found = ways(&upload, &all, &[&hint], Seed(1));
        assert_eq!(found[0].first.as_deref(), Some("compress_exhibits"));
        assert_eq!(found[0].options[0].1, "split");
        assert_eq!(found[0].options[1].1, "clerk");
        assert_eq!(found[1].options[0].1, "single", "then the default");
        assert_eq!(found.len(), 1 + 6);
        assert_eq!(
            ways(
                &upload,
                &all,
                &[&Sentence::new("upload is slow today")],
                Seed(1)
            )
            .len(),
            6
        );
    }
}
