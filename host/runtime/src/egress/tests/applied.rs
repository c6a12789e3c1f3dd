//! What is put to use goes to the target that the connection opens, at the places of `subjects`, and nowhere else.

use std::collections::BTreeMap;

use super::call::*;
use super::upstream::Upstream;
use crate::egress::{
    EgressRules, Encoding, FailureCode, FieldGrant, OutboundRequest, Role, Session, Target,
};
use crate::manifest::Place;
use crate::origin::OriginPattern;
use crate::secret::Secret;
use crate::subject::{Field, FieldValue, Subject};

const JSON: &str = "application/json";

/// The secret that opens the target.
const OPENS: &str = "opens-the-target-0123456789";

/// A subject's secret that the plugin never asked for.
const UNASKED: &str = "unasked-secret-0123456789";

/// A plugin whose own kind has a name that a subject's kind has, too.
fn applying(target: &Upstream, other: &Upstream) -> EgressRules {
    let own = FieldGrant {
        places: vec![place("{url}", "GET POST", "/", "header:x-api-key")],
        signs: signs("hmac-sha256"),
        ..FieldGrant::default()
    };
    let subject: BTreeMap<String, Vec<Place>> = BTreeMap::from([
        (
            "api_key".to_owned(),
            vec![place("{url}", "POST", "/store", "json:/data/key")],
        ),
        ("region".to_owned(), Vec::new()),
    ]);
    EgressRules {
        origins: ["{url}", OTHER]
            .map(|it| it.parse::<OriginPattern>().expect("an origin"))
            .to_vec(),
        subjects: BTreeMap::from([("api_key".to_owned(), subject)]),
        ..EgressRules {
            kinds: kind("api_key", own),
            ..rules(target, other)
        }
    }
}

fn text(name: &str, value: &str) -> Field {
    Field {
        name: name.to_owned(),
        value: FieldValue::Text(value.to_owned()),
    }
}

/// A credential of another plugin's, stored for another origin than the target's.
fn subject() -> Subject {
    let mut subject = credential("api_key", SECRET);
    subject.origins = vec![origin(OTHER)];
    subject.fields.extend([
        text("region", "eu"),
        text("url", OTHER),
        text("note", "not asked for"),
        Field {
            name: "unasked".to_owned(),
            value: FieldValue::Secret(Secret::new(UNASKED.as_bytes().to_vec())),
        },
    ]);
    subject
}

fn connection() -> Subject {
    let mut connection = credential("api_key", OPENS);
    connection.origins = vec![origin(API)];
    connection.fields.push(text("url", &format!("{API}/base")));
    connection
}

/// A call that puts [`subject`] to use: the stand-ins of its secret and of the connection's.
struct Applying {
    call: Call,
    opens: String,
    fields: Vec<(String, String)>,
    target: Upstream,
    other: Upstream,
}

impl Applying {
    async fn with(connection: Option<&Subject>) -> Self {
        let (target, other) = (Upstream::quiet().await, Upstream::quiet().await);
        let mut session = session(applying(&target, &other));
        let fields = session.admit_applied(&subject(), Target::of(connection));
        let opens = connection.map(|it| session.admit(Role::Connection, it)[0].1.clone());
        let call = Call {
            session,
            stand_in: fields[0].1.clone(),
        };
        Self {
            call,
            opens: opens.unwrap_or_default(),
            fields,
            target,
            other,
        }
    }

    async fn is_denied(&mut self, request: OutboundRequest) {
        let shown = format!("{} {}", request.method, request.url);
        let failure = self.call.send(request).await.expect_err(&shown);
        assert_eq!(failure.code, FailureCode::Denied, "{shown}: {failure:?}");
        assert!(!failure.message.contains(SECRET), "{shown}");
        assert!(self.target.seen().is_empty(), "{shown}");
        assert!(self.other.seen().is_empty(), "{shown}");
    }
}

fn store(url: &str, body: String) -> OutboundRequest {
    post(format!("{url}/store"), JSON, body)
}

#[tokio::test]
async fn it_goes_to_its_place_in_the_target() {
    let mut it = Applying::with(Some(&connection())).await;
    // Its own origins are the provider's, and its own text fields fill no template.
    let shown: Vec<&str> = it.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(shown, ["api_key", "region"]);
    let body = format!(r#"{{"data":{{"key":"Bearer {}"}}}}"#, it.call.stand_in);
    let request = with_header(store(API, body), "x-api-key", &*it.opens);
    it.call.send(request).await.expect("it is sent");
    let sent = it.target.only();
    let body: serde_json::Value = serde_json::from_slice(&sent.body).expect("JSON");
    assert_eq!(body["data"]["key"], format!("Bearer {SECRET}"));
    assert_eq!(sent.header("x-api-key"), OPENS);
    assert!(it.call.session.subject_sent());
}

#[tokio::test]
async fn what_opens_the_target_says_nothing_of_the_subject() {
    let mut it = Applying::with(Some(&connection())).await;
    let request = with_header(get(format!("{API}/")), "x-api-key", &*it.opens);
    it.call.send(request).await.expect("it is sent");
    assert!(!it.call.session.subject_sent());
}

#[tokio::test]
async fn anywhere_else_it_is_denied() {
    let mut it = Applying::with(Some(&connection())).await;
    let (s, opens) = (it.call.stand_in.clone(), it.opens.clone());
    let data = |word: &str| format!(r#"{{"data":{{"key":"{word}"}}}}"#);
    let requests = [
        // Where the subject was stored for, and where its own text field leads.
        store(OTHER, data(&s)),
        store("https://evil.example", data(&s)),
        // Other methods, paths and positions.
        OutboundRequest {
            method: "PUT".to_owned(),
            ..store(API, data(&s))
        },
        post(format!("{API}/"), JSON, data(&s)),
        post(format!("{API}/storeroom"), JSON, data(&s)),
        store(API, format!(r#"{{"key":"{s}"}}"#)),
        store(API, format!(r#"{{"data":{{"other":"{s}"}}}}"#)),
        with_header(store(API, "{}".to_owned()), "authorization", &*s),
        get(format!("{API}/store?key={s}")),
        // The connection's place, which a field of the plugin's own kind of that name has.
        with_header(get(format!("{API}/")), "x-api-key", &*s),
        // And the connection's secret in the subject's place.
        store(API, data(&opens)),
    ];
    for request in requests {
        it.is_denied(request).await;
    }
}

#[tokio::test]
async fn without_a_connection_it_goes_nowhere() {
    let mut it = Applying::with(None).await;
    let body = format!(r#"{{"data":{{"key":"{}"}}}}"#, it.call.stand_in);
    for url in [API, OTHER] {
        it.is_denied(store(url, body.clone())).await;
    }
}

#[tokio::test]
async fn a_connection_for_another_origin_opens_nothing() {
    let mut connection = connection();
    connection.origins = vec![origin(OTHER)];
    let mut it = Applying::with(Some(&connection)).await;
    let body = format!(r#"{{"data":{{"key":"{}"}}}}"#, it.call.stand_in);
    it.is_denied(store(API, body)).await;
}

#[tokio::test]
async fn it_never_signs() {
    let mut it = Applying::with(Some(&connection())).await;
    let session = &mut it.call.session;
    let sign = |session: &mut Session, word: &str| {
        session.sign(word, "hmac-sha256", Encoding::Hex, b"message")
    };
    // The plugin's own kind of that name may.
    sign(session, &it.opens).expect("it signs");
    let refused = sign(session, &it.call.stand_in).expect_err("it doesn't");
    assert_eq!(refused.code, FailureCode::Denied);
}

#[tokio::test]
async fn a_kind_that_was_not_asked_for_is_not_shown() {
    let (target, other) = (Upstream::quiet().await, Upstream::quiet().await);
    let mut session = session(applying(&target, &other));
    let mut subject = subject();
    subject.kind = "slack".to_owned();
    let fields = session.admit_applied(&subject, Target::of(Some(&connection())));
    assert!(fields.is_empty());
}
