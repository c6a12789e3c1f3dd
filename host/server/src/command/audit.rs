//! `claviger audit …`

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;
use claviger_vault::Opened;
use claviger_vault::audit::{AuditEntry, AuditVerdict};
use jiff::Timestamp;
use serde::Serialize;

use super::Failure;
use super::serve::tell_first_start;
use crate::config::Config;
use crate::wiring;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Walk the log's chain; ends with 1 where it is broken
    Verify {
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Print the newest entries, the oldest of them first
    Tail {
        /// How many
        #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        lines: u32,
        /// As JSON, one entry a line, for scripts
        #[arg(long)]
        json: bool,
    },
}

/// What a walk came to.
#[derive(Serialize)]
struct VerdictView<'a> {
    holds: bool,
    verified: u64,
    broken_at: Option<u64>,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct EntryView<'a> {
    number: u64,
    timestamp: Timestamp,
    workspace: Option<String>,
    actor: &'a str,
    action: &'a str,
    credential_name: Option<&'a str>,
    target: Option<&'a str>,
    success: bool,
    trace_id: &'a str,
}

pub(super) async fn run(command: Command, config: Config) -> Result<ExitCode, Failure> {
    let Opened { vault, first_start } = wiring::open_vault(config).await?;
    if let Some(first) = first_start {
        tell_first_start(&mut std::io::stderr().lock(), &first)?;
    }
    let mut out = std::io::stdout().lock();
    let code = match command {
        Command::Verify { json } => {
            let verdict = vault.verify_audit(None).await.map_err(told)?;
            write_verdict(&mut out, &verdict, json)?;
            if verdict.holds() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Command::Tail { lines, json } => {
            let entries = vault.audit_tail(lines).await.map_err(told)?;
            entries
                .iter()
                .try_for_each(|entry| write_entry(&mut out, entry, json))?;
            ExitCode::SUCCESS
        }
    };
    vault.close().await;
    Ok(code)
}

fn write_verdict(out: &mut impl Write, verdict: &AuditVerdict, json: bool) -> Result<(), Failure> {
    let view = VerdictView {
        holds: verdict.holds(),
        verified: verdict.verified,
        broken_at: verdict.broken.as_ref().map(|broken| broken.number),
        reason: verdict.broken.as_ref().map(|broken| broken.reason.as_str()),
    };
    if json {
        serde_json::to_writer(&mut *out, &view)?;
        return Ok(writeln!(out)?);
    }
    match &verdict.broken {
        None => writeln!(out, "the audit log holds: {} entries", verdict.verified)?,
        Some(broken) => writeln!(
            out,
            "the audit log is broken at entry {}: {} ({} entries before it hold)",
            broken.number, broken.reason, verdict.verified
        )?,
    }
    Ok(())
}

fn write_entry(out: &mut impl Write, entry: &AuditEntry, json: bool) -> Result<(), Failure> {
    if json {
        let view = EntryView {
            number: entry.number,
            timestamp: entry.at,
            workspace: entry.workspace.map(crate::surfaces::workspace_id),
            actor: &entry.actor,
            action: &entry.action,
            credential_name: entry.credential_name.as_deref(),
            target: entry.target.as_deref(),
            success: entry.success,
            trace_id: &entry.trace_id,
        };
        serde_json::to_writer(&mut *out, &view)?;
        return Ok(writeln!(out)?);
    }
    let about = entry
        .credential_name
        .as_deref()
        .or(entry.target.as_deref())
        .unwrap_or("-");
    let outcome = if entry.success { "done" } else { "refused" };
    // Names may hold anything that isn't a control character; they are quoted so that a line stays one entry.
    writeln!(
        out,
        "{} {} {} {} {about:?} {outcome}",
        entry.number, entry.at, entry.actor, entry.action
    )?;
    Ok(())
}

/// On the command line the one who reads is the operator.
fn told(error: claviger_vault::VaultError) -> Failure {
    match error {
        claviger_vault::VaultError::Internal(internal) => {
            crate::front::Chain(internal.cause()).to_string().into()
        }
        other => other.into(),
    }
}
