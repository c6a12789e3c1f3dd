//! What has to be in a request: a position, and a text with the fields of a working credential filled in.

use std::collections::{BTreeMap, HashMap};

use claviger_runtime::manifest::Position;

use super::items::Items;
use super::request::Recorded;

/// Whether all needs are met by one and the same credential, or by one of the things that were made.
pub(super) fn are_met(
    needs: &HashMap<Position, String>,
    request: &Recorded,
    working: &[BTreeMap<String, String>],
    items: &Items,
) -> bool {
    let nothing = BTreeMap::new();
    let of_items = items.iter().map(super::items::Item::fields);
    let met_by = |fields: &BTreeMap<String, String>| {
        needs.iter().all(|(position, template)| {
            filled(template, fields)
                .is_some_and(|wanted| request.at(position).iter().any(|sent| *sent == wanted))
        })
    };
    met_by(&nothing)
        || working.iter().any(met_by)
        || of_items.into_iter().any(|fields| met_by(&fields))
}

/// The text with `{field}` replaced by the field; none where there is no such field.
pub(super) fn filled(template: &str, fields: &BTreeMap<String, String>) -> Option<String> {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        text.push_str(before);
        text.push_str(fields.get(name)?);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_in() {
        let fields = BTreeMap::from([("api_key".to_owned(), "k".to_owned())]);
        assert_eq!(
            filled("Bearer {api_key}!", &fields).as_deref(),
            Some("Bearer k!")
        );
        assert_eq!(filled("constant", &fields).as_deref(), Some("constant"));
        assert_eq!(filled("Bearer {other}", &fields), None);
    }
}
