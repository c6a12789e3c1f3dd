//! JavaScript: `SpiderMonkey` and the plugin in one component, by componentize-js.

use serde_json::json;

use super::project::Project;
use super::stage::{KEYS, Stage, me, works_as_told};
use super::support::upstream::Reply;

#[tokio::test]
#[ignore = "needs Node, make and npm's registry: see .ci/run"]
async fn a_template_serves_and_holds_no_secret() {
    let project = Project::start("javascript", "acme", &["validation"]).await;
    project.edit(
        "plugin.js",
        "import { failure, get, secret } from './claviger.js';\n",
        "import { log } from 'claviger:provider/logging@0.1.0';\nimport { failure, get, secret } from './claviger.js';\n",
    );
    project.edit(
        "plugin.js",
        "      case 403:\n",
        "      case 418:\n        log('info', `the guest holds ${key}`);\n        \
         console.error(`last seen: ${key} got ${answer.text()}`);\n        throw new Error(key);\n      case 403:\n",
    );
    project.make().await;
    let good = Reply::json(200, &json!({})).header("acme-account", "Acme Ltd");
    let mut stage = Stage::set(&project, me(good)).await;
    works_as_told(&mut stage).await;
    stage.assert_logged("the guest holds clv");
    stage.assert_logged("last seen: clv");
    stage.strike().await;
}

#[tokio::test]
#[ignore = "needs Node, make and npm's registry: see .ci/run"]
async fn a_template_has_a_stub_for_each_capability() {
    Project::start_with_all("javascript").await.checks().await;
}

#[tokio::test]
#[ignore = "needs Node, make and npm's registry: see .ci/run"]
async fn fetch_goes_out_through_wasi_http() {
    let project = Project::example("javascript", "acme", "acme_key", "https://api.acme.example");
    project.make().await;
    let good = json!({"account": {"name": "Acme Ltd"}, "scopes": ["read"], "expires_at": "2099-01-01T00:00:00Z"});
    let mut stage = Stage::set(&project, me(Reply::json(200, &good))).await;
    works_as_told(&mut stage).await;
    assert_eq!(stage.provider().requests().len(), KEYS.len());
    stage.strike().await;
}
