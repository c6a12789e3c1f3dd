//! Every refusal in every surface's words, side by side: what clients of five APIs rely on.

use http::StatusCode;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;

use super::Surface;
use crate::front::TraceId;
use crate::refusal::{Problem, Refusal};

fn all() -> Vec<Refusal> {
    vec![
        Refusal::Unauthenticated("Authentication required"),
        Refusal::WrongPassword,
        Refusal::NotAMember {
            permission: "credential:read",
        },
        Refusal::Forbidden {
            permission: "credential:reveal",
        },
        Refusal::NotFound {
            what: "Credential",
            name: "unknown-credential".to_owned(),
        },
        Refusal::NoSuchPath,
        Refusal::MethodNotAllowed,
        Refusal::NameTaken {
            what: "Credential",
            name: "duplicate-name".to_owned(),
        },
        Refusal::Conflict {
            message: "Credential is currently being rotated".to_owned(),
            retry_after_ms: Some(5000),
        },
        Refusal::Malformed("The body is not valid JSON: EOF while parsing".to_owned()),
        Refusal::Invalid(vec![
            Problem::new("name", "is required"),
            Problem::new("tags", "must be a list of texts"),
        ]),
        Refusal::TooLarge { limit: 1_048_576 },
        Refusal::TooSlow,
        Refusal::NotJson,
        Refusal::TooManyRequests {
            retry_after_ms: 1500,
        },
        Refusal::Unavailable {
            message: "try again shortly".to_owned(),
            cause: Some("disk full at /secret/path".into()),
        },
        Refusal::Internal("a cause with sk-canary in it".into()),
    ]
}

async fn render(surface: Surface, refusal: &Refusal) -> (StatusCode, Value) {
    let response = surface.error(refusal, &TraceId::random(), Timestamp::UNIX_EPOCH);
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (status, serde_json::from_slice(&body).expect("JSON"))
}

#[tokio::test]
async fn each_surface_has_its_own_shape() {
    for surface in [
        Surface::Accounts,
        Surface::Workspaces,
        Surface::Aegis,
        Surface::Creddy,
        Surface::Admin,
    ] {
        let mut shapes = Vec::new();
        for refusal in all() {
            let (status, mut body) = render(surface, &refusal).await;
            if let Some(trace) = body.get_mut("traceId") {
                assert_eq!(trace.as_str().map(str::len), Some(32));
                *trace = "[trace]".into();
            }
            shapes.push(format!("{} {body}", status.as_u16()));
        }
        insta::assert_snapshot!(format!("{surface:?}").to_lowercase(), shapes.join("\n"));
    }
}

#[tokio::test]
async fn what_is_internal_is_never_told() {
    for surface in [
        Surface::Accounts,
        Surface::Workspaces,
        Surface::Aegis,
        Surface::Creddy,
        Surface::Admin,
    ] {
        for refusal in all() {
            let (_, body) = render(surface, &refusal).await;
            let text = body.to_string();
            assert!(
                !text.contains("canary") && !text.contains("/secret/path"),
                "{text}"
            );
        }
    }
}
