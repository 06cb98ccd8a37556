//! What reads an answer, piece by piece.

/// Whether more is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The answer goes on.
    More,
    /// The answer is whole; whatever follows is not read.
    Whole,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It is not what the format says; another attempt may do better.
    Malformed(String),
    /// The service reports an error within an answer that began well: its type (`overloaded_error`) and
    /// its words.
    Reported {
        /// The service's name of the error.
        kind: String,
        /// The service's words.
        message: String,
    },
}

/// Reads one answer. It is made anew for each attempt, so that nothing of an answer that broke off
/// remains.
pub trait Answer: Send {
    /// What the answer comes to.
    type Output: Send;

    /// Takes the whole body of an answer that is not a stream.
    fn body(&mut self, body: &[u8]) -> Result<(), Wrong>;

    /// Takes one event of a stream: its name (`message` where none is given) and its data.
    fn event(&mut self, name: &str, data: &str) -> Result<Progress, Wrong>;

    /// The answer has ended, at [`Progress::Whole`] or because the service closed it.
    fn finish(self) -> Result<Self::Output, Wrong>;

    /// Tokens that were read (without those from a cache) and written, for rate limits.
    fn tokens(output: &Self::Output) -> (u64, u64);
}
