//! Which tasks people are asked to label: at random within each arm, in an order that says nothing.

use std::collections::BTreeSet;

use rand::{Rng as _, SeedableRng as _, rngs::ChaCha12Rng, seq::SliceRandom as _};

use super::{Tasks, Unit};
use crate::{ident::Digest, record::Manifest};

/// A task that was drawn, under a name that tells nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Its name in the sheet.
    pub row: String,
    /// The task.
    pub unit: Unit,
}

/// A generator for one purpose: seeded from the plan, the purpose and the seed that was asked for.
fn generator(manifest: &Manifest, purpose: &str, seed: u64) -> ChaCha12Rng {
    let digest = Digest::of_parts([
        &b"calibrate"[..],
        manifest.plan_digest.as_bytes(),
        purpose.as_bytes(),
        &seed.to_le_bytes(),
    ]);
    ChaCha12Rng::from_seed(*digest.as_bytes())
}

/// Draws `count` of the tasks in which something was handed in: as many from each arm, all of an arm that
/// has fewer. Every task of an arm is equally likely; the rows come in the order of their names, which are
/// drawn as well.
pub fn draw(
    manifest: &Manifest,
    tasks: &Tasks,
    arms: &[usize],
    count: usize,
    seed: u64,
) -> Vec<Drawn> {
    let mut drawn: Vec<Unit> = Vec::new();
    for (place, &arm) in arms.iter().enumerate() {
        let share = count / arms.len() + usize::from(place < count % arms.len());
        let graded = tasks.0.iter().filter(|(_, judged)| judged.graded);
        let mut units: Vec<Unit> = graded
            .map(|(unit, _)| *unit)
            .filter(|unit| unit.arm == arm)
            .collect();
        let name = manifest.arms[arm].id.as_str();
        let (some, _) = units.partial_shuffle(
            &mut generator(manifest, &format!("arm {name}"), seed),
            share,
        );
        drawn.extend_from_slice(some);
    }
    let mut names = generator(manifest, "rows", seed);
    let mut taken = BTreeSet::new();
    let mut rows: Vec<Drawn> = Vec::new();
    for unit in drawn {
        let row = loop {
            let name = format!("{:08x}", names.next_u32());
            // A spreadsheet would take some of these for numbers.
            if name.starts_with(|first: char| first.is_ascii_alphabetic())
                && taken.insert(name.clone())
            {
                break name;
            }
        };
        rows.push(Drawn { row, unit });
    }
    rows.sort_by(|one, other| one.row.cmp(&other.row));
    rows
}
