//! Server-sent events, from bytes as they come.
//!
//! Own code, because the crate at hand has no bound on the length of an event, copies the rest of its
//! buffer for each line, and panics on a byte order mark; its answers are the oracle of the test below.

use super::{Progress, Wrong};

/// The most bytes of one event. The longest known are the arguments of a call in one piece.
const MAX_EVENT_BYTES: usize = 4_000_000;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What was read of a stream.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The line that is not over.
    line: Vec<u8>,
    /// The data of the event that is not over; each line of it ends with a line feed.
    data: Vec<u8>,
    /// The event's name.
    name: String,
    /// Whether the last byte was a carriage return, so that a line feed belongs to it.
    returned: bool,
    /// Whether a line has ended.
    begun: bool,
}

impl Events {
    /// Reads a piece and hands on each event that ends in it, with its name and data.
    pub(super) fn read(
        &mut self,
        mut piece: &[u8],
        mut each: impl FnMut(&str, &str) -> Result<Progress, Wrong>,
    ) -> Result<Progress, Wrong> {
        while let Some(&first) = piece.first() {
            if std::mem::take(&mut self.returned) && first == b'\n' {
                piece = &piece[1..];
                continue;
            }
            let end = piece.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, rest) = piece.split_at(end.unwrap_or(piece.len()));
            if self.line.len() + self.data.len() + line.len() > MAX_EVENT_BYTES {
                return Err(Wrong::Malformed(format!(
                    "an event of the stream is longer than {MAX_EVENT_BYTES} bytes"
                )));
            }
            self.line.extend_from_slice(line);
            let Some((&ending, rest)) = rest.split_first() else {
                break;
            };
            self.returned = ending == b'\r';
            piece = rest;
            if self.end_of_line(&mut each)? == Progress::Whole {
                return Ok(Progress::Whole);
            }
        }
        Ok(Progress::More)
    }

    fn end_of_line(
        &mut self,
        each: &mut impl FnMut(&str, &str) -> Result<Progress, Wrong>,
    ) -> Result<Progress, Wrong> {
        let mut line = std::mem::take(&mut self.line);
        let text = if std::mem::replace(&mut self.begun, true) {
            line.as_slice()
        } else {
            line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line)
        };
        let progress = if text.is_empty() {
            self.dispatch(each)?
        } else {
            self.field(text);
            Progress::More
        };
        // The room of the line is used again.
        line.clear();
        self.line = line;
        Ok(progress)
    }

    fn field(&mut self, line: &[u8]) {
        let colon = line.iter().position(|&byte| byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            // Comments, ids and times for a reconnection, which is never made.
            _ => {}
        }
    }

    fn dispatch(
        &mut self,
        each: &mut impl FnMut(&str, &str) -> Result<Progress, Wrong>,
    ) -> Result<Progress, Wrong> {
        let name = std::mem::take(&mut self.name);
        let progress = match self.data.split_last() {
            None => Progress::More,
            Some((_, data)) => {
                let data = std::str::from_utf8(data).map_err(|error| {
                    Wrong::Malformed(format!("an event of the stream is not UTF-8: {error}"))
                })?;
                each(if name.is_empty() { "message" } else { &name }, data)?
            }
        };
        self.data.clear();
        Ok(progress)
    }
}

#[cfg(test)]
mod tests {
    use eventsource_stream::Eventsource;
    use futures_util::StreamExt;
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Result<Vec<(String, String)>, Wrong> {
        let mut events = Events::default();
        let mut found = Vec::new();
        for piece in pieces {
            events.read(piece, |name, data| {
                found.push((name.to_owned(), data.to_owned()));
                Ok(Progress::More)
            })?;
        }
        Ok(found)
    }

    #[test]
    fn nothing_is_read_after_the_event_that_makes_it_whole() {
        let mut count = 0;
        let progress = Events::default().read(b"data: 1\n\ndata: 2\n\ndata: 3\n\n", |_, data| {
            count += 1;
            Ok(if data == "2" {
                Progress::Whole
            } else {
                Progress::More
            })
        });
        assert_eq!((progress, count), (Ok(Progress::Whole), 2));
    }

    #[test]
    fn a_byte_order_mark_is_skipped_even_in_pieces() {
        let wanted = Ok(vec![("a".to_owned(), "x".to_owned())]);
        assert_eq!(events(&[b"\xef\xbb\xbfevent: a\ndata: x\n\n"]), wanted);
        assert_eq!(
            events(&[b"\xef", b"\xbb", b"\xbfevent: a\nda", b"ta: x\n\n"]),
            wanted
        );
    }

    #[test]
    fn an_endless_event_and_broken_text_are_errors() {
        let long = vec![b'x'; 3_000_000];
        assert!(events(&[b"data: ", &long]).is_ok());
        assert!(
            events(&[&long, b"\n", &long]).is_ok(),
            "what is no data is not kept"
        );
        insta::assert_snapshot!(
            format!("{:?}", events(&[b"data: ", &long, &long]).expect_err("one endless line")),
            @r#"Malformed("an event of the stream is longer than 4000000 bytes")"#
        );
        let lines = events(&[b"data: ", &long, b"\ndata: ", &long, b"\n\n"]);
        assert_eq!(
            lines,
            events(&[b"data: ", &long, &long]),
            "an endless event of short lines"
        );
        insta::assert_snapshot!(format!("{:?}", events(&[b"data: \xff\n\n"])), @r#"Err(Malformed("an event of the stream is not UTF-8: invalid utf-8 sequence of 1 bytes from index 0"))"#);
    }

    proptest! {
        /// Any text of the parts that matter, cut anywhere, reads as another implementation reads it.
        #[test]
        fn events_are_those_of_another_implementation(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "data", "event", "id", "retry", ":", ": ", "\n", "\n\n", "\r\n", "\r\n\r\n", "\r\r", "x", "é€😀", " ",
                    "data: {\"a\":1}\n\n", "event: ping\ndata: {}\n\n",
                ]),
                0..40,
            ),
            cuts in prop::collection::vec(0usize..200, 0..6),
        ) {
            // The other one does not take a carriage return for the end of a line before the next byte.
            let text = parts.concat() + ":\n";
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
            let wanted: Vec<(String, String)> = runtime.block_on(
                futures_util::stream::iter([Ok::<_, std::convert::Infallible>(text.as_bytes())])
                    .eventsource()
                    .map(|event| event.map(|event| (event.event, event.data)).expect("events"))
                    .collect(),
            );
            prop_assert_eq!(events(&pieces).expect("events"), wanted);
        }
    }
}
