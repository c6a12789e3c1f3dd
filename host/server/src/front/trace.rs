//! Trace ids: 32 hexadecimal digits that tie an answer to its lines in the log and its entries in the audit log. Always
//! our own: a client's would let it write into our log, or hide behind another's.

/// A trace id.
pub(crate) struct TraceId([u8; 32]);

impl TraceId {
    /// A new one, from the thread's own generator: no lock, no system call.
    pub(crate) fn random() -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let random: [u8; 16] = rand::random();
        let mut text = [0; 32];
        for (pair, byte) in text.chunks_exact_mut(2).zip(random) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self(text)
    }

    /// The digits.
    pub(crate) fn as_str(&self) -> &str {
        // Only ASCII digits are ever put in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::TraceId;

    #[test]
    fn a_trace_id_is_32_digits_and_never_the_same() {
        let (one, other) = (TraceId::random(), TraceId::random());
        assert_eq!(one.as_str().len(), 32);
        assert!(one.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(one.as_str(), other.as_str());
    }
}
