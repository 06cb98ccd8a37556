//! Lines of a program's output, each within a size limit.

use std::io;

use futures_util::FutureExt as _;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end. What stands behind the last line end counts as a line.
    Whole(Vec<u8>),
    /// A line beyond the limit; so many bytes of its beginning as may be shown.
    TooLong(Vec<u8>),
    /// No more.
    End,
}

/// Reads lines of at most `max_bytes` bytes.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    max_bytes: usize,
}

/// How many bytes are kept of a line that is too long.
const KEPT: usize = 4_096;

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, max_bytes: usize) -> Self {
        Self {
            reader: BufReader::new(reader),
            max_bytes,
        }
    }

    /// Waits for the next line.
    pub(super) async fn next(&mut self) -> io::Result<Line> {
        let mut line = Vec::new();
        loop {
            let piece = self.reader.fill_buf().await?;
            if piece.is_empty() {
                return Ok(if line.is_empty() {
                    Line::End
                } else {
                    Line::Whole(line)
                });
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let length = end.unwrap_or(piece.len());
            if line.len() + length > self.max_bytes {
                line.extend_from_slice(&piece[..length.min(KEPT)]);
                line.truncate(KEPT);
                return Ok(Line::TooLong(line));
            }
            line.extend_from_slice(&piece[..length]);
            self.reader.consume(length + usize::from(end.is_some()));
            if end.is_some() {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Line::Whole(line));
            }
        }
    }

    /// What has come already and nobody has read, as far as it is known without waiting.
    pub(super) fn unread(&mut self) -> Option<Vec<u8>> {
        let piece = self.reader.fill_buf().now_or_never()?.ok()?;
        (!piece.is_empty()).then(|| piece[..piece.len().min(KEPT)].to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], max_bytes: usize) -> Vec<Line> {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(async {
                let mut lines = Lines::new(input, max_bytes);
                let mut found = Vec::new();
                loop {
                    let line = lines.next().await.unwrap();
                    let last = matches!(line, Line::End | Line::TooLong(_));
                    found.push(line);
                    if last {
                        return found;
                    }
                }
            })
    }

    fn whole(text: &str) -> Line {
        Line::Whole(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_end_at_line_ends_and_at_the_end() {
        assert_eq!(
            lines(b"a\r\n\nb\nc", 9),
            [whole("a"), whole(""), whole("b"), whole("c"), Line::End]
        );
        assert_eq!(lines(b"", 9), [Line::End]);
    }

    #[test]
    fn the_limit_is_the_most_that_a_line_may_have() {
        assert_eq!(
            lines(b"1234\n12345\n", 4),
            [whole("1234"), Line::TooLong(b"12345".to_vec())]
        );
        let long = vec![b'x'; 100_000];
        assert_eq!(
            lines(&long, 50_000),
            [Line::TooLong(vec![b'x'; KEPT])],
            "little is kept of it"
        );
        assert_eq!(
            lines(&long, 100_000),
            [Line::Whole(long.clone()), Line::End]
        );
    }
}
