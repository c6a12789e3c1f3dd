//! A start with many plugins.

use std::time::{Duration, Instant};

use claviger_plugins::PLUGINS;

use super::super::support::server::Site;
use super::{directory, plugin, put, start};

const MANY: usize = 100;

/// Release builds are what counts; a debug build on a busy machine is only kept from taking for ever.
const READY_WITHIN: Duration = if cfg!(debug_assertions) {
    Duration::from_secs(20)
} else {
    Duration::from_secs(1)
};

#[tokio::test]
async fn a_hundred_plugins_are_ready_at_once() {
    let server = Site::new().await.log_level("warn").start().await;
    let without = resident(server.pid());
    let (site, _) = server.stop().await;
    directory(&site);
    for number in 0..MANY {
        let wasm = plugin(&format!("acme-{number:03}"), "1.0.0").wasm();
        put(&site, &format!("acme-{number:03}.wasm"), &wasm);
    }
    let begun = Instant::now();
    let (server, _) = start(site).await;
    println!("{MANY} plugins, cold: ready after {:?}", begun.elapsed());
    let (site, _) = server.stop().await;
    let begun = Instant::now();
    let server = site.start().await;
    let took = begun.elapsed();
    let ready = server.site.stdout();
    let ready = ready.lines().last().unwrap_or_default();
    assert!(
        ready.contains(&format!("({} plugins", MANY + PLUGINS.len())),
        "{ready}"
    );
    let each = resident(server.pid()).saturating_sub(without) / MANY as u64;
    println!(
        "{MANY} plugins, warm: ready after {took:?} ({ready}); {} KiB each",
        each >> 10
    );
    assert!(took < READY_WITHIN, "{took:?}");
    assert!(each < 2 << 20, "{each} bytes for each idle plugin");
}

/// The resident memory of a process, in bytes.
pub fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.expect("a size") << 10
}
