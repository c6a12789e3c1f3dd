//! One word as a POSIX shell reads it (2.2, "Quoting").

/// The word that means this text. Plain ones stay as they are: not every reader of environment files knows quotes.
pub fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The text that a word means. None where a shell would make something else of it than one text: several words, a variable,
/// a command.
pub fn unquoted(word: &str) -> Option<String> {
    const SPECIAL: &str = "$`&|;<>()#~ \t";
    let mut text = String::new();
    let mut rest = word.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\'' => {
                let (inside, after) = rest.as_str().split_once('\'')?;
                text.push_str(inside);
                rest = after.chars();
            }
            '"' => loop {
                match rest.next()? {
                    '"' => break,
                    '$' | '`' => return None,
                    '\\' => match rest.next()? {
                        escaped @ ('$' | '`' | '"' | '\\') => text.push(escaped),
                        other => text.extend(['\\', other]),
                    },
                    inside => text.push(inside),
                }
            },
            '\\' => text.push(rest.next()?),
            letter if SPECIAL.contains(letter) => return None,
            letter => text.push(letter),
        }
    }
    Some(text)
}
