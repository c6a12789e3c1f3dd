//! Times as providers write them.

/// `2026-11-22T21:16:36Z`, with or without a fraction of the second or an offset from UTC (RFC 3339), in milliseconds since
/// the Unix epoch. None where it is something else or before 1970.
#[must_use]
pub fn rfc3339_ms(text: &str) -> Option<u64> {
    let (date, time) = text.trim().split_once(['T', 't', ' '])?;
    let (time, offset_minutes) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => offset(time)?,
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let date = numbers(date, '-', [4, 2, 2])?;
    let ms = since_epoch_ms(date, numbers(time, ':', [2, 2, 2])?)?;
    let in_ms = ms.checked_add(thousandths(fraction)?)?;
    in_ms.checked_add_signed(-offset_minutes * 60_000)
}

/// A date (year, month from 1, day) and a time (hour, minute, second) in UTC, in milliseconds since the Unix epoch.
pub(crate) fn since_epoch_ms(date: [u64; 3], time: [u64; 3]) -> Option<u64> {
    let ([year, month, day], [hour, minute, second]) = (date, time);
    let is_one = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !is_one {
        return None;
    }
    // Days from civil: the year begins in March, so that the leap day is its last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = (365 * year + leap_days + (153 * month + 2) / 5 + day - 1).checked_sub(719_468)?;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// The time before `+01:00` or `-01:00`, and the minutes that it is ahead of UTC.
fn offset(text: &str) -> Option<(&str, i64)> {
    let at = text.rfind(['+', '-'])?;
    let [hours, minutes] = numbers(&text[at + 1..], ':', [2, 2])?;
    let minutes = i64::try_from(hours * 60 + minutes).ok()?;
    let ahead = text.as_bytes()[at] == b'+';
    Some((&text[..at], if ahead { minutes } else { -minutes }))
}

/// Numbers of so many digits each.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    let mut parts = text.split(between);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn thousandths(fraction: &str) -> Option<u64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let first = &fraction[..fraction.len().min(3)];
    format!("{first:0<3}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_providers_write_them() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2015-08-30T12:36:00Z", 1_440_938_160_000),
            ("2011-07-15T23:28:33.359Z", 1_310_772_513_359),
            ("2015-08-30T14:36:00+02:00", 1_440_938_160_000),
            ("2015-08-30T10:06:00.5-02:30", 1_440_938_160_500),
            ("2028-02-29T12:00:00.123456Z", 1_835_438_400_123),
        ] {
            assert_eq!(rfc3339_ms(text), Some(ms), "{text}");
        }
        for text in [
            "",
            "soon",
            "2015-08-30",
            "2015-08-30T12:36:00",
            "2015-13-30T12:36:00Z",
            "2015-08-00T12:36:00Z",
            "15-08-30T12:36:00Z",
            "2015-08-30T12:36Z",
            "2015-08-30T12:36:00.Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+01:00",
        ] {
            assert_eq!(rfc3339_ms(text), None, "{text}");
        }
    }
}
