//! `kill -9` in the middle of a thousand creates: what was acknowledged is there and opens, and nothing is half there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::task::JoinSet;

use super::support::client::Workspace;
use super::support::server::{Server, Site};
use super::support::wait;

const CREATES: usize = 1000;

/// A name and the secret that goes with it.
fn pair(round: usize, number: usize) -> (String, String) {
    (
        format!("round {round} key {number}"),
        format!(
            "sk-crash-{round}-{number:04}-T3BlbkFJ{:016x}",
            rand::random::<u64>()
        ),
    )
}

/// Starts a thousand creates at once and kills the server when `enough` of them were acknowledged.
async fn interrupted(
    site: Site,
    round: usize,
    enough: usize,
    sent: &mut BTreeMap<String, String>,
    acknowledged: &mut BTreeMap<String, String>,
) -> Site {
    let server = site.start().await;
    let workspace = default(&server).await;
    let done = Arc::new(AtomicUsize::new(0));
    let ids = Arc::new(Mutex::new(Vec::new()));
    let mut creates = JoinSet::new();
    for number in 0..CREATES {
        let (name, secret) = pair(round, number);
        sent.insert(name.clone(), secret.clone());
        let (workspace, done, ids) = (workspace.clone(), Arc::clone(&done), Arc::clone(&ids));
        creates.spawn(async move {
            let body = json!({"name": name, "provider": "OPENAI", "api_key": secret});
            let ask = workspace
                .user
                .ask("POST", &workspace.path("/api-key"))
                .json(&body);
            if let Some(answer) = ask.try_send().await {
                let answer = answer.expect(200).json();
                let id = answer["data"]["id"].as_str().expect("an id").to_owned();
                ids.lock()
                    .expect("no task panics with it")
                    .push((id, secret));
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    wait::until("some creates are acknowledged", async || {
        (done.load(Ordering::SeqCst) >= enough).then_some(())
    })
    .await;
    let site = server.kill().await;
    while let Some(create) = creates.join_next().await {
        create.expect("a create either is acknowledged or gets no answer");
    }
    let ids = ids.lock().expect("no task panics with it").clone();
    assert!(
        ids.len() < CREATES,
        "all were done before the kill: nothing was interrupted"
    );
    acknowledged.extend(ids);
    site
}

async fn default(server: &Server) -> Workspace {
    let admin = server.admin().await;
    let id = admin.default_workspace().await;
    admin.workspace(&id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_and_nothing_is_half_there() {
    let (mut sent, mut acknowledged) = (BTreeMap::new(), BTreeMap::new());
    let mut site = Site::new().await;
    for (round, enough) in [1, 150, 500].into_iter().enumerate() {
        site = interrupted(site, round, enough, &mut sent, &mut acknowledged).await;
        let output = site.run(&["audit", "verify"]).await;
        assert!(
            output.status.success(),
            "round {round}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    let server = site.start().await;
    let workspace = default(&server).await;
    for (id, secret) in &acknowledged {
        let revealed = workspace.reveal(id).await.expect(200).json();
        assert_eq!(revealed["data"]["credential_data"]["api_key"], *secret);
    }
    // Those that were not acknowledged are there whole or not at all.
    let listed = workspace.list("").await.expect(200).json();
    let all = listed["data"]["credentials"].as_array().expect("a list");
    assert!(all.len() >= acknowledged.len());
    for one in all {
        let revealed = workspace
            .reveal(one["id"].as_str().expect("an id"))
            .await
            .expect(200)
            .json();
        let name = one["name"].as_str().expect("a name");
        assert_eq!(
            revealed["data"]["credential_data"]["api_key"], sent[name],
            "{name}"
        );
    }
    // A name that is not listed is free.
    let names: Vec<_> = all.iter().filter_map(|one| one["name"].as_str()).collect();
    let free = sent
        .iter()
        .find(|(name, _)| !names.contains(&name.as_str()));
    if let Some((name, secret)) = free {
        workspace.create_api_key(name, "OPENAI", secret).await;
    }

    let (site, status) = server.stop().await;
    assert!(status.success(), "{status}");
    let output = site.run(&["audit", "verify"]).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
