//! The answers of calls, and what a call is given of them again. Each has a `default()` to begin with.

use crate::application::{Place, Receipt};
use crate::credential::lookup;
use crate::issuance::{Issued, Request};
use crate::{Attribute, Failure, Replacement, Report};

macro_rules! with_detail {
    ($($answer:ident),*) => {
        $(impl $answer {
            /// With one more detail, for a person. It holds no secret.
            #[must_use]
            pub fn with_detail(mut self, key: &str, value: impl Into<String>) -> Self {
                self.details.push(attribute(key, value));
                self
            }
        })*
    };
}

with_detail!(Report, Replacement, Receipt, Issued);

impl Replacement {
    /// With one more field of the credential's kind: the stand-in of a capture for a secret one, text for others. A field
    /// that is left out stays as it was.
    #[must_use]
    pub fn with_field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push(attribute(name, value));
        self
    }
}

impl Issued {
    /// With one more field for its holder: the stand-in of a capture, or text. `token` is the main one.
    #[must_use]
    pub fn with_field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push(attribute(name, value));
        self
    }

    /// What `revoke` needs to find it.
    pub fn handle(&self) -> Result<&str, Failure> {
        self.handle
            .as_deref()
            .ok_or_else(|| Failure::invalid_input("what was issued has no handle"))
    }

    /// A field's text, or the stand-in of one that was captured. It goes where the manifest's capture of that name says.
    pub fn field(&self, name: &str) -> Result<&str, Failure> {
        lookup(&self.fields, name)
            .ok_or_else(|| Failure::invalid_input(format!("what was issued has no `{name}`")))
    }
}

impl Request {
    /// What the caller asked of the provider beside scopes.
    #[must_use]
    pub fn parameter(&self, key: &str) -> Option<&str> {
        lookup(&self.parameters, key)
    }
}

impl Place {
    /// What else is known of the place.
    #[must_use]
    pub fn parameter(&self, key: &str) -> Option<&str> {
        lookup(&self.parameters, key)
    }
}

fn attribute(key: &str, value: impl Into<String>) -> Attribute {
    Attribute {
        key: key.to_owned(),
        value: value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_built_up() {
        let issued = Issued {
            handle: Some("k-1".to_owned()),
            ..Issued::default()
        };
        let issued = issued.with_field("token", "clv").with_detail("note", "new");
        assert_eq!(issued.field("token").ok(), Some("clv"));
        assert_eq!(issued.handle().ok(), Some("k-1"));
        let missing = issued.field("other").expect_err("there is none");
        assert_eq!(missing.code, "invalid-input");
    }
}
