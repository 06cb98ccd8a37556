//! A serde deserializer over [`Node`]s that does not stop at the first problem.
//!
//! serde ends at the first error; a person wants all of them. So the types are filled from a tree: an
//! unknown key is noted and left out, an element of an `Each` that does not fit is noted and skipped, and
//! only what cannot be gone on from ends the reading.

use std::{cell::RefCell, ops::Range};

use serde::{
    Deserializer,
    de::{IntoDeserializer as _, Visitor},
};

use super::{
    access::{Elements, Entries, Place, Variant},
    closest,
    fault::{Fault, quoted},
    located::{ATTEMPT, LOCATED},
    node::{Kind, Node},
};

/// Reads types from a node; what it gets past goes into `faults`.
#[derive(Clone, Copy)]
pub(super) struct Reader<'n> {
    pub(super) node: &'n Node,
    pub(super) source: &'n str,
    pub(super) faults: &'n RefCell<Vec<Fault>>,
}

impl<'n> Reader<'n> {
    pub(super) fn on(self, node: &'n Node) -> Self {
        Self { node, ..self }
    }

    pub(super) fn refuse<T>(self, expected: &str) -> Result<T, Fault> {
        Err(Fault {
            span: Some(self.node.span.clone()),
            message: format!("expected {expected}, found {}", self.node.kind.describe()),
            hint: None,
        })
    }

    /// The text of a scalar as it was typed, so that `value: 30` and `value: "30"` are the same.
    pub(super) fn scalar(self) -> Option<&'n str> {
        match &self.node.kind {
            Kind::Text(text) => Some(text),
            Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) => {
                self.source.get(self.node.span.clone())
            }
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.node.kind {
                Kind::Integer(value) => visitor.visit_i64::<Fault>(value).map_err(|_| Fault {
                    span: Some(self.node.span.clone()),
                    message: format!("number {value} is out of range"),
                    hint: None,
                }),
                Kind::Float(_) | Kind::Null | Kind::Bool(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => {
                    self.refuse("a whole number")
                }
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(value) => visitor.visit_bool(*value),
            Kind::Integer(value) => visitor.visit_i64(*value),
            Kind::Float(value) => visitor.visit_f64(*value),
            Kind::Text(text) => visitor.visit_str(text),
            Kind::List(_) => self.deserialize_seq(visitor),
            Kind::Map(_) => self.deserialize_map(visitor),
        }
        .map_err(|fault: Fault| fault.at(&self.node.span))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.kind {
            Kind::Bool(value) => visitor.visit_bool(value),
            Kind::Null
            | Kind::Integer(_)
            | Kind::Float(_)
            | Kind::Text(_)
            | Kind::List(_)
            | Kind::Map(_) => self.refuse("true or false"),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a whole number stands for itself up to 2^53"
    )]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.kind {
            Kind::Integer(value) => visitor.visit_f64(value as f64),
            Kind::Float(value) => visitor.visit_f64(value),
            Kind::Null | Kind::Bool(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => {
                self.refuse("a number")
            }
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.scalar() {
            Some(text) => visitor
                .visit_str(text)
                .map_err(|fault: Fault| fault.at(&self.node.span)),
            None => self.refuse("a text"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.kind {
            Kind::Null => visitor.visit_none(),
            Kind::Bool(_)
            | Kind::Integer(_)
            | Kind::Float(_)
            | Kind::Text(_)
            | Kind::List(_)
            | Kind::Map(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(_)
            | Kind::Integer(_)
            | Kind::Float(_)
            | Kind::Text(_)
            | Kind::List(_)
            | Kind::Map(_) => self.refuse("nothing"),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match name {
            LOCATED => visitor.visit_seq(Place {
                reader: self,
                step: 0,
            }),
            ATTEMPT => visitor
                .visit_newtype_struct(self)
                .inspect_err(|fault: &Fault| {
                    self.faults
                        .borrow_mut()
                        .push(fault.clone().at(&self.node.span));
                }),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::List(nodes) => visitor.visit_seq(Elements {
                reader: self,
                rest: nodes.iter(),
            }),
            Kind::Null
            | Kind::Bool(_)
            | Kind::Integer(_)
            | Kind::Float(_)
            | Kind::Text(_)
            | Kind::Map(_) => self.refuse("a list"),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.entries(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.entries(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Text(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Kind::Map(entries) if entries.len() == 1 => visitor.visit_enum(Variant {
                reader: self,
                key: &entries[0].0,
                value: &entries[0].1,
            }),
            Kind::Null
            | Kind::Bool(_)
            | Kind::Integer(_)
            | Kind::Float(_)
            | Kind::List(_)
            | Kind::Map(_) => self.refuse(&format!("one of {}", quoted(variants))),
        }
        .map_err(|fault| fault.at(&self.node.span))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }
}

impl Reader<'_> {
    pub(super) fn entries<'de, V: Visitor<'de>>(
        self,
        fields: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let Kind::Map(nodes) = &self.node.kind else {
            return self.refuse("keys with values");
        };
        let mut known = Vec::with_capacity(nodes.len());
        let mut seen: Vec<&str> = Vec::with_capacity(nodes.len());
        for (key, value) in nodes {
            let name = self.on(key).scalar().unwrap_or("");
            if seen.contains(&name) {
                self.faults.borrow_mut().push(Fault {
                    span: Some(key.span.clone()),
                    message: format!("key `{name}` stands here twice"),
                    hint: None,
                });
            } else if let Some(fields) = fields.filter(|fields| !fields.contains(&name)) {
                let hint = closest(name, fields.iter().copied()).map_or_else(
                    || format!("the keys here are {}", quoted(fields)),
                    |like| format!("did you mean `{like}`?"),
                );
                self.faults.borrow_mut().push(Fault {
                    span: Some(key.span.clone()),
                    message: format!("unknown key `{name}`"),
                    hint: Some(hint),
                });
            } else {
                seen.push(name);
                known.push((key, value));
            }
        }
        visitor
            .visit_map(Entries {
                reader: self,
                rest: known.into_iter(),
                value: None,
            })
            .map_err(|fault| {
                fault.at(&(self.node.span.start
                    ..self.node.span.start + first_line(self.source, &self.node.span)))
            })
    }
}

/// How much of the span stands on its first line: enough to point at a large part.
fn first_line(source: &str, span: &Range<usize>) -> usize {
    source
        .get(span.clone())
        .and_then(|text| text.lines().next())
        .map_or(0, str::len)
}
