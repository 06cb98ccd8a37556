//! What of the transcripts fits a call: whole ones, oldest first, and parts of one that does not fit.

use std::sync::Arc;

use super::script::Part;
use crate::{text::estimate_tokens, transcript::Transcript};

/// Where the next window begins: a transcript and an entry of it, both from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    transcript: usize,
    entry: usize,
}

/// The parts that a call reads, what they look like, and where the next window begins.
#[derive(Debug, Clone)]
pub(super) struct Window<'t> {
    pub(super) parts: Vec<Part<'t>>,
    pub(super) text: String,
    pub(super) next: Place,
}

impl<'t> Window<'t> {
    /// All of the transcripts.
    pub(super) fn all(transcripts: &'t [Arc<Transcript>]) -> Self {
        let parts: Vec<Part<'t>> = transcripts
            .iter()
            .map(|transcript| Part::whole(transcript))
            .collect();
        Self {
            text: parts.iter().map(Part::render).collect(),
            parts,
            next: Place {
                transcript: transcripts.len(),
                entry: 0,
            },
        }
    }

    /// As much as fits `room` tokens, and never less than one entry; `None` behind the last one.
    pub(super) fn from(
        transcripts: &'t [Arc<Transcript>],
        place: Place,
        room: u64,
    ) -> Option<Self> {
        let first = transcripts.get(place.transcript)?;
        let rest = Part {
            first: place.entry,
            ..Part::whole(first)
        };
        let text = rest.render();
        if estimate_tokens(&text) > room {
            return Some(Self::cut(rest, place, room));
        }
        let mut window = Self {
            parts: vec![rest],
            text,
            next: Place {
                transcript: place.transcript + 1,
                entry: 0,
            },
        };
        for transcript in &transcripts[window.next.transcript..] {
            let part = Part::whole(transcript);
            let before = window.text.len();
            window.text.push_str(&part.render());
            if window.tokens() > room {
                window.text.truncate(before);
                break;
            }
            window.parts.push(part);
            window.next.transcript += 1;
        }
        Some(window)
    }

    /// The first entries of a part that does not fit as a whole.
    fn cut(part: Part<'t>, place: Place, room: u64) -> Self {
        // The longest head that a part of it can have.
        let longest = Part {
            end: part.end.saturating_sub(1).max(part.first),
            ..part
        };
        let mut size = estimate_tokens(&longest.head());
        let mut end = part.first;
        while end < part.end {
            size += estimate_tokens(&part.entry(end));
            if size > room && end > part.first {
                break;
            }
            end += 1;
        }
        let done = end == part.end;
        let part = Part { end, ..part };
        Self {
            parts: vec![part],
            text: part.render(),
            next: if done {
                Place {
                    transcript: place.transcript + 1,
                    entry: 0,
                }
            } else {
                Place {
                    entry: end,
                    ..place
                }
            },
        }
    }

    /// Whether it can be read in smaller windows.
    pub(super) fn can_be_halved(&self) -> bool {
        match self.parts.as_slice() {
            [one] => one.end - one.first > 1,
            [] | [_, _, ..] => self.parts.len() > 1,
        }
    }

    /// Its estimated size in tokens.
    pub(super) fn tokens(&self) -> u64 {
        estimate_tokens(&self.text)
    }
}
