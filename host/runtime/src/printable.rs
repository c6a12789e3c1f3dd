//! Characters that can be shown as they are: what a plugin says is its own, and a terminal acts on some of it.

/// Whether a character is shown and no more: it moves no cursor, and turns no text around (the controls of Unicode's
/// bidirectional algorithm, UAX #9).
#[must_use]
pub fn is_printable(c: char) -> bool {
    let turns = matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !turns && !c.is_control()
}

/// A text with U+FFFD for whatever isn't printable, line breaks as well.
#[must_use]
pub fn printable(text: &str) -> String {
    text.replace(|c| !is_printable(c), "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_a_terminal_acts_on_is_replaced() {
        assert_eq!(printable("zwölf, 十二, اثنا عشر"), "zwölf, 十二, اثنا عشر");
        assert_eq!(
            printable("a\u{1b}[2Jb\rc\nd\u{9b}"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}"
        );
        for c in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}".chars() {
            assert_eq!(printable(&c.to_string()), "\u{fffd}", "{c:?}");
        }
    }
}
