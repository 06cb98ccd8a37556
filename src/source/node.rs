//! A YAML document as a tree with places, and a serde deserializer over it that does not stop at the
//! first problem.
//!
//! serde ends at the first error; a person wants all of them. So the file is read into [`Node`]s, and
//! the types are filled from these: an unknown key is noted and left out, an element of an
//! [`Each`] that does not fit is noted and skipped, and only what cannot be gone on from ends the reading.

use std::{cell::RefCell, fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor},
};

use super::closest;

/// A part of a document and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Kind {
    fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "keys with values",
        }
    }
}

/// A value and the bytes of the file that it was read from.
#[derive(Debug, Clone, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(transparent)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    #[schemars(skip)]
    pub span: Range<usize>,
}

const LOCATED: &str = "$located";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Parts<T> {
            type Value = Located<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
                let missing = || de::Error::custom("a value without a place");
                let start = parts.next_element()?.ok_or_else(missing)?;
                let end = parts.next_element()?.ok_or_else(missing)?;
                let value = parts.next_element()?.ok_or_else(missing)?;
                Ok(Located {
                    value,
                    span: start..end,
                })
            }
        }
        deserializer.deserialize_newtype_struct(LOCATED, Parts(std::marker::PhantomData))
    }
}

/// A list of which every element is read, whatever is wrong with those before it.
#[derive(Debug, Clone, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(transparent)]
pub struct Each<T>(pub Vec<T>);

impl<T> Default for Each<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Each<T> {
    /// The elements in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a Each<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

const ATTEMPT: &str = "$attempt";

/// An element of [`Each`]: `None` where it did not fit, after the reader noted why.
struct Attempt<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Attempt<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Inner<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Inner<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an element")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<T, D::Error> {
                T::deserialize(deserializer)
            }
        }
        Ok(Self(
            deserializer
                .deserialize_newtype_struct(ATTEMPT, Inner(std::marker::PhantomData))
                .ok(),
        ))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let attempts = Vec::<Attempt<T>>::deserialize(deserializer)?;
        Ok(Self(
            attempts
                .into_iter()
                .filter_map(|attempt| attempt.0)
                .collect(),
        ))
    }
}

/// What was found wrong at a place.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) span: Option<Range<usize>>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            span: None,
            message: message.to_string(),
            hint: None,
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            span: None,
            message: format!("missing key `{field}`"),
            hint: Some(format!("add `{field}: …`")),
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            span: None,
            message: format!("`{variant}` is not one of {}", quoted(expected)),
            hint: closest(variant, expected.iter().copied())
                .map(|name| format!("did you mean `{name}`?")),
        }
    }
}

fn quoted(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Fault {
    fn at(mut self, span: &Range<usize>) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }
}

/// Reads types from a node; what it gets past goes into `faults`.
#[derive(Clone, Copy)]
pub(super) struct Reader<'n> {
    pub(super) node: &'n Node,
    pub(super) source: &'n str,
    pub(super) faults: &'n RefCell<Vec<Fault>>,
}

impl<'n> Reader<'n> {
    fn on(self, node: &'n Node) -> Self {
        Self { node, ..self }
    }

    fn refuse<T>(self, expected: &str) -> Result<T, Fault> {
        Err(Fault {
            span: Some(self.node.span.clone()),
            message: format!("expected {expected}, found {}", self.node.kind.describe()),
            hint: None,
        })
    }

    /// The text of a scalar as it was typed, so that `value: 30` and `value: "30"` are the same.
    fn scalar(self) -> Option<&'n str> {
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
    fn entries<'de, V: Visitor<'de>>(
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

struct Place<'n> {
    reader: Reader<'n>,
    step: u8,
}

impl<'de> SeqAccess<'de> for Place<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        self.step += 1;
        match self.step {
            1 => seed
                .deserialize(self.reader.node.span.start.into_deserializer())
                .map(Some),
            2 => seed
                .deserialize(self.reader.node.span.end.into_deserializer())
                .map(Some),
            3 => seed.deserialize(self.reader).map(Some),
            _ => Ok(None),
        }
    }
}

struct Elements<'n> {
    reader: Reader<'n>,
    rest: std::slice::Iter<'n, Node>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(node) = self.rest.next() else {
            return Ok(None);
        };
        seed.deserialize(self.reader.on(node))
            .map(Some)
            .map_err(|fault| fault.at(&node.span))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Entries<'n> {
    reader: Reader<'n>,
    rest: std::vec::IntoIter<(&'n Node, &'n Node)>,
    value: Option<&'n Node>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(self.reader.on(key))
            .map(Some)
            .map_err(|fault| fault.at(&key.span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let node = self.value.take().unwrap_or(self.reader.node);
        seed.deserialize(self.reader.on(node))
            .map_err(|fault| fault.at(&node.span))
    }
}

struct Variant<'n> {
    reader: Reader<'n>,
    key: &'n Node,
    value: &'n Node,
}

impl<'de, 'n> de::EnumAccess<'de> for Variant<'n> {
    type Error = Fault;
    type Variant = Reader<'n>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Reader<'n>), Fault> {
        let variant = seed
            .deserialize(self.reader.on(self.key))
            .map_err(|fault| fault.at(&self.key.span))?;
        Ok((variant, self.reader.on(self.value)))
    }
}

impl<'de> VariantAccess<'de> for Reader<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        self.refuse("nothing behind this")
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.entries(Some(fields), visitor)
    }
}
