//! How what Claviger made in n8n is known again.
//!
//! An id of our own, where n8n takes one: `clv`, six letters of the credential, seven of the operation. Where it takes none,
//! the name says which credential and which version of its secret it is. The same version is the same secret, so a copy with
//! that name is as good as a new one, whichever operation made it.

use claviger_sdk::{Context, Credential};

const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// How a credential is marked in n8n.
pub struct Mark {
    /// What all ids of ours for this credential begin with.
    prefix: String,
    /// The id for this operation: 16 characters, the most that n8n takes.
    pub id: String,
    /// What all marked names of this credential have in them.
    family: String,
    /// The name for this version.
    pub name: String,
}

impl Mark {
    /// The marks of a credential in this operation.
    pub fn of(context: &Context, credential: &Credential) -> Self {
        let own = hash(&credential.id);
        let prefix = format!("clv{}", word(own, 6));
        let family = format!("(claviger {}-v", word(own, 8));
        Self {
            id: format!("{prefix}{}", word(hash(&context.idempotency_key), 7)),
            name: format!("{} {family}{})", credential.name, credential.version),
            prefix,
            family,
        }
    }

    /// Whether an id or a name is of any version of the credential.
    pub fn is_ours(&self, id: &str, name: &str) -> bool {
        id.len() == self.id.len() && id.starts_with(&self.prefix)
            || name.ends_with(')') && name.contains(&self.family)
    }

    /// Whether a name says that it is of this version.
    pub fn is_current(&self, name: &str) -> bool {
        let ending = self.name.rfind(&self.family).map(|at| &self.name[at..]);
        ending.is_some_and(|ending| name.ends_with(ending))
    }
}

/// FNV-1a, 64 bits: nothing secret hangs on it.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// So many letters of it.
fn word(mut hash: u64, letters: usize) -> String {
    let mut word = String::with_capacity(letters);
    for _ in 0..letters {
        // 36 letters, so the remainder is one of their indices.
        word.push(char::from(LETTERS[usize::from((hash % 36) as u8)]));
        hash /= 36;
    }
    word
}
