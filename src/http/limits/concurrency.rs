//! How many calls may be in flight: halved when the service is overloaded, one more for each round of
//! calls that went well, as in the congestion control of TCP.

/// How a call began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// How often the limit had been halved.
    round: u64,
    /// How many calls were in flight with it.
    beside: u32,
}

/// The calls in flight and how many may be.
#[derive(Debug, Default)]
pub(super) struct Concurrency {
    /// The most that the owner allows.
    most: Option<u32>,
    /// How many may be; `None` until the service first says that it is overloaded.
    limit: Option<u32>,
    in_flight: u32,
    round: u64,
    /// How many calls went well since the limit was last raised.
    well: u32,
}

impl Concurrency {
    pub(super) fn new(most: Option<u32>) -> Self {
        Self {
            most,
            limit: most,
            ..Self::default()
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.limit.is_none_or(|limit| self.in_flight < limit)
    }

    pub(super) fn enter(&mut self) -> Entry {
        self.in_flight += 1;
        Entry {
            round: self.round,
            beside: self.in_flight,
        }
    }

    pub(super) fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// A call that is in flight went well.
    pub(super) fn went_well(&mut self) {
        let Some(limit) = self
            .limit
            .filter(|&limit| self.most.is_none_or(|most| limit < most))
        else {
            return;
        };
        self.well += 1;
        if self.well >= limit {
            self.well = 0;
            self.limit = Some(limit.saturating_add(1));
        }
    }

    /// A call that is in flight was turned away. Calls that were in flight together count once.
    pub(super) fn overloaded(&mut self, entry: Entry) {
        if entry.round != self.round {
            return;
        }
        self.round += 1;
        self.well = 0;
        // A limit that is far above what is in flight would have to be halved many times to be felt.
        let busy = self.in_flight.max(entry.beside);
        self.limit = Some((self.limit.unwrap_or(busy).min(busy) / 2).max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(concurrency: &mut Concurrency) -> Vec<Entry> {
        let mut entries = Vec::new();
        while concurrency.has_room() && entries.len() < 1000 {
            entries.push(concurrency.enter());
        }
        entries
    }

    #[test]
    fn calls_that_were_in_flight_together_halve_the_limit_once() {
        let mut concurrency = Concurrency::new(Some(8));
        let mut wanted = vec![4, 2, 1, 1];
        wanted.reverse();
        let mut entries = fill(&mut concurrency);
        assert_eq!(entries.len(), 8);
        while let Some(limit) = wanted.pop() {
            for entry in entries {
                concurrency.overloaded(entry);
                concurrency.leave();
            }
            entries = fill(&mut concurrency);
            assert_eq!(entries.len(), limit);
        }
    }

    #[test]
    fn the_limit_grows_by_one_a_round_up_to_the_most() {
        let mut concurrency = Concurrency::new(Some(8));
        let entries = fill(&mut concurrency);
        concurrency.overloaded(entries[0]);
        for _ in &entries {
            concurrency.leave();
        }
        for wanted in [4, 5, 6, 7, 8, 8, 8] {
            let entries = fill(&mut concurrency);
            assert_eq!(entries.len(), wanted);
            for _ in entries {
                concurrency.went_well();
                concurrency.leave();
            }
        }
    }

    #[test]
    fn without_a_most_the_limit_begins_at_what_is_in_flight() {
        let mut concurrency = Concurrency::new(None);
        let entries: Vec<Entry> = (0..20).map(|_| concurrency.enter()).collect();
        assert!(concurrency.has_room());
        concurrency.overloaded(entries[3]);
        concurrency.overloaded(entries[19]);
        for _ in &entries {
            concurrency.leave();
        }
        assert_eq!(fill(&mut concurrency).len(), 10);
    }
}
