//! `claviger audit …`

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;
use claviger_vault::Opened;
use claviger_vault::audit::{AuditEntry, AuditHead};
use jiff::Timestamp;
use serde::Serialize;

use super::Failure;
use super::serve::tell_first_start;
use crate::config::Config;
use crate::wiring;

mod head;
mod verdict;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Walk the log's chain; ends with 1 where it is broken
    Verify {
        /// Where the log ended earlier, as `audit head` printed it: a log that was cut off doesn't have it any more
        #[arg(long, value_name = "NUMBER:MAC", value_parser = head::parse)]
        head: Option<AuditHead>,
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Print where the log ends, to be kept elsewhere and given to `audit verify`
    Head,
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
        Command::Verify { head, json } => {
            let found = vault.verify_audit(head.as_ref()).await.map_err(told)?;
            let verdict = verdict::begun(found);
            verdict::write(&mut out, &verdict, json)?;
            if verdict.holds() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Command::Head => {
            let head = vault.audit_head().await.map_err(told)?;
            writeln!(out, "{}", head::text(&head))?;
            ExitCode::SUCCESS
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
    // Whoever fails to log in chooses the name that is written here. Quoted, with what turns lines around escaped, it can't
    // pass for another entry or for more of this one.
    writeln!(
        out,
        "{} {} {:?} {} {about:?} {outcome}",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_pass_for_more_than_a_name() {
        let entry = AuditEntry {
            number: 7,
            at: Timestamp::UNIX_EPOCH,
            workspace: None,
            actor_kind: "stranger".to_owned(),
            actor: "admin token.issue \u{202e}\" done\n8".to_owned(),
            action: "token.issue".to_owned(),
            credential: None,
            credential_name: None,
            target: None,
            success: false,
            trace_id: String::new(),
            address: None,
            detail: serde_json::Map::new(),
        };
        let mut line = Vec::new();
        write_entry(&mut line, &entry, false).expect("written");
        assert_eq!(
            String::from_utf8_lossy(&line),
            "7 1970-01-01T00:00:00Z \"admin token.issue \\u{202e}\\\" done\\n8\" token.issue \"-\" refused\n"
        );
    }
}
