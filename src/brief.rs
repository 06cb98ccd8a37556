//! What an agent may see of a session: date, work at hand, briefs, documents, tools, the form to fill.
//!
//! This is the boundary that keeps a trial honest. No id of a fact, no truth, no arm, no rubric has a
//! place in these types; whatever an agent gets, it gets from here, from its memory and from the
//! user's words.

use std::sync::Arc;

use jiff::civil::Date;

use crate::{form::Form, text::Passage};

/// A standing attribute of the work, such as `client: Northwind`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// What kind of thing it is: `client`.
    pub name: String,
    /// Which one: `Northwind`.
    pub value: String,
}

/// A document that comes with a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The name by which it is read.
    pub name: String,
    /// What it is.
    pub title: String,
    /// What it says.
    pub text: Passage,
}

/// One way in which a tool can be called: an option and its possible values, the default first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOption {
    /// The option's name.
    pub name: String,
    /// Its possible values.
    pub values: Vec<String>,
}

/// What an agent is told of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolDeclaration {
    /// The tool's name.
    pub name: String,
    /// What it does, in a sentence.
    pub does: String,
    /// What it returns, in the words of the form's label.
    pub returns: Option<String>,
    /// How it can be called.
    pub options: Vec<ToolOption>,
}

/// One piece of work within a session.
#[derive(Debug, Clone)]
pub struct TaskBrief {
    /// What is wanted, in a few words.
    pub title: String,
    /// The user's words.
    pub text: Passage,
    /// Remarks by the way, in the order of this repetition.
    pub asides: Passage,
    /// The fields of the deliverable.
    pub form: Arc<Form>,
}

/// Everything that an agent is given at the start of a session, besides its memory.
#[derive(Debug, Clone)]
pub struct SessionBrief {
    /// The day of the session.
    pub date: Date,
    /// Who asks: name and role.
    pub user: String,
    /// Standing attributes of the work, the most important first.
    pub about: Vec<Attribute>,
    /// The one piece of work at hand: a matter, an encounter, a pull request.
    pub case: String,
    /// Documents that can be read.
    pub documents: Vec<Document>,
    /// Tools of this deployment.
    pub tools: Arc<[ToolDeclaration]>,
    /// The work, in order.
    pub tasks: Vec<TaskBrief>,
}

impl SessionBrief {
    /// The head of the session as a reader sees it: date, attributes, case, documents.
    pub fn header(&self) -> String {
        let mut text = format!("Date: {}\nFrom: {}\n", self.date, self.user);
        for attribute in &self.about {
            text.push_str(&capitalised(&attribute.name));
            text.push_str(": ");
            text.push_str(&attribute.value);
            text.push('\n');
        }
        text.push_str("Case: ");
        text.push_str(&self.case);
        text.push('\n');
        for document in &self.documents {
            text.push_str("Document: ");
            text.push_str(&document.name);
            text.push_str(" (");
            text.push_str(&document.title);
            text.push_str(")\n");
        }
        text
    }
}

fn capitalised(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// What an agent hands in.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deliverable {
    /// Field names and values, in the order of the form.
    pub fields: Vec<(crate::ident::FieldName, String)>,
    /// The text that goes with them.
    pub body: String,
}

impl Deliverable {
    /// The value of a field, if it was filled.
    pub fn field(&self, name: &crate::ident::FieldName) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}
