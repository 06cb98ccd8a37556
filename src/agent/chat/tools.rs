//! The tools that a model is offered, and what happens when it calls one.

use serde_json::json;

use super::{
    super::desk::{self, Act, note, string},
    memory::Notes,
};
use crate::{
    brief::SessionBrief,
    managed::tools::{ASK_USER, Offered, READ_DOCUMENT, SUBMIT, of_every_session, text},
    model::{Call, Tool},
    transcript::Entry,
};

const LIST_MEMORY: &str = "list_memory";
const READ_MEMORY: &str = "read_memory";
const WRITE_MEMORY: &str = "write_memory";

/// The tools that are not of the deployment. Their calls have entries of their own.
const BUILT_IN: [&str; 6] = [
    READ_DOCUMENT,
    ASK_USER,
    SUBMIT,
    LIST_MEMORY,
    READ_MEMORY,
    WRITE_MEMORY,
];

/// Whether a call of this tool waits for the user.
pub(super) fn waits(tool: &str) -> bool {
    tool == ASK_USER || tool == SUBMIT
}

/// The tools of a session. They depend on the deployment and the kind of memory alone.
pub(super) fn declared(brief: &SessionBrief, notes: &Notes) -> Vec<Tool> {
    let mut tools = of_every_session().to_vec();
    if notes.is_there() {
        tools.push(Offered::new(
            LIST_MEMORY,
            "List the entries of your memory.",
            &json!({"prefix": text("Only entries whose paths begin with this; empty for all.")}),
            &[],
        ));
        tools.push(Offered::new(
            READ_MEMORY,
            "Read an entry of your memory.",
            &json!({"path": text("The entry's path.")}),
            &["path"],
        ));
    }
    if notes.is_writable() {
        tools.push(Offered::new(
            WRITE_MEMORY,
            "Keep something for later sessions, in place of what is at this path.",
            &json!({
                "path": text("A relative path, as `clients/northwind.md`."),
                "content": text("The whole content of the entry, at most 102400 bytes."),
            }),
            &["path", "content"],
        ));
    }
    tools.extend(brief.tools.iter().map(Offered::from));
    tools
        .into_iter()
        .map(|tool| Tool {
            name: tool.name,
            description: tool.description,
            parameters: tool.input_schema,
        })
        .collect()
}

/// What a session's tools work on.
pub(super) struct Desk {
    /// Documents, the user, the tools of the deployment.
    pub(super) common: desk::Desk,
    pub(super) notes: Notes,
}

impl Desk {
    /// Does what a call asks for, and notes it.
    pub(super) fn act(&mut self, call: &Call, entries: &mut Vec<Entry>) -> Act {
        let arguments = match &call.arguments {
            Ok(arguments) => arguments,
            Err(text) => {
                let start: String = text.chars().take(80).collect();
                let answer =
                    format!("the arguments are no JSON object: `{start}`; nothing was done");
                if !BUILT_IN.contains(&call.name.as_str()) {
                    note(&call.name, Vec::new(), &Err(answer.clone()), entries);
                }
                return Act::failed(&answer);
            }
        };
        match call.name.as_str() {
            LIST_MEMORY => self
                .notes
                .list(string(arguments, "prefix").unwrap_or_default())
                .into(),
            READ_MEMORY => string(arguments, "path")
                .and_then(|path| {
                    let content = self.notes.read(path)?;
                    entries.push(Entry::Recall(crate::text::estimate_tokens(&content)));
                    Ok(content)
                })
                .into(),
            WRITE_MEMORY => string(arguments, "path")
                .and_then(|path| {
                    let content = string(arguments, "content")?;
                    self.notes.write(path, content.to_owned())
                })
                .into(),
            tool => self.common.act(tool, arguments, entries),
        }
    }
}
