//! Randomness for keys, ids and nonces: the one place that draws it.

use rand::Rng;

/// Bytes from the thread's generator, which the operating system seeds and reseeds.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
