//! Rust: the SDK that comes along, by cargo.

use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use super::project::Project;
use super::stage::{Stage, me, traps_with_stand_ins, works_as_told};
use super::support::upstream::Reply;

#[tokio::test]
#[ignore = "needs make and crates.io: see .ci/run"]
async fn a_template_serves_and_holds_no_secret() {
    let project = Project::start("rust", "acme", &["validation"]).await;
    unit_tests(&project).await;
    // The conformance suite finds fault with a plugin that tells of stand-ins, so this one does where the suite never gets.
    project.edit(
        "src/lib.rs",
        "        let account = ",
        "        if answer.status() == 418 {\n            \
         panic!(\"the guest holds {key}, {}\", String::from_utf8_lossy(answer.body()));\n        }\n        \
         let account = ",
    );
    project.make().await;
    let good = Reply::json(200, &json!({})).header("acme-account", "Acme Ltd");
    let mut stage = Stage::set(&project, me(good)).await;
    works_as_told(&mut stage).await;
    traps_with_stand_ins(&mut stage).await;
    stage.strike().await;
}

#[tokio::test]
#[ignore = "needs make and crates.io: see .ci/run"]
async fn a_template_has_a_stub_for_each_capability() {
    Project::start_with_all("rust").await.checks().await;
}

/// What the template's README says of `cargo test`: it needs no host.
async fn unit_tests(project: &Project) {
    let component = project.component();
    let output = Command::new("cargo")
        .arg("test")
        .current_dir(component.parent().expect("a directory"))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("test result: ok. 2 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
