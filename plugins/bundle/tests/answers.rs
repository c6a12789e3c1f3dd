//! What each answer of a provider means, plugin by plugin: a local server answers as the provider would.

use std::collections::BTreeMap;

use claviger_plugins::PLUGINS;
use claviger_runtime::{
    CallContext, CallError, Failure, Field, FieldValue, PluginSettings, Provenance, Report,
    Runtime, RuntimeOptions, Secret, Subject,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// An answer: the path that it is for, the status with its headers, the body.
type Canned = (&'static str, &'static str, &'static str);

/// Answers every request to a path with its canned answer, until the test is over.
async fn provider(answers: Vec<Canned>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let asked = head.split(' ').nth(1).unwrap_or_default();
            let found = answers.iter().find(|(path, _, _)| asked.starts_with(path));
            let (status, body) = found.map_or(("418 Not Asked For", ""), |(_, status, body)| {
                (*status, *body)
            });
            let answer = format!(
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream
                .write_all(answer.as_bytes())
                .await
                .expect("it is read");
        }
    });
    format!("http://{address}")
}

/// Has a plugin validate a credential against a provider that answers so.
async fn validate(
    plugin: &str,
    kind: &str,
    fields: &[(&str, &str)],
    answers: &[Canned],
) -> Result<Report, Failure> {
    let origin = match plugin {
        "slack" => "https://slack.com".to_owned(),
        _ => format!("https://api.{plugin}.com"),
    };
    let local = provider(answers.to_vec()).await;
    let settings = PluginSettings {
        replace_origins: BTreeMap::from([(
            origin.parse().expect("an origin"),
            local.parse().expect("an origin"),
        )]),
        ..PluginSettings::default()
    };
    let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
    let wasm = PLUGINS
        .iter()
        .find(|embedded| embedded.name == plugin)
        .expect("it is embedded")
        .wasm;
    let plugin = runtime
        .load(wasm, Provenance::Embedded, &settings)
        .await
        .expect("it loads");
    let rules = plugin.manifest().kind(kind).expect("a kind").clone();
    let field = |(name, value): &(&str, &str)| Field {
        name: (*name).to_owned(),
        value: if rules.field(name).expect("a field").secret {
            FieldValue::Secret(Secret::from((*value).to_owned()))
        } else {
            FieldValue::Text((*value).to_owned())
        },
    };
    let subject = Subject {
        id: "1".to_owned(),
        name: "test".to_owned(),
        kind: kind.to_owned(),
        version: 1,
        fields: fields.iter().map(field).collect(),
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
        origins: vec![origin.parse().expect("an origin")],
    };
    match plugin
        .validate(CallContext::default(), subject)
        .await
        .result
    {
        Ok(report) => Ok(report),
        Err(CallError::Failure(failure)) => Err(failure),
        Err(other) => panic!("{other}"),
    }
}

fn code(result: &Result<Report, Failure>) -> &str {
    result
        .as_ref()
        .map_or_else(|failure| failure.code.as_str(), |_| "valid")
}

fn detail<'r>(report: &'r Report, key: &str) -> Option<&'r str> {
    report
        .details
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.as_str())
}

async fn openai(status: &'static str, body: &'static str) -> Result<Report, Failure> {
    validate(
        "openai",
        "api_key",
        &[("api_key", "sk-1234567890abcdef")],
        &[("/v1/models", status, body)],
    )
    .await
}

#[tokio::test]
async fn openai_tells_a_bad_key_from_a_bad_day() {
    for (status, body, expected) in [
        ("200 OK", r#"{"object":"list","data":[]}"#, "valid"),
        (
            "200 OK",
            "<html>Welcome to the hotel's network</html>",
            "unreachable",
        ),
        (
            "401 Unauthorized",
            r#"{"error":{"message":"Incorrect API key provided: sk-12***cdef.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            "rejected",
        ),
        (
            "401 Unauthorized",
            r#"{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: api.model.read","type":"invalid_request_error","param":null,"code":null}}"#,
            "restricted",
        ),
        (
            "401 Unauthorized",
            "a proxy wants a password",
            "unreachable",
        ),
        (
            "403 Forbidden",
            r#"{"error":{"message":"No.","type":"invalid_request_error","code":null}}"#,
            "restricted",
        ),
        (
            "403 Forbidden",
            r#"{"error":{"message":"No.","code":"unsupported_country_region_territory"}}"#,
            "unreachable",
        ),
        (
            "429 Too Many Requests\r\nretry-after: 7",
            r#"{"error":{"message":"Slow down.","code":"rate_limit_exceeded"}}"#,
            "rate-limited",
        ),
        (
            "500 Internal Server Error",
            r#"{"error":{"message":"Sorry.","code":null}}"#,
            "unreachable",
        ),
        ("503 Service Unavailable", "", "unreachable"),
        (
            "302 Found\r\nlocation: https://evil.example/",
            "",
            "unreachable",
        ),
    ] {
        assert_eq!(
            code(&openai(status, body).await),
            expected,
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn openai_reports_what_it_was_told() {
    let headers = "200 OK\r\nopenai-organization: acme\r\nx-ratelimit-remaining-requests: 4999\r\nx-request-id: req_1";
    let report = openai(headers, r#"{"object":"list","data":[]}"#)
        .await
        .expect("valid");
    assert_eq!(report.account.as_deref(), Some("acme"));
    assert_eq!(report.rate_limit_remaining, Some(4999));
    assert_eq!(detail(&report, "request-id"), Some("req_1"));

    let limited = openai(
        "429 Too Many Requests\r\nretry-after: 7",
        r#"{"error":{"code":"rate_limit_exceeded"}}"#,
    )
    .await;
    assert_eq!(
        limited.expect_err("rate-limited").retry_after_ms,
        Some(7_000)
    );
}

#[tokio::test]
async fn openai_without_credit_is_a_good_key() {
    let body =
        r#"{"error":{"message":"You exceeded your current quota.","code":"insufficient_quota"}}"#;
    let report = openai("429 Too Many Requests", body)
        .await
        .expect("the key is valid");
    assert_eq!(report.quota_remaining, Some(0));
    assert_eq!(detail(&report, "provider-code"), Some("insufficient_quota"));
}

#[tokio::test]
async fn openai_failures_do_not_repeat_the_masked_key() {
    let body = r#"{"error":{"message":"Incorrect API key provided: sk-12***cdef.","code":"invalid_api_key"}}"#;
    let failure = openai("401 Unauthorized", body)
        .await
        .expect_err("rejected");
    assert!(!format!("{failure:?}").contains("cdef"), "{failure:?}");
    assert!(failure.message.contains("invalid_api_key"), "{failure:?}");
}

#[tokio::test]
async fn openai_admin_keys_are_asked_about_projects() {
    let list = (
        "/v1/organization/projects?limit=1",
        "200 OK",
        r#"{"object":"list","data":[]}"#,
    );
    let result = validate(
        "openai",
        "openai_admin",
        &[("admin_key", "sk-admin-1234567890")],
        &[list],
    )
    .await;
    assert_eq!(code(&result), "valid");
}

#[tokio::test]
async fn anthropic_tells_a_bad_key_from_a_bad_day() {
    for (status, body, expected) in [
        ("200 OK", r#"{"data":[],"has_more":false}"#, "valid"),
        ("200 OK", r#"{"object":"list"}"#, "unreachable"),
        (
            "401 Unauthorized",
            r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
            "rejected",
        ),
        ("401 Unauthorized", "", "unreachable"),
        (
            "402 Payment Required",
            r#"{"type":"error","error":{"type":"billing_error","message":"pay"}}"#,
            "valid",
        ),
        (
            "403 Forbidden",
            r#"{"type":"error","error":{"type":"permission_error","message":"no"}}"#,
            "restricted",
        ),
        (
            "429 Too Many Requests",
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}"#,
            "rate-limited",
        ),
        (
            "500 Internal Server Error",
            r#"{"type":"error","error":{"type":"api_error","message":"sorry"}}"#,
            "unreachable",
        ),
        (
            "529 Overloaded",
            r#"{"type":"error","error":{"type":"overloaded_error","message":"later"}}"#,
            "unreachable",
        ),
    ] {
        let result = validate(
            "anthropic",
            "api_key",
            &[("api_key", "sk-ant-1234567890")],
            &[("/v1/models", status, body)],
        )
        .await;
        assert_eq!(code(&result), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn anthropic_admin_keys_are_asked_about_keys() {
    let list = (
        "/v1/organizations/api_keys?limit=1",
        "200 OK",
        r#"{"data":[],"has_more":false}"#,
    );
    let key = [("admin_key", "sk-ant-admin01-1234567890")];
    let result = validate("anthropic", "anthropic_admin", &key, &[list]).await;
    assert_eq!(code(&result), "valid");
}

#[tokio::test]
async fn supabase_tells_a_bad_token_from_a_bad_day() {
    for (status, body, expected) in [
        ("200 OK", "[]", "valid"),
        ("200 OK", r#"{"data":[]}"#, "unreachable"),
        (
            "401 Unauthorized",
            r#"{"message":"Unauthorized"}"#,
            "rejected",
        ),
        (
            "401 Unauthorized",
            "a proxy wants a password",
            "unreachable",
        ),
        (
            "403 Forbidden",
            r#"{"message":"Forbidden resource"}"#,
            "restricted",
        ),
        (
            "404 Not Found",
            r#"{"message":"Project not found"}"#,
            "restricted",
        ),
        (
            "429 Too Many Requests\r\nretry-after: 7",
            r#"{"message":"ThrottlerException: Too Many Requests"}"#,
            "rate-limited",
        ),
        (
            "500 Internal Server Error",
            r#"{"message":"Sorry"}"#,
            "unreachable",
        ),
        ("503 Service Unavailable", "", "unreachable"),
    ] {
        let fields = [
            ("project_ref", "abcdefghijklmnopqrst"),
            ("api_key", "sb_secret_1234567890"),
            ("access_token", "sbp_1234567890"),
        ];
        let list = ("/v1/projects/abcdefghijklmnopqrst/api-keys", status, body);
        let result = validate("supabase", "supabase", &fields, &[list]).await;
        assert_eq!(code(&result), expected, "{status} {body}");
    }
}

const GOOD_BOT: Canned = (
    "/api/auth.test",
    "200 OK\r\nx-oauth-scopes: chat:write, users:read",
    r#"{"ok":true,"url":"https://x.slack.com/","team":"Acme","user":"bot","team_id":"T1","user_id":"U1","bot_id":"B1"}"#,
);

async fn slack(answers: &[Canned]) -> Result<Report, Failure> {
    let fields = [
        ("bot_token", "xoxb-1234567890-abcdef"),
        ("app_token", "xapp-1234567890-ghijkl"),
    ];
    let fields = if answers.len() > 1 {
        &fields[..]
    } else {
        &fields[..1]
    };
    validate("slack", "slack", fields, answers).await
}

#[tokio::test]
async fn slack_answers_errors_with_200() {
    for (status, body, expected) in [
        (
            "200 OK",
            r#"{"ok":false,"error":"invalid_auth"}"#,
            "rejected",
        ),
        (
            "200 OK",
            r#"{"ok":false,"error":"token_revoked"}"#,
            "rejected",
        ),
        (
            "200 OK",
            r#"{"ok":false,"error":"token_expired"}"#,
            "rejected",
        ),
        (
            "200 OK",
            r#"{"ok":false,"error":"account_inactive"}"#,
            "rejected",
        ),
        (
            "200 OK",
            r#"{"ok":false,"error":"missing_scope"}"#,
            "restricted",
        ),
        (
            "200 OK",
            r#"{"ok":false,"error":"ekm_access_denied"}"#,
            "restricted",
        ),
        (
            "200 OK\r\nretry-after: 30",
            r#"{"ok":false,"error":"ratelimited"}"#,
            "rate-limited",
        ),
        (
            "429 Too Many Requests\r\nretry-after: 30",
            "",
            "rate-limited",
        ),
        (
            "200 OK",
            r#"{"ok":false,"error":"fatal_error"}"#,
            "unreachable",
        ),
        (
            "200 OK",
            r#"{"ok":false,"error":"something_new"}"#,
            "unreachable",
        ),
        ("200 OK", "[]", "unreachable"),
        ("502 Bad Gateway", "", "unreachable"),
    ] {
        let result = slack(&[("/api/auth.test", status, body)]).await;
        assert_eq!(code(&result), expected, "{status} {body}");
        if let Err(failure) = &result
            && expected == "rate-limited"
        {
            assert_eq!(failure.retry_after_ms, Some(30_000));
        }
    }
}

#[tokio::test]
async fn slack_says_whose_token_it_is() {
    let report = slack(&[GOOD_BOT]).await.expect("valid");
    assert_eq!(report.account.as_deref(), Some("Acme (bot)"));
    assert_eq!(report.scopes, ["chat:write", "users:read"]);
    assert_eq!(detail(&report, "team-id"), Some("T1"));
    assert_eq!(detail(&report, "app-token"), None);
}

#[tokio::test]
async fn slack_checks_the_app_token_by_itself() {
    let app = |body| ("/api/apps.connections.open", "200 OK", body);
    let report = slack(&[
        GOOD_BOT,
        app(r#"{"ok":true,"url":"wss://wss.slack.com/link/?ticket=1"}"#),
    ])
    .await
    .expect("valid");
    assert_eq!(detail(&report, "app-token"), Some("valid"));

    let report = slack(&[GOOD_BOT, app(r#"{"ok":false,"error":"internal_error"}"#)])
        .await
        .expect("valid");
    assert!(
        detail(&report, "app-token").is_some_and(|said| said.starts_with("unreachable")),
        "{report:?}"
    );

    let failure = slack(&[GOOD_BOT, app(r#"{"ok":false,"error":"invalid_auth"}"#)])
        .await
        .expect_err("rejected");
    assert_eq!(failure.code, "rejected");
    assert!(failure.message.contains("app-level token"), "{failure:?}");
}
