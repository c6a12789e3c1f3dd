//! As much of XML as AWS's answers have: elements found by their local names, text with entities.
//!
//! It never fails: what is no XML has no elements.

/// What is inside the first element of that name, wherever it is.
pub fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    elements(xml, name).next()
}

/// What is inside each element of that name, those inside others of the name left out.
pub fn elements<'x>(xml: &'x str, name: &str) -> impl Iterator<Item = &'x str> {
    let mut tags = Tags { xml, at: 0 };
    std::iter::from_fn(move || {
        let open = tags.find(|tag| tag.name == name && tag.kind != Kind::Closes)?;
        if open.kind == Kind::IsEmpty {
            return Some("");
        }
        let mut depth = 1_usize;
        let close = tags.find(|tag| {
            match tag.kind {
                Kind::Opens if tag.name == name => depth += 1,
                Kind::Closes if tag.name == name => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        xml.get(open.end..close.start)
    })
}

/// The text of the first element of that name. None where there is none, or nothing in it.
pub fn text(xml: &str, name: &str) -> Option<String> {
    let inner = element(xml, name)?.trim();
    let text = match inner.strip_prefix("<![CDATA[") {
        Some(data) => data.strip_suffix("]]>")?.to_owned(),
        None if inner.contains('<') => return None,
        None => unescaped(inner),
    };
    Some(text).filter(|text| !text.is_empty())
}

#[derive(PartialEq, Eq)]
enum Kind {
    Opens,
    Closes,
    IsEmpty,
}

struct Tag<'x> {
    /// Without its namespace's prefix.
    name: &'x str,
    kind: Kind,
    start: usize,
    end: usize,
}

struct Tags<'x> {
    xml: &'x str,
    at: usize,
}

impl<'x> Iterator for Tags<'x> {
    type Item = Tag<'x>;

    fn next(&mut self) -> Option<Tag<'x>> {
        loop {
            let start = self.at + self.xml.get(self.at..)?.find('<')?;
            let rest = &self.xml[start..];
            let skipped = [
                ("<!--", "-->"),
                ("<![CDATA[", "]]>"),
                ("<?", "?>"),
                ("<!", ">"),
            ];
            let skipped = skipped.iter().find(|(begin, _)| rest.starts_with(begin));
            if let Some((_, end)) = skipped {
                self.at = start + rest.find(end)? + end.len();
                continue;
            }
            let length = tag_length(rest)?;
            self.at = start + length;
            let inner = &rest[1..length - 1];
            let (inner, kind) = match (inner.strip_prefix('/'), inner.strip_suffix('/')) {
                (Some(inner), _) => (inner, Kind::Closes),
                (None, Some(inner)) => (inner, Kind::IsEmpty),
                (None, None) => (inner, Kind::Opens),
            };
            let name = inner.split_ascii_whitespace().next().unwrap_or_default();
            return Some(Tag {
                name: name.rsplit(':').next().unwrap_or(name),
                kind,
                start,
                end: self.at,
            });
        }
    }
}

/// The bytes of a tag, which ends with a `>` that is in no attribute's value.
fn tag_length(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// With the five entities and those by number replaced; others stay as they are.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.find(';').map(|end| &rest[1..end]);
        if let Some((name, character)) = entity.and_then(|name| Some((name, character(name)?))) {
            plain.push(character);
            rest = &rest[name.len() + 2..];
        } else {
            plain.push('&');
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    plain
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_local_name() {
        let xml = r#"<?xml version="1.0"?><!-- <A>no</A> --><x:R xmlns:x="a>b"><A n='<A>'>1 &amp; &#x32;&#51;</A><B/><A>4</A></x:R>"#;
        assert_eq!(text(xml, "A").as_deref(), Some("1 & 23"));
        assert_eq!(element(xml, "B"), Some(""));
        assert_eq!(text(xml, "B"), None);
        assert_eq!(elements(xml, "A").count(), 2);
        let inner = element(xml, "R").expect("the root");
        assert_eq!(elements(inner, "A").last(), Some("4"));
        assert_eq!(
            text("<a><![CDATA[<b>&amp;]]></a>", "a").as_deref(),
            Some("<b>&amp;")
        );
        assert_eq!(element("<m><m>1</m></m><m>2</m>", "m"), Some("<m>1</m>"));
    }

    #[test]
    fn what_is_no_xml_has_no_elements() {
        for garbage in [
            "",
            "<",
            "<A",
            "<A>",
            "<A>1",
            "</A>",
            "<A>1</B>",
            "<!--",
            "<A 'x>1</A>",
            "&#xffffffff;",
            "<>",
            "ä<ö>ü</ö",
        ] {
            assert_eq!(element(garbage, "A"), None, "{garbage}");
        }
        assert_eq!(
            text("<A>&unknown; & &#xD800; &amp</A>", "A").as_deref(),
            Some("&unknown; & &#xD800; &amp")
        );
        assert_eq!(text("<A><B>1</B></A>", "A"), None);
    }
}
