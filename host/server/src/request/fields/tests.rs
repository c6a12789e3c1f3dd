use super::*;

fn body(text: &str) -> Fields {
    match serde_json::from_str(text).expect("JSON") {
        Value::Object(object) => Fields::of_body(object),
        _ => panic!("an object"),
    }
}

fn query(pairs: &[(&str, &str)]) -> Fields {
    let text = |text: &str| Value::Text(text.to_owned().into());
    Fields::of_query(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), text(value)))
            .collect(),
    )
}

fn problems(fields: Fields) -> String {
    fields
        .finish()
        .map_or_else(|refusal| refusal.message(), |()| String::new())
}

#[test]
fn everything_wrong_is_told_at_once_and_no_value_is_repeated() {
    let mut fields = body(
        r#"{"name": 5, "tags": ["a", 1], "on": "sk-canary", "at": "sk-canary", "n": 0, "meta": []}"#,
    );
    fields.required_text("name");
    fields.required_text("kind");
    fields.texts("tags");
    fields.boolean("on");
    fields.timestamp("at");
    fields.integer("n", 1..=1000);
    fields.object("meta");
    assert_eq!(
        problems(fields),
        "name: must be text, not a number; kind: is required; tags: must be a list of texts; \
         on: must be true or false; at: must be a time such as 2026-12-31T00:00:00Z; \
         n: must be a whole number from 1 to 1000; meta: must be an object, not a list"
    );
}

#[test]
fn null_is_absent_in_a_body_and_clears_in_a_patch() {
    let mut fields = body(r#"{"a": null, "b": null, "c": "x", "d": null}"#);
    assert_eq!(fields.text("a"), None);
    assert_eq!(fields.change("b", Fields::text), Some(None));
    assert_eq!(fields.change("c", Fields::text), Some(Some("x".to_owned())));
    assert_eq!(fields.change("nothing", Fields::text), None);
    assert_eq!(fields.replacement("d", Fields::text), None);
    assert_eq!(
        problems(fields),
        "d: can't be null; leave it out to keep it"
    );
}

#[test]
fn a_query_has_numbers_and_booleans_as_text() {
    let mut fields = query(&[
        ("limit", "-1"),
        ("offset", "7"),
        ("all", "TRUE"),
        ("none", "maybe"),
        ("size", "9e9"),
    ]);
    assert_eq!(fields.integer("limit", 1..=1000), None);
    assert_eq!(fields.integer("offset", 0..=i64::MAX), Some(7));
    assert_eq!(fields.boolean("all"), Some(true));
    assert_eq!(fields.boolean("none"), None);
    assert_eq!(fields.integer("size", 0..=i64::MAX), None);
    assert_eq!(
        problems(fields),
        "limit: must be a whole number from 1 to 1000; none: must be true or false; size: must be a whole number, 0 or more"
    );
}

#[test]
fn times_may_have_an_offset_none_or_be_dates() {
    let mut fields = body(
        r#"{"a": "2025-01-01T02:00:00+02:00", "b": "2025-01-01T00:00:00", "c": "2025-01-01"}"#,
    );
    for name in ["a", "b", "c"] {
        assert_eq!(
            fields.timestamp(name).map(|at| at.to_string()).as_deref(),
            Some("2025-01-01T00:00:00Z")
        );
    }
}

#[test]
fn an_unknown_word_lists_the_known_ones() {
    let mut fields = body(r#"{"strategy": "sometimes"}"#);
    assert_eq!(
        fields.choice("strategy", &[("manual", 1), ("scheduled", 2)]),
        None
    );
    assert_eq!(
        problems(fields),
        "strategy: must be one of manual, scheduled"
    );
}

#[test]
fn a_key_that_comes_twice_is_refused() {
    let error = serde_json::from_str::<Value>(r#"{"a": 1, "a": 2}"#)
        .map(|_| ())
        .expect_err("refused");
    assert!(
        error.to_string().starts_with("`a` is given twice"),
        "{error}"
    );
}

#[test]
fn a_kinds_fields_are_texts_and_few() {
    let mut fields = body(r#"{"fields": {"a": "x", "b": 5, "c": null, "d": "y"}}"#);
    let read = fields.secrets("fields").unwrap_or_default();
    let names: Vec<&str> = read.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "d"]);
    assert_eq!(problems(fields), "fields.b: must be text, not a number");

    let many: Vec<String> = (0..100_000).map(|n| format!("\"{n}\": {n}")).collect();
    let mut fields = body(&format!("{{\"fields\": {{{}}}}}", many.join(",")));
    assert!(fields.secrets("fields").is_none());
    assert_eq!(problems(fields), "fields: has more than 32 fields");
}
