//! Ids: a prefix that says what it is, and 24 hexadecimal digits that nobody can guess.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ident::Digest;

/// Draws ids. Those of two servers differ, and so do those of one.
#[derive(Debug)]
pub(super) struct Ids {
    secret: [u8; 32],
    next: AtomicU64,
}

impl Ids {
    /// Ids under a secret of the operating system.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self {
            secret,
            next: AtomicU64::new(0),
        })
    }

    /// The next id with this prefix.
    pub(super) fn next(&self, prefix: &str) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        let digest = Digest::of_parts([&self.secret[..], &number]).to_string();
        format!("{prefix}_{}", &digest[..24])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_differ_within_a_server_and_between_servers() {
        let servers = [Ids::new(), Ids::new()].map(|ids| ids.expect("randomness"));
        let ids: BTreeSet<String> = (0..200)
            .map(|number| servers[number % 2].next("mem"))
            .collect();
        assert_eq!(ids.len(), 200);
        assert!(
            ids.iter()
                .all(|id| id.len() == 28 && id.starts_with("mem_"))
        );
    }
}
