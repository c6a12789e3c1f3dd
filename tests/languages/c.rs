//! C: Zig's compiler, and the bindings and components that claviger itself makes.

use serde_json::json;

use super::project::Project;
use super::stage::{Stage, me, traps_with_stand_ins, works_as_told};
use super::support::upstream::{Recorded, Reply};

const TOKEN: &str = "dop_v1_WORKS-3fKq8sLm2Vx7";

#[tokio::test]
#[ignore = "needs python3-venv, make and PyPI: see .ci/run"]
async fn a_template_serves_and_holds_no_secret() {
    let project = Project::start("c", "acme", &["validation"]).await;
    // The conformance suite finds fault with a plugin that tells of stand-ins, so this one does where the suite never gets.
    // With stdio, so that the adapter for the first WASI is in the component as well.
    project.edit(
        "src/plugin.c",
        "    switch (answer.status) {\n",
        "    if (answer.status == 418) {\n        \
         fprintf(stderr, \"the guest holds %.*s, %.*s\\n\", (int)key.len, (const char *)key.ptr, \
         (int)answer.body.len, (const char *)answer.body.ptr);\n        \
         __builtin_trap();\n    }\n    switch (answer.status) {\n",
    );
    project.edit(
        "src/plugin.c",
        "#include \"claviger.h\"\n",
        "#include <stdio.h>\n\n#include \"claviger.h\"\n",
    );
    project.make().await;
    let good = Reply::json(200, &json!({})).header("acme-account", "Acme Ltd");
    let mut stage = Stage::set(&project, me(good)).await;
    works_as_told(&mut stage).await;
    traps_with_stand_ins(&mut stage).await;
    stage.strike().await;
}

#[tokio::test]
#[ignore = "needs python3-venv, make and PyPI: see .ci/run"]
async fn a_template_has_a_stub_for_each_capability() {
    Project::start_with_all("c").await.checks().await;
}

#[tokio::test]
#[ignore = "needs python3-venv, make and PyPI: see .ci/run"]
async fn the_example_goes_out_through_the_typed_import() {
    let origin = "https://api.digitalocean.com";
    let project = Project::example("c", "digitalocean", "api_key", origin);
    project.make().await;
    let mut stage = Stage::set(&project, digitalocean).await;
    for (name, secret, status) in [
        ("works", TOKEN, "healthy"),
        ("revoked", "dop_v1_REVOKED-9pWz4tYb6Rc1", "unhealthy"),
        ("scoped", "dop_v1_SCOPED-7hNd5gJe0Qa8", "healthy"),
        ("proxied", "dop_v1_PROXIED-2mUi6xCo4Bs3", "unknown"),
    ] {
        let tested = stage.test(name, secret).await;
        assert_eq!(tested["status"], status, "{tested}\n{}", stage.log());
        let shown = stage.provider().requests().pop();
        let shown = shown.expect("the provider was asked");
        assert_eq!(
            shown.header("authorization"),
            Some(format!("Bearer {secret}").as_str())
        );
    }
    stage.strike().await;
}

/// What `DigitalOcean` says to `GET /v2/account`, and what a proxy on the way says to the token that is named after it.
fn digitalocean(request: &Recorded) -> Reply {
    let token = request.header("authorization").unwrap_or_default();
    match (request.method.as_str(), request.path()) {
        ("GET", "/v2/account") if token.ends_with(TOKEN) => {
            let account = json!({"account": {"email": "sammy@example.com", "status": "active"}});
            Reply::json(200, &account).header("ratelimit-remaining", "4999")
        }
        ("GET", "/v2/account") if token.contains("SCOPED") => {
            let said = "You are not authorized to perform this operation";
            Reply::json(403, &json!({"id": "Forbidden", "message": said}))
        }
        ("GET", "/v2/account") if token.contains("PROXIED") => {
            Reply::body(401, "text/html", "<p>Unauthorized</p>")
        }
        ("GET", "/v2/account") => Reply::json(
            401,
            &json!({"id": "Unauthorized", "message": "Unable to authenticate you"}),
        ),
        _ => Reply::json(404, &json!({"id": "not_found"})),
    }
}
