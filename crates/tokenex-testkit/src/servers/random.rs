//! Unguessable names and passwords for servers that live for one test.

use ring::rand::{SecureRandom, SystemRandom};

use super::ServerError;

/// `bytes` random bytes as lower-case hexadecimal text.
pub(super) fn hex(bytes: usize) -> Result<String, ServerError> {
    let mut buffer = vec![0; bytes];
    fill(&mut buffer)?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A number below `bound`, which must not be zero.
pub(super) fn below(bound: u16) -> Result<u16, ServerError> {
    let mut buffer = [0; 2];
    fill(&mut buffer)?;
    Ok(u16::from_ne_bytes(buffer) % bound)
}

fn fill(buffer: &mut [u8]) -> Result<(), ServerError> {
    SystemRandom::new().fill(buffer).map_err(|_| ServerError::new("the system gives no random bytes"))
}
