//! What of a store fits a token budget: all of it, or the lines that BM25 ranks first.

use std::collections::BTreeMap;

use super::{Line, Store};

/// Parameters of BM25 (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework").
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// The lines of a store for a query of stems, at most `budget` tokens: every line where all fit,
/// otherwise the best by BM25, as many as fit; equal scores in the order of the store. The lines come
/// back in the order of the store, with their paths.
pub fn recall<'s>(store: &'s Store, query: &[u64], budget: u64) -> Vec<(&'s str, &'s Line)> {
    let lines: Vec<(&str, &Line)> = store.lines().collect();
    if lines.iter().map(|(_, line)| line.tokens).sum::<u64>() <= budget {
        return lines;
    }
    let scores = bm25(&lines, query);
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|&one, &other| scores[other].total_cmp(&scores[one]).then(one.cmp(&other)));
    let mut left = budget;
    let mut chosen: Vec<usize> = order
        .into_iter()
        .take_while(|&number| {
            let tokens = lines[number].1.tokens;
            let fits = tokens <= left && scores[number] > 0.0;
            left = left.saturating_sub(tokens);
            fits
        })
        .collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|number| lines[number]).collect()
}

/// The BM25 score of each line, with the logarithm of `1 + (N - n + 0.5) / (n + 0.5)` as weight of a term.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn bm25(lines: &[(&str, &Line)], query: &[u64]) -> Vec<f64> {
    let mut terms = query.to_vec();
    terms.sort_unstable();
    terms.dedup();
    let mut containing: BTreeMap<u64, usize> = BTreeMap::new();
    let counts: Vec<Vec<(usize, u32)>> = lines
        .iter()
        .map(|(_, line)| {
            let mut found: Vec<usize> = line
                .statement
                .words()
                .iter()
                .filter_map(|word| terms.binary_search(&word.stem).ok())
                .collect();
            found.sort_unstable();
            let counts: Vec<(usize, u32)> = found
                .chunk_by(|one, other| one == other)
                .map(|chunk| (chunk[0], u32::try_from(chunk.len()).unwrap_or(u32::MAX)))
                .collect();
            for (term, _) in &counts {
                *containing.entry(terms[*term]).or_default() += 1;
            }
            counts
        })
        .collect();
    let total = lines.len() as f64;
    let mean = lines
        .iter()
        .map(|(_, line)| line.statement.words().len())
        .sum::<usize>() as f64
        / total.max(1.0);
    let weight = |term: usize| {
        let with = containing.get(&terms[term]).copied().unwrap_or(0) as f64;
        (1.0 + (total - with + 0.5) / (with + 0.5)).ln()
    };
    let weights: Vec<f64> = (0..terms.len()).map(weight).collect();
    lines
        .iter()
        .zip(counts)
        .map(|((_, line), counts)| {
            let length = line.statement.words().len() as f64 / mean.max(1e-9);
            counts
                .into_iter()
                .map(|(term, count)| {
                    let count = f64::from(count);
                    weights[term] * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length))
                })
                .sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::stems;

    fn store(lines: &[&str]) -> Store {
        let mut store = Store::default();
        store
            .write("notes.md", format!("- {}\n", lines.join("\n- ")))
            .unwrap();
        store
    }

    #[test]
    fn scores_are_those_of_the_formula() {
        // Worked by hand: N = 3, "law" is in two lines (weight ln 1.6), "cap" in one (ln(1 + 2.5/1.5));
        // lengths 2, 2, 2, so the length norm is 1 and a single occurrence scores weight × 2.2 / 2.2.
        let store = store(&["law one", "law cap", "x y"]);
        let lines: Vec<_> = store.lines().collect();
        let scores = bm25(&lines, &stems("law cap"));
        let (law, cap) = (1.6f64.ln(), (1.0 + 2.5 / 1.5f64).ln());
        for (score, expected) in scores.iter().zip([law, law + cap, 0.0]) {
            assert!((score - expected).abs() < 1e-12, "{score} {expected}");
        }
    }

    #[test]
    fn a_small_store_comes_whole_and_a_large_one_ranked() {
        let many: Vec<String> = (0..50)
            .map(|n| format!("chatter number {n} about lunch and the weather"))
            .collect();
        let mut lines: Vec<&str> = many.iter().map(String::as_str).collect();
        lines.insert(30, "the governing law is Delaware");
        let store = store(&lines);
        assert_eq!(recall(&store, &stems("governing law"), 10_000).len(), 51);
        let found = recall(&store, &stems("governing law"), 40);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1.statement.text(), "the governing law is Delaware");
        assert!(recall(&store, &stems("governing law"), 3).is_empty());
    }
}
