//! Times as the documents write them: `2026-01-17T12:00:00Z`, UTC and whole seconds. Clients that parse with that very
//! format, of which there are many, stumble over a fraction.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::{Serialize, Serializer};

const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(0));

/// A time, to be written.
#[derive(Clone, Copy)]
pub(crate) struct Time(Timestamp);

impl From<Timestamp> for Time {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&PRINTER.timestamp_to_string(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn a_fraction_is_cut_off() {
        let written =
            |text: &str| serde_json::to_string(&Time(text.parse().expect("a time"))).expect("JSON");
        assert_eq!(
            written("2026-01-17T12:00:00.999Z"),
            "\"2026-01-17T12:00:00Z\""
        );
        assert_eq!(
            written("2026-01-17T12:00:00+02:00"),
            "\"2026-01-17T10:00:00Z\""
        );
    }
}
