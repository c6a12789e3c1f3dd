//! The query, read like a body: field by field, with everything that is wrong told at once.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::fields::Fields;
use super::value::Value;

/// The fields of the query. A query that isn't there has none.
pub(crate) struct Query(pub(crate) Fields);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parse(parts.uri.query().unwrap_or_default())))
    }
}

fn parse(query: &str) -> Fields {
    let mut object: Vec<(String, Value)> = Vec::new();
    let mut problems = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if value.contains(char::REPLACEMENT_CHARACTER) {
            problems.push((name, "is not UTF-8"));
        } else if object.iter().any(|(known, _)| *known == name) {
            problems.push((name, "is given twice"));
        } else {
            object.push((
                name.into_owned(),
                Value::Text(Zeroizing::new(value.into_owned())),
            ));
        }
    }
    let mut fields = Fields::of_query(object);
    for (name, message) in problems {
        fields.problem(&name, message);
    }
    fields
}
