//! `claviger serve`

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use claviger_vault::identity::FirstStart;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use super::Failure;
use crate::config::Config;
use crate::connections;
use crate::logging;
use crate::surfaces::workspace_id;
use crate::wiring::{self, StartError, Started};

/// Runs the server until it is told to stop.
pub(super) async fn run(config: Config) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    logging::start(&config)?;
    // Before anything is opened, so that a second server on the same address changes nothing.
    let listen = config.listen;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|source| StartError::Listen {
            address: listen,
            source,
        })?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        warn!(%address, "requests, and the secrets in them, reach this address unencrypted; put TLS in front of it");
    }
    // Taken before the ready line, so that whoever has read it can already stop the server.
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let Started {
        app,
        vault,
        plugins,
        keeping,
        control,
        first_start,
        lock,
    } = wiring::start(config).await?;
    let jobs = vault.start_jobs();
    let mut out = std::io::stdout().lock();
    if let Some(first) = first_start {
        tell_first_start(&mut out, &first)?;
    }
    let took = begun.elapsed().as_millis();
    writeln!(
        out,
        "claviger ready on http://{address} ({plugins} plugins, {took} ms)"
    )?;
    out.flush()?;
    drop(out);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("stopping: requests under way are finished");
    };
    connections::serve(listener, control, app, stop).await;
    drop(jobs);
    keeping.end().await;
    vault.close().await;
    drop(lock);
    Ok(ExitCode::SUCCESS)
}

/// What the first start made: the password is told here and nowhere else.
pub(super) fn tell_first_start(out: &mut impl Write, first: &FirstStart) -> std::io::Result<()> {
    let id = workspace_id(first.default_workspace);
    writeln!(out, "first start: the workspace `default` has the id {id}")?;
    match &first.admin_password {
        Some(password) => {
            writeln!(
                out,
                "first start: the user `admin` has the password {} (shown this once)",
                password.as_str()
            )
        }
        None => Ok(()),
    }
}
