//! What n8n's credentials are called here. n8n lets several have one name; here each has its own.

use crate::credentials::model::CredentialName;

/// The longest name here, in characters.
const LONGEST: usize = 100;
/// The longest word for a kind here, in characters.
const LONGEST_KIND: usize = 64;

/// What a credential of n8n's may be called here, the best name first: n8n's own, or that with its id.
pub(super) fn candidates(name: &str, id: &str) -> [String; 2] {
    let plain: String = name.chars().filter(|c| !c.is_control()).collect();
    let plain = plain.trim();
    let suffix = format!(" (n8n:{id})");
    let own = shortened(plain, LONGEST);
    let room = LONGEST.saturating_sub(suffix.chars().count());
    let with_id = shortened(&format!("{}{suffix}", shortened(plain, room)), LONGEST);
    let with_id = with_id.trim().to_owned();
    // One without a name goes by its id.
    let own = if own.is_empty() { with_id.clone() } else { own };
    [normalised(own), normalised(with_id)]
}

/// n8n's type of a credential (`openAiApi`) as a word for a kind here.
pub(super) fn kind(of_n8n: Option<&str>) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let word: String = of_n8n.unwrap_or_default().chars().map(letter).collect();
    let word = word.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let word: String = word.chars().take(LONGEST_KIND).collect();
    if word.is_empty() {
        "credential".to_owned()
    } else {
        word
    }
}

fn shortened(text: &str, length: usize) -> String {
    text.chars()
        .take(length)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

/// As it will be kept, so that it compares with what is.
fn normalised(name: String) -> String {
    match CredentialName::parse(&name) {
        Ok(normal) => normal.to_string(),
        // It stays as it is, and is refused where it is stored.
        Err(_) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_the_id() {
        assert_eq!(candidates("Slack", "7"), ["Slack", "Slack (n8n:7)"]);
        assert_eq!(candidates(" a\nb ", "7"), ["ab", "ab (n8n:7)"]);
        assert_eq!(candidates("", "7"), ["(n8n:7)", "(n8n:7)"]);
        let long = candidates(&"ä".repeat(300), "x1");
        for name in &long {
            assert_eq!(name.chars().count(), 100);
            assert!(CredentialName::parse(name).is_ok());
        }
        assert!(long[1].ends_with("ä (n8n:x1)"));
        for name in candidates("e\u{301}", &"9".repeat(300)) {
            assert!(CredentialName::parse(&name).is_ok(), "{name}");
        }
    }

    #[test]
    fn every_type_becomes_a_word() {
        assert_eq!(kind(Some("openAiApi")), "openAiApi");
        assert_eq!(
            kind(Some("@scope/n8n-nodes.thing")),
            "scope_n8n_nodes_thing"
        );
        assert_eq!(kind(Some("9")), "credential");
        assert_eq!(kind(None), "credential");
        assert_eq!(kind(Some(&"a".repeat(99))).len(), 64);
    }
}
