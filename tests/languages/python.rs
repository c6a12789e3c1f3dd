//! Python: `CPython` and the plugin in one component, by componentize-py.

use serde_json::json;

use super::project::Project;
use super::stage::{KEYS, Stage, me, works_as_told};
use super::support::upstream::Reply;

#[tokio::test]
#[ignore = "needs python3-venv, make and PyPI: see .ci/run"]
async fn a_template_serves_and_holds_no_secret() {
    let project = Project::start("python", "acme", &["validation"]).await;
    project.edit(
        "plugin.py",
        "from wit_world import exports\n",
        "from wit_world import exports\nfrom wit_world.imports import logging\n",
    );
    project.edit(
        "plugin.py",
        "            case 403:\n",
        "            case 418:\n                \
         logging.log(logging.Level.INFO, f'the guest holds {key}')\n                \
         raise RuntimeError(f'{key} got {answer.body!r}')\n            case 403:\n",
    );
    project.make().await;
    let good = Reply::json(200, &json!({})).header("acme-account", "Acme Ltd");
    let mut stage = Stage::set(&project, me(good)).await;
    works_as_told(&mut stage).await;
    stage.assert_logged("the guest holds clv");
    stage.assert_logged("RuntimeError: clv");
    stage.strike().await;
}

#[tokio::test]
#[ignore = "needs python3-venv, make and PyPI: see .ci/run"]
async fn a_template_has_a_stub_for_each_capability() {
    Project::start_with_all("python").await.checks().await;
}

#[tokio::test]
#[ignore = "needs python3-venv, make and PyPI: see .ci/run"]
async fn niquests_goes_out_through_wasi_http() {
    let project = Project::example("python", "acme", "acme_key", "https://api.acme.example");
    project.make().await;
    let good = json!({"account": {"name": "Acme Ltd"}, "scopes": ["read"], "expires_at": "2099-01-01T00:00:00Z"});
    let mut stage = Stage::set(&project, me(Reply::json(200, &good))).await;
    works_as_told(&mut stage).await;
    for request in stage.provider().requests() {
        let client = request.header("user-agent").unwrap_or_default();
        assert!(client.starts_with("niquests/"), "{request:?}");
    }
    assert_eq!(stage.provider().requests().len(), KEYS.len());
    stage.strike().await;
}
