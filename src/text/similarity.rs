//! How alike two texts are, and which of many are worth comparing.
//!
//! Likeness is the Jaccard index of word pairs. Candidates come from `MinHash` signatures in bands
//! (Broder 1997; Indyk and Motwani 1998), so that finding the near-duplicates among n texts costs n
//! signatures and not n² comparisons.

use std::collections::BTreeMap;

use super::Word;

/// The set of a text's shingles: hashes of single words and of pairs of neighbours, sorted, each once.
pub fn shingles(words: &[Word]) -> Vec<u64> {
    let mut set: Vec<u64> = words
        .iter()
        .map(|word| word.stem)
        .chain(words.windows(2).map(|pair| {
            pair[0].stem.rotate_left(17) ^ pair[1].stem.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        }))
        .collect();
    set.sort_unstable();
    set.dedup();
    set
}

/// The share of what two sorted sets have together: 1 for equal ones, 0 where nothing is shared or both
/// are empty.
#[expect(clippy::cast_precision_loss, reason = "sets are small")]
pub fn jaccard(one: &[u64], other: &[u64]) -> f64 {
    let (mut i, mut j, mut shared) = (0, 0, 0usize);
    while i < one.len() && j < other.len() {
        match one[i].cmp(&other[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    let all = one.len() + other.len() - shared;
    if all == 0 {
        0.0
    } else {
        shared as f64 / all as f64
    }
}

const BANDS: usize = 16;
const ROWS: usize = 3;
/// How many earlier texts of one bucket are offered, newest first: a bound on the cost of a bucket into
/// which a common phrase sends everything.
const BUCKET: usize = 16;

/// An index of texts by `MinHash` bands: 16 bands of 3 rows, so that two texts with a Jaccard index of
/// 0.6 meet with a probability of 98%, of 0.2 with 12%.
#[derive(Debug, Default)]
pub struct Candidates {
    buckets: BTreeMap<u64, Vec<u32>>,
}

/// The places of one text in the index.
#[derive(Debug, Clone)]
pub struct Signature([u64; BANDS]);

impl Signature {
    /// The signature of a sorted set; an empty set has none.
    pub fn of(shingles: &[u64]) -> Option<Self> {
        if shingles.is_empty() {
            return None;
        }
        Some(Self(std::array::from_fn(|band| {
            (0..ROWS).fold(band as u64, |key, row| {
                let salt = ((band * ROWS + row) as u64 + 1).wrapping_mul(0xd6e8_feb8_6659_fd93);
                let least = shingles
                    .iter()
                    .map(|&s| scramble(s ^ salt))
                    .min()
                    .unwrap_or(0);
                scramble(key ^ least)
            })
        })))
    }
}

impl Candidates {
    /// The texts of the index that may be like this one, in order of their numbers.
    pub fn like(&self, signature: &Signature) -> Vec<u32> {
        let buckets = signature.0.iter().filter_map(|key| self.buckets.get(key));
        let mut found: Vec<u32> = buckets
            .flat_map(|bucket| bucket.iter().rev().take(BUCKET).copied())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Adds a text under a number, which must be larger than those before.
    pub fn insert(&mut self, number: u32, signature: &Signature) {
        for key in signature.0 {
            self.buckets.entry(key).or_default().push(number);
        }
    }
}

fn scramble(value: u64) -> u64 {
    let z = (value ^ (value >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (z ^ (z >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

#[cfg(test)]
mod tests {
    use super::{super::words, *};

    fn set(text: &str) -> Vec<u64> {
        shingles(&words(text))
    }

    #[test]
    fn likeness_is_the_jaccard_index() {
        assert!((jaccard(&set("a b c"), &set("a b c")) - 1.0).abs() < 1e-12);
        // Shingles: {a, b, ab} and {b, c, bc} share one of five.
        assert!((jaccard(&set("a b"), &set("b c")) - 0.2).abs() < 1e-12);
        assert!(jaccard(&set(""), &set("")).abs() < 1e-12);
    }

    #[test]
    fn near_duplicates_meet_and_strangers_seldom_do() {
        let mut index = Candidates::default();
        let mut offer = |number: u32, text: &str| {
            let signature = Signature::of(&set(text)).unwrap();
            let found = index.like(&signature);
            index.insert(number, &signature);
            found
        };
        let base = "the payment term for every supply agreement of the group is thirty days net";
        assert!(offer(0, base).is_empty());
        assert_eq!(
            offer(
                1,
                "The payment terms for every supply agreement of the group is thirty days net."
            ),
            [0]
        );
        let strangers = (2..200)
            .filter(|&n| {
                offer(
                    n,
                    &format!("note {n} on topic {} and matter {}", n * 7, n * 13),
                )
                .iter()
                .any(|&c| c < 2)
            })
            .count();
        assert!(strangers < 5, "{strangers}");
    }
}
