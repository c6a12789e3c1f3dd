//! Stand-ins in a JSON body: inside strings that are values, at declared pointers.
//!
//! The secret is spliced into the guest's own text, so that numbers and spaces stay as they were: parsing and writing
//! again would round what doesn't fit a double. `serde_json` accepts the text first; the walk over it may then take its
//! shape for granted, and only has to find where the strings are and which keys lead to them.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use super::super::encode;
use super::super::failure::SendFailure;
use super::super::matcher::Hit;
use super::super::places::Spot;
use super::{Pass, spliced};

/// How many levels a body may have: each takes some of the stack.
const DEEPEST: usize = 128;

/// The text with secrets in place, and how many.
pub(super) fn json(
    pass: &mut Pass<'_>,
    text: &str,
    hits: &[Hit],
) -> Result<(Zeroizing<Vec<u8>>, usize), SendFailure> {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Err(SendFailure::denied(
            "the body has a stand-in and is not the JSON that its content-type says",
        ));
    }
    let ranges: Vec<_> = hits.iter().map(|hit| hit.range.clone()).collect();
    let mut strings = Vec::new();
    let walk = Walk {
        text: text.as_bytes(),
        hits: &ranges,
        at: 0,
        path: Vec::new(),
        strings: &mut strings,
    };
    if walk.run().is_none() {
        return Err(SendFailure::denied(
            "the body has a stand-in and a JSON key that is there twice in one object, or more than 128 levels",
        ));
    }
    let mut replaced = Vec::with_capacity(hits.len());
    for hit in hits {
        let before = strings.partition_point(|(_, span)| span.start <= hit.range.start);
        let Some((path, span)) = strings[..before]
            .last()
            .filter(|(_, span)| hit.range.end <= span.end)
        else {
            return Err(SendFailure::denied(
                "a stand-in in a JSON body is not inside a string value",
            ));
        };
        // `\u000clv…`: the first letter of the stand-in would belong to an escape before it.
        let before = format!("\"{}\"", &text[span.start..hit.range.start]);
        if serde_json::from_str::<String>(&before).is_err() {
            return Err(SendFailure::denied(
                "a stand-in in a JSON body begins inside an escape",
            ));
        }
        let held = pass.secret(hit, &Spot::Json(path))?;
        let secret = held.secret.expose_str();
        let secret = secret.ok_or_else(|| {
            SendFailure::invalid("the secret is not UTF-8, so JSON can't hold it")
        })?;
        replaced.push((hit.clone(), encode::json(secret)));
    }
    Ok((spliced(text.as_bytes(), &replaced), replaced.len()))
}

/// A walk over text that is known to be JSON.
struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    path: Vec<String>,
    /// What is looked for. A body may hold a hundred thousand strings: only those near a hit are worth their path.
    hits: &'a [Range<usize>],
    /// The strings that are values and touch a hit: the keys and indices that lead there, and where their insides are.
    strings: &'a mut Vec<(Vec<String>, Range<usize>)>,
}

impl Walk<'_> {
    /// None where an object has a key twice, and where the text is deeper than this walk may go.
    fn run(mut self) -> Option<()> {
        self.value()
    }

    fn value(&mut self) -> Option<()> {
        match self.peek()? {
            b'{' | b'[' if self.path.len() >= DEEPEST => None,
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => {
                let inside = self.string();
                let touches =
                    |hit: &Range<usize>| hit.start <= inside.end && inside.start <= hit.end;
                if self.hits.iter().any(touches) {
                    self.strings.push((self.path.clone(), inside));
                }
                Some(())
            }
            _ => {
                let ends =
                    |byte: &u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
                let length = self.text[self.at..].iter().position(ends);
                self.at = length.map_or(self.text.len(), |length| self.at + length);
                Some(())
            }
        }
    }

    fn object(&mut self) -> Option<()> {
        let mut keys = BTreeSet::new();
        self.at += 1;
        while self.peek()? != b'}' {
            if self.peek()? == b',' {
                self.at += 1;
                self.peek()?;
            }
            let inside = self.string();
            let quoted = &self.text[inside.start - 1..=inside.end];
            let key: String = serde_json::from_slice(quoted).ok()?;
            if !keys.insert(key.clone()) {
                return None;
            }
            self.peek()?;
            self.at += 1; // The colon.
            self.path.push(key);
            self.value()?;
            self.path.pop();
        }
        self.at += 1;
        Some(())
    }

    fn array(&mut self) -> Option<()> {
        let mut index = 0_usize;
        self.at += 1;
        while self.peek()? != b']' {
            if self.peek()? == b',' {
                self.at += 1;
                index += 1;
            }
            self.path.push(index.to_string());
            self.value()?;
            self.path.pop();
        }
        self.at += 1;
        Some(())
    }

    /// Moves over a string and gives where its inside is.
    fn string(&mut self) -> Range<usize> {
        let start = self.at + 1;
        let mut end = start;
        while self.text.get(end).is_some_and(|byte| *byte != b'"') {
            end += if self.text[end] == b'\\' { 2 } else { 1 };
        }
        self.at = end + 1;
        start..end
    }

    /// The next byte that isn't white space.
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn strings(text: &str) -> Option<Vec<(String, String)>> {
        let mut strings = Vec::new();
        Walk {
            text: text.as_bytes(),
            hits: std::slice::from_ref(&(0..text.len())),
            at: 0,
            path: Vec::new(),
            strings: &mut strings,
        }
        .run()?;
        let quoted = |inside: &Range<usize>| &text[inside.start - 1..=inside.end];
        let read = |inside| serde_json::from_str(quoted(inside)).expect("a string");
        Some(
            strings
                .iter()
                .map(|(path, inside)| (path.join("/"), read(inside)))
                .collect(),
        )
    }

    fn expected(value: &Value, path: &mut Vec<String>, found: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) => found.push((path.join("/"), text.clone())),
            Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| {
                path.push(index.to_string());
                expected(item, path, found);
                path.pop();
            }),
            Value::Object(fields) => fields.iter().for_each(|(key, item)| {
                path.push(key.clone());
                expected(item, path, found);
                path.pop();
            }),
            _ => {}
        }
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_walk_sees_what_the_parser_sees(document in documents(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let mut found = Vec::new();
            expected(&document, &mut Vec::new(), &mut found);
            prop_assert_eq!(strings(&text.expect("JSON")), Some(found));
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let nested = |levels: usize| format!("{}\"x\"{}", "[".repeat(levels), "]".repeat(levels));
        assert!(strings(&nested(DEEPEST)).is_some());
        assert_eq!(strings(&nested(DEEPEST + 1)), None);
        assert_eq!(strings(&nested(500_000)), None);
    }

    #[test]
    fn a_key_that_is_there_twice_is_seen_through_escapes() {
        assert_eq!(strings(r#"{"a":1,"a":2}"#), None);
        assert_eq!(strings(r#"{"a":1,"\u0061":2}"#), None);
        assert_eq!(
            strings(r#"[{"a":1},{"a":{"a":"x"}}]"#),
            Some(vec![("1/a/a".into(), "x".into())])
        );
    }
}
