//! A credential that was put to use.

/// What `application.apply` and `application.refresh` answer, and what `refresh` wants back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The id under which the target keeps the credential. It holds no secret.
    pub external_id: Option<String>,
    /// Anything else.
    pub details: Vec<(String, String)>,
}
