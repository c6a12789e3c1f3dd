//! A plugin that fails time and again rests, and the version before it serves meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use claviger_runtime::{
    CallContext, CallError, Catalogue, Clock, Field, FieldValue, Plugin, PluginSettings,
    PluginState, Provenance, Runtime, RuntimeOptions, Secret, Subject,
};
use claviger_test_guests as guests;

struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

const START: u64 = 1_700_000_000_000;

fn runtime() -> (Runtime, Arc<SetClock>) {
    let clock = Arc::new(SetClock(AtomicU64::new(START)));
    let options = RuntimeOptions {
        clock: clock.clone(),
        max_calls: 8,
        ..RuntimeOptions::default()
    };
    (Runtime::new(options).expect("a runtime"), clock)
}

async fn load(runtime: &Runtime, wasm: &[u8], settings: &str) -> Arc<Plugin> {
    let settings: PluginSettings = serde_json::from_str(settings).expect("settings");
    let loaded = runtime.load(wasm.to_vec(), Provenance::Directory, &settings);
    loaded.await.expect("a plugin")
}

async fn call(plugin: &Plugin, what: &str) -> Result<(), CallError> {
    let field = |name: &str, value| Field {
        name: name.to_owned(),
        value,
    };
    let subject = Subject {
        id: "CRD-1".to_owned(),
        name: "key".to_owned(),
        kind: "test".to_owned(),
        version: 1,
        fields: vec![
            field(
                "secret",
                FieldValue::Secret(Secret::from("sk-0123456789abcdef".to_owned())),
            ),
            field("what", FieldValue::Text(what.to_owned())),
        ],
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
        origins: Vec::new(),
    };
    let outcome = plugin.validate(CallContext::default(), subject).await;
    outcome.result.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn five_traps_make_it_rest_and_one_call_tries_it_afterwards() {
    let (runtime, clock) = runtime();
    let plugin = load(&runtime, guests::PANIC, "{}").await;
    for _ in 0..5 {
        let failed = call(&plugin, "").await;
        assert!(matches!(failed, Err(CallError::Trap { .. })), "{failed:?}");
    }
    assert!(!plugin.is_available());
    let resting = call(&plugin, "").await;
    let retry_after = Duration::from_secs(1);
    assert_eq!(resting, Err(CallError::Resting { retry_after }));
    assert_eq!(plugin.health().failures, 5);

    clock.0.fetch_add(1000, Ordering::SeqCst);
    assert_eq!(plugin.health().state, PluginState::OnTrial);
    let failed = call(&plugin, "").await;
    assert!(matches!(failed, Err(CallError::Trap { .. })), "{failed:?}");
    let resting = call(&plugin, "").await;
    let retry_after = Duration::from_secs(2);
    assert_eq!(resting, Err(CallError::Resting { retry_after }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_sleeps_its_time_away_fails_by_its_own_fault() {
    let (runtime, _) = runtime();
    let plugin = load(&runtime, guests::SLEEP, r#"{"timeout": "50ms"}"#).await;
    for _ in 0..5 {
        let failed = call(&plugin, "").await;
        assert!(
            matches!(failed, Err(CallError::TimedOut { .. })),
            "{failed:?}"
        );
    }
    assert!(!plugin.is_available());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_hangs_takes_the_plugin_from_nobody() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let upstream = format!("http://{}", listener.local_addr().expect("an address"));
    let (runtime, _) = runtime();
    let settings = format!(
        r#"{{"timeout": "60ms", "replace-origins": {{"https://upstream.example": "{upstream}"}}}}"#
    );
    let plugin = load(&runtime, guests::HANG_IN_HOST_CALL, &settings).await;
    for _ in 0..8 {
        let failed = call(&plugin, "").await;
        assert!(
            !matches!(failed, Ok(()) | Err(CallError::Resting { .. })),
            "{failed:?}"
        );
    }
    assert!(plugin.is_available());
    assert_eq!(plugin.health().failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_before_serves_while_it_rests() {
    let (runtime, clock) = runtime();
    let [old, new] = ["0.1.0", "0.2.0"].map(|version| {
        let kinds = r#"[{"name": "test", "label": "Test", "fields": [{"name": "what", "label": "What to do"}]}]"#;
        guests::dropped(&format!(
            r#"{{"name": "stub", "version": "{version}", "description": "A test plugin.", "origins": [], "kinds": {kinds}}}"#
        ))
    });
    let old = load(&runtime, &old, "{}").await;
    let new = load(&runtime, &new, "{}").await;
    let catalogue = Catalogue::new(vec![old, new]);
    let serving = |pin: Option<&str>| {
        let pin = pin.map(|pin| pin.parse().expect("a range"));
        let plugin = catalogue.select("stub", pin.as_ref()).expect("a plugin");
        plugin.version().to_string()
    };
    assert_eq!(serving(None), "0.2.0");
    for _ in 0..5 {
        let plugin = catalogue.by_name("stub").expect("a plugin");
        assert!(call(plugin, "trap 0.2.0").await.is_err());
    }
    assert_eq!(serving(None), "0.1.0");
    assert_eq!(serving(Some("^0.2")), "0.2.0");
    assert_eq!(serving(Some(">=0.1")), "0.1.0");
    let serving_now = catalogue.by_name("stub").expect("a plugin");
    call(serving_now, "trap 0.2.0").await.expect("an answer");
    clock.0.fetch_add(1000, Ordering::SeqCst);
    assert_eq!(serving(None), "0.2.0");
}
