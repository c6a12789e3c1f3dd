//! The answer of `validate`.

use crate::{Attribute, Report};

impl Report {
    /// With one more detail, for a person.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<String>) -> Self {
        self.details.push(Attribute {
            key: key.to_owned(),
            value: value.into(),
        });
        self
    }
}
