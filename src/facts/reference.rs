//! The table of reasons in docs/lifecycle.md lists every code, and no other.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::value::Error;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

use super::Code;

/// Takes down the names of an enum's variants, which serde passes to its deserializer.
struct VariantNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for VariantNames<'_> {
    type Error = Error;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = variants;
        Err(Error::custom("only the names are wanted"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::custom("not an enum"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[test]
fn the_table_of_reasons_has_every_code() {
    let mut names: &[&str] = &[];
    Code::deserialize(VariantNames(&mut names)).unwrap_err();
    // `unknown` stands for the codes of later versions.
    let codes: BTreeSet<&str> = names
        .iter()
        .copied()
        .filter(|name| *name != "unknown")
        .collect();
    assert!(codes.contains("waiting_for_wave"), "{codes:?}");

    let page = include_str!("../../docs/lifecycle.md");
    let (_, section) = page.split_once("\n## Reasons\n").unwrap();
    let rows: Vec<&str> = section
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), codes);
    assert_eq!(rows.len(), codes.len(), "a code has two rows");
}
