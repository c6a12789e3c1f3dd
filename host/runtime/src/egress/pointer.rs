//! The one string at a JSON pointer, without a tree of the rest: a body of empty arrays would grow a hundredfold as one.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// What is at a pointer.
pub(crate) enum Found {
    Text(Zeroizing<String>),
    SomethingElse,
    Nothing,
}

/// Looks into a JSON text. Of a key that is there twice the last one counts, as for most parsers.
pub(crate) fn at(pointer: &str, json: &[u8]) -> serde_json::Result<Found> {
    let segments: Vec<String> = pointer
        .split('/')
        .skip(1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let found = Seek(&segments).deserialize(&mut reader)?;
    reader.end()?;
    Ok(found)
}

/// What is left of the way.
struct Seek<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Seek<'_> {
    /// A value without insides.
    fn leaf(&self) -> Found {
        if self.0.is_empty() {
            Found::SomethingElse
        } else {
            Found::Nothing
        }
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Found, E> {
        Ok(match self.leaf() {
            Found::SomethingElse => Found::Text(Zeroizing::new(text.to_owned())),
            leaf => leaf,
        })
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Found, E> {
        Ok(self.leaf())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Found, E> {
        Ok(self.leaf())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Found, E> {
        Ok(self.leaf())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Found, E> {
        Ok(self.leaf())
    }

    fn visit_unit<E: Error>(self) -> Result<Found, E> {
        Ok(self.leaf())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let mut found = self.leaf();
        while let Some(key) = map.next_key::<String>()? {
            match self.0.split_first() {
                Some((wanted, rest)) if *wanted == key => {
                    found = map.next_value_seed(Seek(rest))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found, A::Error> {
        let mut found = self.leaf();
        let wanted = self.0.split_first().and_then(|(index, rest)| {
            // RFC 6901, section 4: no leading zeros, no sign.
            let is_plain = index == "0" || !index.starts_with(['0', '+']);
            Some((index.parse::<usize>().ok().filter(|_| is_plain)?, rest))
        });
        for index in 0_usize.. {
            let way = wanted.filter(|(wanted, _)| *wanted == index);
            let more = match way {
                Some((_, rest)) => match items.next_element_seed(Seek(rest))? {
                    Some(item) => {
                        found = item;
                        true
                    }
                    None => false,
                },
                None => items.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// The text at a pointer; `Some(None)` where something else is there.
    #[expect(
        clippy::option_option,
        reason = "nothing, something and a text are what a pointer may lead to"
    )]
    fn text(pointer: &str, json: &str) -> Option<Option<String>> {
        match at(pointer, json.as_bytes()).expect("JSON") {
            Found::Text(text) => Some(Some(text.to_string())),
            Found::SomethingElse => Some(None),
            Found::Nothing => None,
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_a_tree_has_there(
            keys in proptest::collection::vec("[a~/\"0-2]{0,2}", 1..4),
            pointer in "(/([a\"0-2]|~0|~1){0,2}){0,3}",
            leaf in any::<String>(),
        ) {
            let mut document = json!([leaf, 1, null, [true, leaf], 1.5, -1]);
            for key in &keys {
                document = json!([{ "x": leaf, key.as_str(): document.clone() }, document, leaf]);
            }
            let expected = document.pointer(&pointer).map(|value: &Value| value.as_str().map(str::to_owned));
            prop_assert_eq!(text(&pointer, &document.to_string()), expected);
        }
    }

    #[test]
    fn what_is_not_json_is_an_error_wherever_it_breaks() {
        for text in [r#"{"a":"x"}}"#, r#"{"a":"x","b":}"#, r#"{"a":"x""#, "", "x"] {
            assert!(at("/a", text.as_bytes()).is_err(), "{text}");
        }
        // Depth costs no stack.
        let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
        assert!(matches!(at("/a", deep.as_bytes()), Ok(Found::Nothing)));
    }
}
