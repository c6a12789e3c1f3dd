//! What a plugin call costs, part by part: the store, the instance, the call itself; on a live instance, as a native
//! function, and through the runtime, with and without a request. Then the budgets, as ratios of one run.
//!
//! `cargo bench --bench call`. The parts are measured on an engine of the bench's own, with the runtime's settings
//! (`host/runtime/src/engine.rs`); the whole is the runtime itself.

use std::hint::black_box;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use claviger_plugins::PLUGINS;
use claviger_runtime::subject::{CallContext, Field, FieldValue, Subject};
use claviger_runtime::{Plugin, PluginSettings, Provenance, Runtime, RuntimeOptions, Secret};
use criterion::{BatchSize, Criterion};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
};

mod report;

use report::{median, report, table};

mod bindings {
    //! The guest's validation alone; its imports are traps.
    #![allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated code")]

    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package claviger:bench;
            world echo { export claviger:provider/validation@0.1.0; }
        ",
        world: "claviger:bench/echo",
        exports: { default: async },
    });
}

use bindings::claviger::provider::types;
use bindings::exports::claviger::provider::validation::{Guest, GuestIndices, Report};

const ROUNDS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if arguments
        .iter()
        .any(|argument| argument == "serve-upstream")
    {
        runtime.block_on(serve_upstream());
    } else if arguments.iter().any(|argument| argument == "--bench") {
        let rig = runtime.block_on(Rig::new());
        parts(&rig, &runtime);
        table();
        budgets(&rig, &runtime);
    }
}

/// An engine as the runtime sets it up, the guest `echo` in it, and the runtime itself with the same guest.
struct Rig {
    engine: Engine,
    guest: InstancePre<()>,
    indices: GuestIndices,
    plugin: Arc<Plugin>,
}

impl Rig {
    async fn new() -> Self {
        let engine = Engine::new(&config()).expect("an engine");
        let ticked = engine.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(5));
                ticked.increment_epoch();
            }
        });
        let component = Component::new(&engine, claviger_test_guests::ECHO).expect("a component");
        let mut linker = Linker::new(&engine);
        linker
            .define_unknown_imports_as_traps(&component)
            .expect("imports");
        let guest = linker.instantiate_pre(&component).expect("it links");
        let indices = GuestIndices::new(&guest).expect("it validates");
        let plugin = load(claviger_test_guests::ECHO, &PluginSettings::default()).await;
        Self {
            engine,
            guest,
            indices,
            plugin,
        }
    }

    fn store(&self) -> Store<()> {
        let mut store = Store::new(&self.engine, ());
        store.epoch_deadline_async_yield_and_update(1);
        store
    }

    async fn live(&self) -> (Store<()>, Guest) {
        let mut store = self.store();
        let instance = self
            .guest
            .instantiate_async(&mut store)
            .await
            .expect("an instance");
        let guest = self
            .indices
            .load(&mut store, &instance)
            .expect("it validates");
        (store, guest)
    }

    /// Everything that a call is, once, without the runtime around it.
    async fn fresh(&self, credential: &types::Credential) -> Report {
        let (mut store, guest) = self.live().await;
        call(&mut store, &guest, credential).await
    }
}

async fn load(guest: &'static [u8], settings: &PluginSettings) -> Arc<Plugin> {
    let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
    runtime
        .load(guest, Provenance::Embedded, settings)
        .await
        .expect("it loads")
}

async fn call(store: &mut Store<()>, guest: &Guest, credential: &types::Credential) -> Report {
    guest
        .call_validate(store, &context(), credential)
        .await
        .expect("it runs")
        .expect("a report")
}

/// The settings of `host/runtime/src/engine.rs`.
fn config() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(65)
        .total_core_instances(65 * 8)
        .total_memories(65 * 2)
        .total_tables(65 * 4)
        .total_stacks(65);
    pool.max_memory_size(256 << 20).table_elements(100_000);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Auto)
            .linear_memory_keep_resident(1 << 20)
            .table_keep_resident(1 << 20)
            .async_stack_keep_resident(64 << 10);
    }
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_reservation(256 << 20)
        .memory_reservation_for_growth(0)
        .memory_init_cow(true)
        .epoch_interruption(true)
        .concurrency_support(false)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        .async_stack_zeroing(true);
    config
}

const FIELDS: usize = 10;

/// A credential of ten fields, as a guest sees it.
fn credential() -> types::Credential {
    let field = |number: usize| types::Attribute {
        key: format!("field_{number}"),
        value: format!("value number {number}"),
    };
    types::Credential {
        id: "0123456789abcdef".to_owned(),
        name: "benchmark".to_owned(),
        kind: "test".to_owned(),
        version: 3,
        fields: (0..FIELDS).map(field).collect(),
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
    }
}

fn context() -> types::Context {
    types::Context {
        idempotency_key: "one-operation".to_owned(),
        now_ms: 1_700_000_000_000,
        deadline_ms: 30_000,
        settings: Vec::new(),
        connection: None,
        options: Vec::new(),
    }
}

/// The same as the host holds it: one of the ten is a secret.
fn subject(kind: &str, secret: &str, value: &str, texts: usize) -> Subject {
    let secret = Field {
        name: secret.to_owned(),
        value: FieldValue::Secret(Secret::from(value.to_owned())),
    };
    let text = |number: usize| Field {
        name: format!("field_{number}"),
        value: FieldValue::Text(format!("value number {number}")),
    };
    Subject {
        id: "0123456789abcdef".to_owned(),
        name: "benchmark".to_owned(),
        kind: kind.to_owned(),
        version: 3,
        fields: std::iter::once(secret)
            .chain((0..texts).map(text))
            .collect(),
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
        origins: vec!["https://api.openai.com".parse().expect("an origin")],
    }
}

async fn through_runtime(plugin: &Plugin) {
    let subject = subject("test", "secret", "a-secret-of-some-length", FIELDS - 1);
    let outcome = plugin.validate(CallContext::default(), subject).await;
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    black_box(outcome);
}

/// What `echo` does, without a sandbox.
#[inline(never)]
fn native(context: &types::Context, credential: types::Credential) -> Report {
    let detail = |key: &str, value: String| types::Attribute {
        key: key.to_owned(),
        value,
    };
    let mut details = credential.fields;
    details.push(detail("id", credential.id));
    details.push(detail("kind", credential.kind));
    details.push(detail("version", credential.version.to_string()));
    details.push(detail("idempotency-key", context.idempotency_key.clone()));
    Report {
        account: Some(credential.name),
        rate_limit_remaining: Some(u64::from(context.deadline_ms)),
        quota_remaining: Some(100),
        expires_at_ms: credential.expires_at_ms.or(Some(context.now_ms)),
        scopes: vec!["read".to_owned(), "write".to_owned()],
        details,
    }
}

/// Criterion's view of the parts.
fn parts(rig: &Rig, runtime: &tokio::runtime::Runtime) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20);
    let credential = credential();
    criterion.bench_function("native function", |bencher| {
        bencher.iter(|| black_box(native(&context(), black_box(credential.clone()))));
    });
    criterion.bench_function("store", |bencher| bencher.iter(|| black_box(rig.store())));
    criterion.bench_function("instantiate", |bencher| {
        bencher.to_async(runtime).iter_batched(
            || rig.store(),
            |mut store| async move {
                let instance = rig
                    .guest
                    .instantiate_async(&mut store)
                    .await
                    .expect("an instance");
                black_box(instance);
                store
            },
            BatchSize::PerIteration,
        );
    });
    let (mut store, guest) = runtime.block_on(rig.live());
    criterion.bench_function("call on a live instance", |bencher| {
        bencher.iter(|| futures_block(runtime, call(&mut store, &guest, &credential)));
    });
    criterion.bench_function("store, instantiate, call, drop", |bencher| {
        bencher.iter(|| futures_block(runtime, rig.fresh(&credential)));
    });
    criterion.bench_function("the same through the runtime", |bencher| {
        bencher.iter(|| futures_block(runtime, through_runtime(&rig.plugin)));
    });
}

fn futures_block<T>(runtime: &tokio::runtime::Runtime, future: impl Future<Output = T>) -> T {
    runtime.block_on(future)
}

/// Seconds of one round of `count`, divided by it.
macro_rules! each {
    ($count:expr, $what:expr) => {{
        let began = Instant::now();
        for _ in 0..$count {
            black_box($what);
        }
        began.elapsed().as_secs_f64() / f64::from($count)
    }};
}

fn budgets(rig: &Rig, runtime: &tokio::runtime::Runtime) {
    let credential = credential();
    let (mut bare, mut whole, mut lives) = (Vec::new(), Vec::new(), Vec::new());
    runtime.block_on(async {
        let (mut store, guest) = rig.live().await;
        for _ in 0..ROUNDS {
            let live = each!(5000_u32, call(&mut store, &guest, &credential).await);
            bare.push(each!(5000_u32, rig.fresh(&credential).await) / live);
            whole.push(each!(5000_u32, through_runtime(&rig.plugin).await) / live);
            lives.push(live * 1e6);
        }
    });
    let (bare, whole, live) = (median(bare), median(whole), median(lives));
    report(
        "",
        "a call on a live instance",
        "",
        &format!("{live:.1} µs"),
        true,
    );
    report(
        "1",
        "a call in a fresh sandbox against a live instance",
        "<= 3.5 x",
        &format!("{bare:.1} x"),
        bare <= 3.5,
    );
    report(
        "(1)",
        "the same with all that the runtime adds (stand-ins, limits)",
        "-",
        &format!("{whole:.1} x"),
        true,
    );
    let scaling = median(
        (0..ROUNDS)
            .map(|_| rate(&rig.plugin, 2) / rate(&rig.plugin, 1))
            .collect(),
    );
    report(
        "2",
        "calls a second on 2 threads against 1",
        ">= 1.8 x",
        &format!("{scaling:.2} x"),
        scaling >= 1.8,
    );
    runtime.block_on(over_http());
}

/// Calls a second on that many threads.
fn rate(plugin: &Arc<Plugin>, threads: u32) -> f64 {
    const CALLS: u32 = 10_000;
    let began = Instant::now();
    let lanes: Vec<_> = (0..threads)
        .map(|_| {
            let plugin = Arc::clone(plugin);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime");
                runtime.block_on(async {
                    for _ in 0..CALLS {
                        through_runtime(&plugin).await;
                    }
                });
            })
        })
        .collect();
    for lane in lanes {
        lane.join().expect("every call succeeds");
    }
    f64::from(CALLS * threads) / began.elapsed().as_secs_f64()
}

/// Answers as `OpenAI` does, in a process of its own.
async fn serve_upstream() {
    let model = |id: &str| json!({"id": id, "object": "model", "created": 1_686_935_002, "owned_by": "openai"});
    let models =
        json!({"object": "list", "data": [model("gpt-4o-mini"), model("text-embedding-3-small")]});
    let models = move || std::future::ready(axum::Json(models.clone()));
    let router = axum::Router::new()
        .route("/v1/models", axum::routing::get(models.clone()))
        .route("/header/v1/models", axum::routing::get(models));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    println!("{}", listener.local_addr().expect("bound"));
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let _ = stream.set_nodelay(true);
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(io, service)
                .await;
        });
    }
}

async fn upstream() -> (Child, String) {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    let mut child = command
        .arg("serve-upstream")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("this binary");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let address = lines
        .next_line()
        .await
        .expect("a line")
        .expect("an address");
    (child, format!("http://{address}"))
}

/// Sent at a time, and by each of them.
const LANES: u32 = 16;
const EACH: u32 = 300;
const KEY: &str = "sk-proj-benchmark-T3BlbkFJ7hM2qZ";

/// Budgets 6 and 7: validation with one request, by the host's own HTTP and by `wasi:http`, against the same request by a
/// pooled hyper client.
async fn over_http() {
    let (_child, origin) = upstream().await;
    let replacing = |replaced: &str| {
        serde_json::from_value(json!({"replace-origins": {replaced: origin}})).expect("settings")
    };
    let wasm = PLUGINS
        .iter()
        .find(|plugin| plugin.name == "openai")
        .expect("it is embedded")
        .wasm;
    let own = load(wasm, &replacing("https://api.openai.com")).await;
    let fetching = claviger_test_guests::FETCHER;
    let fetching = load(fetching, &replacing("https://upstream.example")).await;
    let client: Client<HttpConnector, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();

    let (mut own_ratios, mut fetching_ratios) = (Vec::new(), Vec::new());
    let mut last = [0.0; 3];
    for _ in 0..ROUNDS {
        let (client, origin) = (client.clone(), origin.clone());
        let native = requests(move || asked(client.clone(), origin.clone())).await;
        let plugin = own.clone();
        let key = || subject("api_key", "api_key", KEY, 0);
        let by_own = requests(move || validated(plugin.clone(), key())).await;
        let plugin = fetching.clone();
        let by_fetching = requests(move || validated(plugin.clone(), fetched())).await;
        own_ratios.push(by_own / native);
        fetching_ratios.push(by_fetching / native);
        last = [native, by_own, by_fetching];
    }
    let [native, by_own, by_fetching] = last;
    for (number, what, budget, ratios, rate) in [
        ("6", "the host's HTTP", 0.6, own_ratios, by_own),
        ("7", "`wasi:http`", 0.4, fetching_ratios, by_fetching),
    ] {
        let ratio = median(ratios);
        report(
            number,
            &format!("validation over {what} through a plugin against native"),
            &format!(">= {budget}"),
            &format!("{ratio:.2} ({rate:.0}/s of {native:.0}/s)"),
            ratio >= budget,
        );
    }
}

/// How many are done in a second.
async fn requests<F: Future<Output = ()> + Send + 'static>(
    one: impl Fn() -> F + Clone + Send + 'static,
) -> f64 {
    let began = Instant::now();
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        let one = one.clone();
        lanes.spawn(async move {
            for _ in 0..EACH {
                one().await;
            }
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane.expect("every request succeeds");
    }
    f64::from(LANES * EACH) / began.elapsed().as_secs_f64()
}

/// By the client itself.
async fn asked(client: Client<HttpConnector, Empty<Bytes>>, origin: String) {
    let request = http::Request::get(format!("{origin}/v1/models"))
        .header("authorization", format!("Bearer {KEY}"));
    let answer = client
        .request(request.body(Empty::new()).expect("a request"))
        .await
        .expect("an answer");
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    black_box(serde_json::from_slice::<serde_json::Value>(&body).expect("JSON"));
}

/// By a plugin.
async fn validated(plugin: Arc<Plugin>, subject: Subject) {
    let outcome = plugin.validate(CallContext::default(), subject).await;
    let report = outcome.result.expect("a report");
    assert!(
        report
            .details
            .iter()
            .all(|(key, _)| !key.ends_with("failure")),
        "{report:?}"
    );
}

/// The same request as a script of the guest `fetcher`.
fn fetched() -> Subject {
    let script = json!([[{"name": "one", "url": "https://upstream.example/header/v1/models",
        "headers": [["authorization", "Bearer {secret}"]]}]]);
    let mut subject = subject("scripted", "secret", KEY, 0);
    subject.fields.push(Field {
        name: "script".to_owned(),
        value: FieldValue::Text(script.to_string()),
    });
    subject.origins = vec!["https://upstream.example".parse().expect("an origin")];
    subject
}
