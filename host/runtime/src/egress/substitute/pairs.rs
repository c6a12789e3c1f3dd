//! Stand-ins in `name=value&name=value`: queries, and bodies of forms.

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::super::encode;
use super::super::failure::SendFailure;
use super::super::matcher::Hit;
use super::super::places::Spot;
use super::{Pass, spliced};

/// What the pairs are of.
#[derive(Clone, Copy)]
pub(super) enum Pairs {
    Query,
    Form,
}

impl Pairs {
    fn spot(self, name: &str) -> Spot<'_> {
        match self {
            Self::Query => Spot::Query(name),
            Self::Form => Spot::Form(name),
        }
    }
}

/// The pairs with secrets in place, and how many. Each stand-in has to be a whole value, and the only value of its name:
/// servers differ on which of several they read.
pub(super) fn pairs(
    pass: &mut Pass<'_>,
    text: &str,
    of: Pairs,
) -> Result<(Zeroizing<Vec<u8>>, usize), SendFailure> {
    let mut replaced: Vec<(Hit, Zeroizing<String>)> = Vec::new();
    let mut names = Vec::new();
    let mut sought = Vec::new();
    let mut at = 0;
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name);
        for word in [pair.split('=').next().unwrap_or(pair), &name] {
            pass.none_in(word.as_bytes(), "name of a query parameter or form field")?;
        }
        if let Some(held) = pass.whole(value.as_bytes(), &of.spot(&name))? {
            let start = at + pair.len() - value.len();
            // Which word it is doesn't matter any more: only the range does.
            replaced.push((
                Hit {
                    word: 0,
                    range: start..start + value.len(),
                },
                encode::percent(held.secret.expose()),
            ));
            sought.push(name.clone());
        }
        names.push(name);
        at += pair.len() + 1;
    }
    for name in &sought {
        if names.iter().filter(|other| *other == name).count() > 1 {
            return Err(SendFailure::denied(format!(
                "{} is there more than once, and one has a stand-in",
                of.spot(name)
            )));
        }
    }
    Ok((spliced(text.as_bytes(), &replaced), replaced.len()))
}

fn decoded(name: &str) -> String {
    percent_decode_str(&name.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}
