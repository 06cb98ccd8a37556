//! Reading the files that people write: YAML, Markdown with a head, templates, and the problems in them.
//!
//! Knows nothing of what the files mean. What always holds: a problem names its file and, where there
//! is one, the line and the text at fault; reading goes on past a problem wherever that is possible, so
//! that one look shows them all; a path never leads out of the folder it is given for.

mod access;
mod fault;
mod file;
mod located;
mod node;
mod problem;
mod reader;
mod template;
mod yaml;

pub use file::{MAX_DOCUMENT_BYTES, MAX_FILE_BYTES, read_inside, read_text};
pub use located::{Each, Located};
pub use problem::{Problem, Problems, Severity, closest};
pub use template::{TemplateError, Templates, Values};
pub use yaml::{Front, parse, split_front};
