//! Text as the embedded parts read it: words, sentences, dates, sizes in tokens.
//!
//! This is plain text handling; it knows nothing of forms, memory or scenarios. Words are compared by
//! a hash of their stem, so that reading allocates little: two words are the same word when they are
//! alike but for case and a plural ending.

mod date;
mod passage;
mod similarity;
mod stance;

pub use date::{dates_in, parse_date};
pub use passage::{Block, Passage, Sentence, blocks};
pub use similarity::{Candidates, Signature, jaccard, shingles};
pub use stance::{Force, force, is_general, lays_down, mentions, until};

/// One word of a text: where it stands and the hash of its stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// Byte offset of the first byte.
    pub start: u32,
    /// Byte offset past the last byte.
    pub end: u32,
    /// Hash of the lower-case stem.
    pub stem: u64,
}

impl Word {
    /// The word as it stands in its text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or("")
    }
}

/// The words of a text in order: runs of letters and digits (a number keeps its `.` and `,`; `%` and
/// `$` are words of their own, the same as `percent` and `USD`). A unit that is written onto its number
/// (`5mg`) is a word apart.
pub fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::with_capacity(text.len() / 6 + 1);
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let first = bytes[at];
        if first == b'%' || first == b'$' {
            found.push(word(text, at, at + 1));
            at += 1;
        } else if first.is_ascii_digit() {
            let mut end = at + 1;
            while end < bytes.len()
                && (bytes[end].is_ascii_digit()
                    || (matches!(bytes[end], b'.' | b',')
                        && bytes.get(end + 1).is_some_and(u8::is_ascii_digit)))
            {
                end += 1;
            }
            found.push(word(text, at, end));
            at = end;
        } else if first.is_ascii_alphabetic() || first == b'_' || first >= 0x80 {
            let end = end_of_word(text, at);
            if end > at {
                found.push(word(text, at, end));
                at = end;
            } else {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
            }
        } else {
            at += 1;
        }
    }
    found
}

fn end_of_word(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = start;
    while end < bytes.len() {
        let byte = bytes[end];
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            end += 1;
        } else if byte >= 0x80 {
            match text[end..].chars().next() {
                Some(letter) if letter.is_alphanumeric() => end += letter.len_utf8(),
                Some(_) | None => break,
            }
        } else {
            break;
        }
    }
    end
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "texts are limited to far below 4 GiB"
)]
fn word(text: &str, start: usize, end: usize) -> Word {
    Word {
        start: start as u32,
        end: end as u32,
        stem: stem_hash(&text[start..end]),
    }
}

/// The hashes of the stems of a text's words.
pub fn stems(text: &str) -> Vec<u64> {
    words(text).into_iter().map(|word| word.stem).collect()
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

fn fnv(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
}

/// FNV-1a of the word in lower case without its plural ending, by the S-stemmer (Harman 1991, "How
/// effective is suffixing?"): `ies` to `y`, `es` to `e`, `s` dropped, each with its exceptions.
fn stem_hash(word: &str) -> u64 {
    match word {
        "%" => return stem_hash("percent"),
        "$" => return stem_hash("usd"),
        _ => {}
    }
    if !word.is_ascii() {
        return word
            .chars()
            .flat_map(char::to_lowercase)
            .fold(FNV_OFFSET, |hash, letter| {
                let mut buffer = [0; 4];
                letter.encode_utf8(&mut buffer).bytes().fold(hash, fnv)
            });
    }
    let bytes = word.as_bytes();
    let lower = |i: usize| bytes[bytes.len() - i].to_ascii_lowercase();
    let (keep, ending): (usize, &[u8]) =
        if bytes.len() <= 3 || lower(1) != b's' || bytes[0].is_ascii_digit() {
            (bytes.len(), b"")
        } else if lower(2) == b'e' && lower(3) == b'i' && !matches!(lower(4), b'e' | b'a') {
            (bytes.len() - 3, b"y")
        } else if matches!(lower(2), b'u' | b's') {
            (bytes.len(), b"")
        } else {
            (bytes.len() - 1, b"")
        };
    let hash = bytes[..keep].iter().fold(FNV_OFFSET, |hash, byte| {
        fnv(hash, byte.to_ascii_lowercase())
    });
    ending.iter().fold(hash, |hash, &byte| fnv(hash, byte))
}

/// Where the sequence `needle` first stands in `hay` at or after `from`.
pub fn find_sequence(hay: &[Word], needle: &[u64], from: usize) -> Option<usize> {
    if needle.is_empty() || hay.len() < needle.len() {
        return None;
    }
    (from..=hay.len() - needle.len()).find(|&at| {
        hay[at..at + needle.len()]
            .iter()
            .zip(needle)
            .all(|(word, &stem)| word.stem == stem)
    })
}

/// An estimate of the number of tokens of a text: one for four bytes, rounded up.
///
/// No tokenizer of a live model is at hand offline; counts from a backend replace this one. A test
/// holds it against the `o200k` encoding on the shipped scenarios.
pub fn estimate_tokens(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        words(text).iter().map(|word| word.of(text)).collect()
    }

    #[test]
    fn words_keep_numbers_whole_and_units_apart() {
        assert_eq!(
            texts("Within 30 days: USD 5,000.50, 5mg, v2.1 — 12% (läuft)."),
            [
                "Within", "30", "days", "USD", "5,000.50", "5", "mg", "v2", "1", "12", "%", "läuft"
            ]
        );
        assert_eq!(texts("e_file(mode)"), ["e_file", "mode"]);
    }

    #[test]
    fn stems_follow_the_published_rules() {
        for (one, other) in [
            ("day", "Days"),
            ("policy", "policies"),
            ("clause", "clauses"),
            ("%", "percent"),
            ("$", "USD"),
        ] {
            assert_eq!(stems(one), stems(other), "{one} {other}");
        }
        for (one, other) in [("clas", "class"), ("stat", "status"), ("us", "u")] {
            assert_ne!(stems(one), stems(other), "{one} {other}");
        }
    }

    #[test]
    fn sequences_are_found_from_a_place_on() {
        let hay = words("new york, not New York City");
        let needle = stems("New York");
        assert_eq!(find_sequence(&hay, &needle, 0), Some(0));
        assert_eq!(find_sequence(&hay, &needle, 1), Some(3));
        assert_eq!(find_sequence(&hay, &needle, 4), None);
    }
}
