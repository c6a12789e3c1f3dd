//! Requests per second of the running server beside a bare axum answer in the same run, and what it costs to start, to
//! wait and to list. Prints each budget with what was measured; ratios, since machines differ.
//!
//! `cargo bench --bench requests`. The bare server and the upstream run as processes of their own (this binary again), so
//! that everything has the same room.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Connection, Executor, Row, SqliteConnection};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

mod load;
mod report;
#[path = "../support/lib.rs"]
mod support;

use load::{CONNECTIONS, Load, bytes, load};
use report::{median, report, table};
use support::client::User;
use support::providers::{self, openai};
use support::server::{Server, Site};
use support::upstream::Reply;
use support::wait;

const KEY: &str = "sk-proj-benchmark-T3BlbkFJ7hM2qZ";
const ROUNDS: usize = 5;
const LONGEST: Duration = Duration::from_secs(4);
/// Credentials in the large database.
const MANY: u32 = 1_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if arguments.iter().any(|argument| argument == "serve-bare") {
        runtime.block_on(serve_bare());
    } else if arguments.iter().any(|argument| argument == "--bench") {
        runtime.block_on(measure());
    }
}

/// What every ratio is against: axum, one route, a JSON answer of the size of a credential's.
async fn serve_bare() {
    let answer = || async {
        axum::Json(json!({
            "status": "success", "code": 200, "message": null, "traceId": "0123456789abcdef0123456789abcdef",
            "timestamp": "2026-01-01T00:00:00Z",
            "data": {"id": "CRD-1234567890ABCDEF", "workspace_id": "WSP-1234567890ABCDEF", "owner_id": "USR-1234567890ABCDEF",
                "name": "OpenAI API Key", "credential_type": "API_KEY", "credential_provider": "OPENAI", "description": null,
                "is_active": true, "expires_at": null, "last_used_at": null, "tags": ["ai", "gpt"], "created_at": "2026-01-01T00:00:00Z"}
        }))
    };
    let model = |id: &str| json!({"id": id, "object": "model", "created": 1_686_935_002, "owned_by": "openai"});
    let models =
        json!({"object": "list", "data": [model("gpt-4o-mini"), model("text-embedding-3-small")]});
    let models = move || std::future::ready(axum::Json(models.clone()));
    let router = axum::Router::new()
        .route("/", axum::routing::get(answer))
        .route("/v1/models", axum::routing::get(models));
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

struct Bare {
    _child: Child,
    address: String,
}

async fn bare() -> Bare {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    let mut child = command
        .arg("serve-bare")
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
    Bare {
        _child: child,
        address,
    }
}

async fn measure() {
    table();
    rates().await;
    start_and_memory().await;
    growth().await;
}

fn address(server: &Server) -> String {
    server.base.trim_start_matches("http://").to_owned()
}

/// Budgets 3 to 6: rounds in turn, and the median of each round's ratio.
async fn rates() {
    let bare = bare().await;
    let site = Site::new().await.log_level("warn");
    let site = site.plugin(
        "openai",
        "replace-origins",
        toml_table(
            "https://api.openai.com",
            &format!("http://{}", bare.address),
        ),
    );
    let server = site.start().await;
    let admin = server.admin().await;
    let workspace = admin.workspace(&admin.default_workspace().await);
    let id = workspace.create_api_key("subject", "OPENAI", KEY).await;
    assert_eq!(admin.test("subject").await["status"], "healthy");
    let address = address(&server);
    let token = admin.token.clone();

    let mut ratios: [Vec<f64>; 4] = Default::default();
    let mut last = Vec::new();
    for round in 0..ROUNDS {
        let plain = get(&bare.address, "/", &token, 60_000).await;
        let read = get(&address, &workspace.path(&format!("/{id}")), &token, 60_000).await;
        let reveal = get(
            &address,
            &workspace.path(&format!("/{id}?include_secret=true")),
            &token,
            40_000,
        )
        .await;
        let (path, writer) = (workspace.path("/api-key"), token.clone());
        let create = load(&address, CONNECTIONS, 10_000, LONGEST, move |number| {
            let body = json!({"name": format!("key {round} {number}"), "provider": "OPENAI", "api_key": KEY});
            bytes("POST", &path, &writer, &body.to_string())
        })
        .await;
        let tester = bytes("POST", "/credentials/subject/test", &token, "");
        let test = load(&address, CONNECTIONS, 10_000, LONGEST, move |_| {
            tester.clone()
        })
        .await;
        for (ratios, one) in ratios.iter_mut().zip([read, reveal, create, test]) {
            ratios.push(one.rate / plain.rate);
        }
        last = vec![plain, read, reveal, create, test];
    }
    let [read, reveal, create, test] = ratios.map(median);
    let rate = |number: usize| {
        let Load { rate, median } = last[number];
        format!("{rate:.0}/s, {median:.0?}")
    };
    report("", "a bare axum JSON answer", "", &rate(0), true);
    report(
        "3",
        "metadata read, authenticated, against bare",
        ">= 0.75",
        &format!("{read:.2} ({})", rate(1)),
        read >= 0.75,
    );
    report(
        "4",
        "reveal, audited durably, against bare",
        ">= 0.30",
        &format!("{reveal:.2} ({})", rate(2)),
        reveal >= 0.30,
    );
    report(
        "5",
        "create, sealed and audited durably, against bare",
        ">= 0.15",
        &format!("{create:.2} ({})", rate(3)),
        create >= 0.15,
    );
    report(
        "(6)",
        "`test` over REST, two audit entries, against bare",
        "-",
        &format!("{test:.2} ({})", rate(4)),
        true,
    );
}

async fn get(address: &str, path: &str, token: &str, total: usize) -> Load {
    let request = bytes("GET", path, token, "");
    load(address, CONNECTIONS, total, LONGEST, move |_| {
        request.clone()
    })
    .await
}

fn toml_table(key: &str, value: &str) -> toml::Table {
    toml::Table::from_iter([(key.to_owned(), value.to_owned().into())])
}

/// Budgets 8 and 9.
async fn start_and_memory() {
    let provider = openai::start().await;
    let mut site = Site::new().await.log_level("warn").provider(&provider);
    let mut times = Vec::new();
    for _ in 0..11 {
        let began = Instant::now();
        let server = site.start().await;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        site = server.stop().await.0;
    }
    // The first start compiles, and makes the database and its keys.
    let first = times.remove(0);
    let warm = median(times);
    report(
        "8",
        "start to ready, the plugins of the binary, warm cache",
        "<= 40 ms",
        &format!("{warm:.1} ms (first {first:.0} ms)"),
        warm <= 40.0,
    );

    let server = site.start().await;
    let admin = server.admin().await;
    let idle = resident(&server);
    report(
        "9",
        "memory of an idle server, the plugins of the binary",
        "<= 40 MB",
        &format!("{:.1} MB", idle / 1e6),
        idle <= 40e6,
    );
    memory_per_call(&server, &admin, &provider).await;
}

async fn memory_per_call(server: &Server, admin: &User, provider: &providers::Provider) {
    // As many as the runtime lets in of one plugin: half of all.
    const CALLS: usize = 32;
    for number in 0..CALLS {
        let key = format!("sk-proj-hanging-{number:03}-T3BlbkFJ7hM2qZ");
        provider.answers(&key, Reply::Hang);
        admin
            .store(&format!("hanging-{number}"), "api_key", "openai", &key)
            .await;
    }
    admin.store("warm", "api_key", "openai", KEY).await;
    for _ in 0..20 {
        admin.test("warm").await;
    }
    provider.upstream.forget();
    let before = resident(server);
    let calls: Vec<_> = (0..CALLS)
        .map(|number| {
            let admin = admin.clone();
            tokio::spawn(async move {
                admin
                    .post(&format!("/credentials/hanging-{number}/test"))
                    .await
            })
        })
        .collect();
    let flying = wait::until("the calls reach the provider", async || {
        let count = provider.upstream.requests().len();
        (count >= CALLS).then_some(count)
    })
    .await;
    let during = resident(server);
    for call in calls {
        call.abort();
    }
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    let each = (during - before) / flying as f64;
    report(
        "9",
        "memory per call in flight (with its HTTP connections)",
        "<= 60 KB",
        &format!("{:.0} KB", each / 1e3),
        each <= 60e3,
    );
}

/// The resident set in bytes.
fn resident(server: &Server) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("Linux");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("a line");
    line.trim()
        .trim_end_matches(" kB")
        .trim()
        .parse::<f64>()
        .expect("a number")
        * 1024.0
}

/// Budgets 10 and 11: the same server with a thousand credentials, and with a million.
async fn growth() {
    let server = Site::new().await.log_level("warn").start().await;
    let admin = server.admin().await;
    let workspace = admin.workspace(&admin.default_workspace().await);
    let id = workspace.create_api_key("subject", "OPENAI", KEY).await;
    for number in 0..999 {
        workspace
            .create_api_key(&format!("key {number}"), "OPENAI", KEY)
            .await;
    }
    let few = listing(&server, &admin, &workspace.path(&format!("/{id}"))).await;
    let (site, status) = server.stop().await;
    assert!(status.success(), "{status}");
    if site.database.url().is_some() {
        println!("(10 and 11 fill SQLite's file by themselves; run without PostgreSQL)");
        return;
    }
    multiply(&site, MANY).await;
    let server = site.start().await;
    let admin = server.admin().await;
    let many = listing(&server, &admin, &workspace.path(&format!("/{id}"))).await;

    let ratio = |number: usize| many[number] / few[number];
    let shown = |number: usize| {
        format!(
            "{:.2} ({:.2} ms, {:.2} ms)",
            ratio(number),
            few[number] * 1e3,
            many[number] * 1e3
        )
    };
    report(
        "10",
        "list 100 of 1,000,000 against of 1,000",
        "<= 1.3",
        &shown(0),
        ratio(0) <= 1.3,
    );
    report(
        "10",
        "the same, the last page by offset",
        "-",
        &shown(1),
        true,
    );
    report(
        "11",
        "metadata read among 1,000,000 against among 1,000",
        "<= 1.1",
        &shown(2),
        ratio(2) <= 1.1,
    );
}

/// Seconds of a list of a hundred, of its last page, and of a metadata read: one request at a time, the median of many.
async fn listing(server: &Server, admin: &User, one: &str) -> [f64; 3] {
    let (address, token) = (address(server), &admin.token);
    let total = admin.get("/credentials?limit=1").await.expect(200).json()["total"]
        .as_u64()
        .expect("a count");
    let mut found = [0.0; 3];
    let last = format!(
        "/credentials?limit=100&offset={}",
        total.saturating_sub(100)
    );
    for (found, (path, count)) in
        found
            .iter_mut()
            .zip([("/credentials?limit=100", 500), (&last, 50), (one, 5000)])
    {
        let request = bytes("GET", path, token, "");
        let took = load(&address, 1, count, LONGEST, move |_| request.clone()).await;
        *found = took.median.as_secs_f64();
    }
    found
}

/// Fills the database up to `count` credentials with copies of those that are there, whatever columns they have.
async fn multiply(site: &Site, count: u32) {
    let file = support::trace::files(&site.data())
        .into_iter()
        .map(|(path, _)| path);
    let file = file.into_iter().find(|path| {
        path.extension()
            .is_some_and(|end| end == "db" || end == "sqlite" || end == "sqlite3")
    });
    let file = file.expect("a database in the data directory");
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .expect("the database");
    let columns = connection
        .fetch_all("SELECT name FROM pragma_table_info('credentials')")
        .await
        .expect("the columns");
    let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
    let values: Vec<String> = columns
        .iter()
        .map(|column| match column.as_str() {
            "id" => "printf('%016x', 1000000000 + numbers.n)".to_owned(),
            "name" => "'copy ' || numbers.n".to_owned(),
            "created_at" => "created_at - numbers.n".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    let statement = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count} - (SELECT count(*) FROM credentials)) \
         INSERT INTO credentials ({}) SELECT {} FROM numbers, (SELECT * FROM credentials WHERE name = 'subject')",
        columns.join(", "),
        values.join(", ")
    );
    connection
        .execute(sqlx::AssertSqlSafe(statement))
        .await
        .expect("the copies");
    connection.close().await.expect("closed");
}
