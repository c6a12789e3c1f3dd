//! `Retry-After` (RFC 9110, 10.2.3): seconds, or the date as servers write it.

use crate::time;

/// In milliseconds from now; none where the text is neither.
pub(super) fn parse(text: &str, now_ms: u64) -> Option<u32> {
    let text = text.trim();
    let wait_ms = match text.parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1000),
        Err(_) => date_ms(text)?.saturating_sub(now_ms),
    };
    Some(u32::try_from(wait_ms).unwrap_or(u32::MAX))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate) in milliseconds since the Unix epoch.
fn date_ms(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let parts: Vec<&str> = text
        .strip_suffix(" GMT")?
        .split_once(", ")?
        .1
        .split([' ', ':'])
        .collect();
    let &[day, month, year, hour, minute, second] = parts.as_slice() else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let [day, year, hour, minute, second] =
        [day, year, hour, minute, second].map(|text| text.parse::<u64>().ok());
    time::since_epoch_ms([year?, month, day?], [hour?, minute?, second?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates() {
        assert_eq!(parse("7", 0), Some(7_000));
        assert_eq!(
            date_ms("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(784_111_777_000)
        );
        assert_eq!(date_ms("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(
            date_ms("Tue, 29 Feb 2028 12:00:00 GMT"),
            Some(1_835_438_400_000)
        );
        assert_eq!(
            parse("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770_000),
            Some(7_000)
        );
        assert_eq!(
            parse("Sun, 06 Nov 1994 08:49:37 GMT", 999_111_770_000),
            Some(0),
            "the past is now"
        );
    }

    #[test]
    fn what_is_neither_is_nothing() {
        for text in [
            "",
            "soon",
            "-1",
            "Sun, 06 Nov 1994",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "99999999999999999999999",
        ] {
            assert_eq!(parse(text, 0), None, "{text}");
        }
        assert_eq!(parse("99999999999", 0), Some(u32::MAX));
    }
}
