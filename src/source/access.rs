//! How serde walks through lists, maps and variants of a [`Reader`].

use serde::de::{
    self, DeserializeSeed, Deserializer as _, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::{fault::Fault, node::Node, reader::Reader};

pub(super) struct Place<'n> {
    pub(super) reader: Reader<'n>,
    pub(super) step: u8,
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

pub(super) struct Elements<'n> {
    pub(super) reader: Reader<'n>,
    pub(super) rest: std::slice::Iter<'n, Node>,
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

pub(super) struct Entries<'n> {
    pub(super) reader: Reader<'n>,
    pub(super) rest: std::vec::IntoIter<(&'n Node, &'n Node)>,
    pub(super) value: Option<&'n Node>,
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

pub(super) struct Variant<'n> {
    pub(super) reader: Reader<'n>,
    pub(super) key: &'n Node,
    pub(super) value: &'n Node,
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
