//! What a walk of the log came to.

use std::io::Write;

use claviger_vault::audit::{AuditVerdict, Break};
use serde::Serialize;

use super::head;
use crate::command::Failure;

#[derive(Serialize)]
struct VerdictView<'a> {
    holds: bool,
    verified: u64,
    head: Option<String>,
    broken_at: Option<u64>,
    reason: Option<&'a str>,
}

/// What the walk found, where an empty log is none: a vault that is open has a user, and making the first one left an
/// entry.
pub(super) fn begun(found: AuditVerdict) -> AuditVerdict {
    if found.verified > 0 || !found.holds() {
        return found;
    }
    AuditVerdict {
        broken: Some(Break {
            number: 1,
            reason: "the log is empty, though making the first user left an entry".to_owned(),
        }),
        ..found
    }
}

/// Says it. The head is told only where all holds: nobody should keep that of a log that doesn't.
pub(super) fn write(
    out: &mut impl Write,
    verdict: &AuditVerdict,
    json: bool,
) -> Result<(), Failure> {
    let head = verdict.holds().then(|| head::text(&verdict.head));
    if json {
        let view = VerdictView {
            holds: verdict.holds(),
            verified: verdict.verified,
            head,
            broken_at: verdict.broken.as_ref().map(|broken| broken.number),
            reason: verdict.broken.as_ref().map(|broken| broken.reason.as_str()),
        };
        serde_json::to_writer(&mut *out, &view)?;
        return Ok(writeln!(out)?);
    }
    let entries = entries(verdict.verified);
    match &verdict.broken {
        None => writeln!(out, "the audit log holds: {entries}, its chain is whole")?,
        Some(broken) => writeln!(
            out,
            "the audit log is broken at entry {}: {} (before it: {entries}, whole)",
            broken.number, broken.reason
        )?,
    }
    if let Some(head) = head {
        writeln!(out, "head {head}")?;
    }
    Ok(())
}

/// `1 entry`
fn entries(count: u64) -> String {
    if count == 1 {
        "1 entry".to_owned()
    } else {
        format!("{count} entries")
    }
}

#[cfg(test)]
mod tests {
    use claviger_vault::audit::AuditHead;

    use super::*;

    fn told(verified: u64, json: bool) -> String {
        let verdict = begun(AuditVerdict {
            verified,
            head: AuditHead {
                number: verified,
                mac: vec![0xab],
            },
            broken: None,
        });
        let mut out = Vec::new();
        write(&mut out, &verdict, json).expect("written");
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_whole_log_is_told_with_its_head() {
        assert_eq!(
            told(1, false),
            "the audit log holds: 1 entry, its chain is whole\nhead 1:ab\n"
        );
        assert_eq!(
            told(2, true),
            "{\"holds\":true,\"verified\":2,\"head\":\"2:ab\",\"broken_at\":null,\"reason\":null}\n"
        );
    }

    #[test]
    fn an_empty_log_is_a_broken_one() {
        assert_eq!(
            told(0, false),
            "the audit log is broken at entry 1: the log is empty, though making the first user left an entry \
             (before it: 0 entries, whole)\n"
        );
    }
}
