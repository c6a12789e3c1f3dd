//! Where the log ended, in a form that can be kept: `42:` and the MAC of entry 42 in hexadecimal.
//!
//! The chain shows what was changed, but not that its end was cut off: what is left of a cut log is a whole log. A head
//! that is kept where the server can't write, such as a ticket or another machine's log, shows it.

use std::fmt::Write;

use claviger_vault::audit::AuditHead;

/// Bytes of a MAC.
const MAC_LENGTH: usize = 32;

/// As it is printed.
pub(super) fn text(head: &AuditHead) -> String {
    let mut text = format!("{}:", head.number);
    for byte in &head.mac {
        // Writing to a `String` can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// As it was printed.
pub(super) fn parse(text: &str) -> Result<AuditHead, String> {
    read(text).ok_or_else(|| {
        "wants what `audit head` prints: an entry's number, a colon and 64 hexadecimal digits"
            .to_owned()
    })
}

fn read(text: &str) -> Option<AuditHead> {
    let (number, digits) = text.trim().split_once(':')?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    let digits: Vec<u32> = digits
        .chars()
        .map(|digit| digit.to_digit(16))
        .collect::<Option<_>>()?;
    let mac = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high << 4 | low).ok(),
            _ => None,
        })
        .collect::<Option<Vec<u8>>>()?;
    (mac.len() == MAC_LENGTH).then_some(AuditHead { number, mac })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_can_be_read() {
        let head = AuditHead {
            number: 42,
            mac: (0..32).map(|byte| byte * 8).collect(),
        };
        assert_eq!(parse(&text(&head)), Ok(head));
    }

    #[test]
    fn what_is_no_head_is_refused() {
        let mac = "0".repeat(64);
        for wrong in [
            String::new(),
            "42".to_owned(),
            "42:".to_owned(),
            mac.clone(),
            format!("0:{mac}"),
            format!("-1:{mac}"),
            format!("42:{mac}0"),
            format!("42:{}", "g".repeat(64)),
            format!("42:{}", "0".repeat(62)),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
    }
}
