//! How `workspaces` writes ids, kinds and providers: `CRD-1234567890ABCDEF`, `API_KEY` (`api-key` in paths), `OPENAI`.

use std::str::FromStr;

use claviger_vault::{CredentialId, UserId, WorkspaceId};

/// `CRD-1234567890ABCDEF`
pub(crate) fn credential(id: CredentialId) -> String {
    format!("CRD-{id:X}")
}

/// `WSP-1234567890ABCDEF`
pub(crate) fn workspace(id: WorkspaceId) -> String {
    format!("WSP-{id:X}")
}

/// `USR-1234567890ABCDEF`
pub(crate) fn user(id: UserId) -> String {
    format!("USR-{id:X}")
}

/// The id in `WSP-1234567890ABCDEF`.
pub(crate) fn parse_workspace(text: &str) -> Option<WorkspaceId> {
    parse("WSP", text)
}

/// The id in `USR-1234567890ABCDEF`.
pub(crate) fn parse_user(text: &str) -> Option<UserId> {
    parse("USR", text)
}

/// The id in `CRD-1234567890ABCDEF`.
pub(crate) fn parse_credential(text: &str) -> Option<CredentialId> {
    parse("CRD", text)
}

/// An id in exactly this form.
fn parse<I: FromStr>(prefix: &str, text: &str) -> Option<I> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('-')?;
    let upper = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    if !digits.bytes().all(upper) {
        return None;
    }
    digits.to_ascii_lowercase().parse().ok()
}

/// The kind that `API_KEY` means.
pub(super) fn kind_of_type(text: &str) -> String {
    text.to_lowercase()
}

/// `API_KEY`
pub(super) fn kind(name: &str) -> String {
    name.to_uppercase()
}

/// `API key`, as in "API key credential created successfully."
pub(super) fn spoken(kind: &str) -> String {
    let mut words: Vec<String> = kind
        .split('_')
        .map(|word| acronym(word).unwrap_or(word).to_owned())
        .collect();
    if let Some(first) = words.first_mut()
        && let Some(initial) = first.get_mut(..1)
    {
        initial.make_ascii_uppercase();
    }
    words.join(" ")
}

fn acronym(word: &str) -> Option<&'static str> {
    ["API", "AWS", "SSH", "JWT", "URL"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_in_its_own_form_alone() {
        let id = CredentialId::from([0x12, 0x34, 0x56, 0x78, 0x90, 0xab, 0xcd, 0xef]);
        assert_eq!(credential(id), "CRD-1234567890ABCDEF");
        assert_eq!(parse_credential("CRD-1234567890ABCDEF"), Some(id));
        for text in [
            "CRD-1234567890abcdef",
            "crd-1234567890ABCDEF",
            "WSP-1234567890ABCDEF",
            "1234567890ABCDEF",
            "CRD-1234567890ABCDE",
            "CRD-1234567890ABCDEF0",
            "CRD-",
            "",
        ] {
            assert_eq!(parse_credential(text), None, "{text}");
        }
    }

    #[test]
    fn a_kind_has_three_spellings() {
        assert_eq!(kind_of_type("GITHUB_APP"), "github_app");
        assert_eq!(kind("github_app"), "GITHUB_APP");
        assert_eq!(spoken("api_key"), "API key");
        assert_eq!(spoken("slack"), "Slack");
        assert_eq!(spoken("aws_access_key"), "AWS access key");
    }
}
