//! What a provider holds.

/// What `inventory.enumerate` answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// At most 1000.
    pub entries: Vec<Entry>,
    /// What the next page is asked for with; none after the last.
    pub next: Option<String>,
}

/// One thing that a provider holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The provider's own id of it.
    pub external_id: String,
    /// Its name at the provider.
    pub name: String,
    /// What it is, in the plugin's words.
    pub kind: String,
    /// Anything else.
    pub attributes: Vec<(String, String)>,
}
