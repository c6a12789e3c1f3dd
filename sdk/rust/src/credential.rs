//! Looking things up in what a call is given.

use crate::{Attribute, Context, Credential, Failure};

impl Credential {
    /// A field's text, or a secret field's stand-in, where the credential has the field and it isn't empty.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        lookup(&self.fields, name).filter(|value| !value.is_empty())
    }

    /// The stand-in of a secret field that the call can't do without.
    pub fn secret(&self, name: &str) -> Result<&str, Failure> {
        self.field(name)
            .ok_or_else(|| Failure::invalid_input(format!("the credential has no `{name}`")))
    }

    /// What its owner noted beside it.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        lookup(&self.metadata, key)
    }
}

impl Context {
    /// What the operator set for this plugin.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&str> {
        lookup(&self.settings, key)
    }

    /// What the caller asked of this operation.
    #[must_use]
    pub fn option(&self, key: &str) -> Option<&str> {
        lookup(&self.options, key)
    }

    /// The credential that gives access to the provider itself, for operations that need one.
    pub fn connection(&self) -> Result<&Credential, Failure> {
        self.connection
            .as_ref()
            .ok_or_else(|| Failure::invalid_input("the operation needs a connection"))
    }
}

pub(crate) fn lookup<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|attribute| attribute.key == key)
        .map(|attribute| attribute.value.as_str())
}
