//! The query, read like a body: field by field, with everything that is wrong told at once.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::fields::{Fields, MOST_FIELDS};
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
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    for (name, value) in parameters.by_ref().take(MOST_FIELDS) {
        if value.contains('\0') {
            // PostgreSQL has no such text, so there is nothing to look for.
            problems.push((name, "has a NUL character"));
        } else if value.contains(char::REPLACEMENT_CHARACTER) {
            problems.push((name, "is not UTF-8"));
        } else if !seen.insert(name.clone()) {
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
    if parameters.next().is_some() {
        fields.problem(
            "",
            format!("The query has more than {MOST_FIELDS} parameters"),
        );
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn problem(query: &str) -> String {
        parse(query)
            .finish()
            .map_or_else(|refusal| refusal.message(), |()| String::new())
    }

    #[test]
    fn what_no_database_could_look_for_is_refused() {
        assert_eq!(
            problem("type=a&provider=b%00c"),
            "provider: has a NUL character"
        );
        assert_eq!(problem("type=%ff"), "type: is not UTF-8");
        assert_eq!(problem("type=a&type=b"), "type: is given twice");
        assert_eq!(problem("type=a&provider=b"), "");
    }

    #[test]
    fn of_many_parameters_no_more_are_read_than_count() {
        let many: Vec<String> = (0..10_000).map(|number| format!("p{number}=1")).collect();
        assert_eq!(
            problem(&many.join("&")),
            "The query has more than 32 parameters"
        );
    }
}
