//! A plugin is replaced again and again under load.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::super::support::server::Site;
use super::start::resident;
use super::{directory, listed, plugin, put, reload, start, store, version};

/// How often it is replaced.
const TIMES: usize = 200;
/// After so many the server has what it needs for all of them.
const WARM: usize = 60;
/// Callers at a time.
const CALLERS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_replacements_under_load_fail_no_request() {
    let (server, admin) = start(Site::new().await.log_level("error")).await;
    let versions: Vec<(String, Vec<u8>)> = (0..4)
        .map(|minor| format!("1.{minor}.0"))
        .map(|version| (version.clone(), plugin("acme", &version).wasm()))
        .collect();
    let broken: [&[u8]; 4] = [
        b"broken",
        &versions[0].1[..versions[0].1.len() / 2],
        claviger_test_guests::WRONG_VERSION_IMPORT,
        claviger_test_guests::DESCRIBE_TRAP,
    ];
    put(&server.site, "acme.wasm", &versions[0].1);
    reload(&admin).await;
    store(&admin, "key", "acme", "").await;
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.0.0"));

    let (stop, calls) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (stop, calls) = (Arc::clone(&stop), Arc::clone(&calls));
            let http = super::super::support::client::Http::new(server.base.clone());
            let admin = super::super::support::client::User {
                http,
                token: admin.token.clone(),
            };
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let tested = admin.test("key").await;
                    let account = tested["details"]["account"].as_str().unwrap_or_default();
                    assert!(account.starts_with("1."), "{tested}");
                    calls.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();

    let mut serving = "1.0.0";
    let mut before = 0;
    for round in 0..TIMES {
        if round == WARM {
            before = resident(server.pid());
        }
        if round % 5 == 4 {
            put(&server.site, "acme.wasm", broken[round / 5 % broken.len()]);
            listed(&reload(&admin).await, "acme.wasm", "refused");
        } else {
            let (version, wasm) = &versions[round % versions.len()];
            if round % 3 == 0 {
                // In place, as `cp` does: a look may find it half.
                fs::write(directory(&server.site).join("acme.wasm"), wasm).expect("written");
            } else {
                put(&server.site, "acme.wasm", wasm);
            }
            let list = reload(&admin).await;
            assert_eq!(
                listed(&list, "acme.wasm", "serving")["version"],
                version.as_str()
            );
            serving = version;
        }
        assert_eq!(version(&admin, "key").await.as_deref(), Some(serving));
    }
    let after = resident(server.pid());
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.expect("no request failed");
    }
    let calls = calls.load(Ordering::SeqCst);
    println!(
        "{calls} calls beside {TIMES} replacements; {} MiB, then {} MiB",
        before >> 20,
        after >> 20
    );
    assert!(calls > TIMES, "{calls}");
    assert!(
        after < before + before / 10,
        "{before} bytes became {after}"
    );
}
