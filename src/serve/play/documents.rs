//! The brief of a session as far as its history has it: head, tasks, and the texts of what was read.

use std::{collections::BTreeMap, sync::Arc};

use super::{Setting, history::Stretch};
use crate::{
    brief::{Document, SessionBrief},
    managed::heard::Heard,
    text::Passage,
};

/// The brief that a stretch of history is about: `before`, if there was a head already, and what the
/// stretch adds. `None` without any head. Tasks before the head are none.
pub(super) fn brief(
    setting: &Setting,
    before: Option<&SessionBrief>,
    stretch: &Stretch,
) -> Option<SessionBrief> {
    let mut brief = before.cloned();
    for said in &stretch.said {
        let Heard::Task(brought) = &said.heard else {
            continue;
        };
        if brief.is_none() {
            brief = brought.head.clone().map(|head| SessionBrief {
                date: head.date,
                user: head.user,
                about: head.about,
                case: head.case,
                documents: head
                    .documents
                    .into_iter()
                    .map(|(name, title)| Document {
                        name,
                        title,
                        text: Passage::default(),
                    })
                    .collect(),
                tools: Arc::clone(&setting.tools),
                tasks: Vec::new(),
            });
        }
        if let Some(brief) = &mut brief {
            brief.tasks.push(brought.task.clone());
        }
    }
    let mut brief = brief?;
    let mut read: BTreeMap<&str, &str> = BTreeMap::new();
    for call in &stretch.reads {
        if let (Some(name), Some((text, failed))) = (call.input["name"].as_str(), &call.result) {
            // The first reading counts; a document that could not be read says nothing.
            read.entry(name).or_insert(if *failed { "" } else { text });
        }
    }
    for document in &mut brief.documents {
        if let Some(text) = read.get(document.name.as_str()) {
            document.text = Passage::new(*text);
        }
    }
    Some(brief)
}
