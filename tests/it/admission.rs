//! Each shipped scenario tests what it says.

use std::collections::BTreeMap;

use crate::world::{plan, rates, rows, share};

#[test]
fn probe_table() {
    let rows = rows(plan("standard.yaml", 5, |_| true));
    for (name, pick) in [("all", false), ("probes", true)] {
        println!("== {name}");
        let table = rates(&rows, |row| (!pick || row.done.probe).then(|| (row.construct, row.scenario.clone(), row.arm.clone())));
        let mut by: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for ((construct, scenario, arm), rate) in table {
            by.entry((construct, scenario)).or_default().push(format!("{arm} {:.2}", share(rate)));
        }
        for ((_, scenario), cells) in by {
            println!("{scenario:24} {}", cells.join("  "));
        }
        let total = rates(&rows, |row| (!pick || row.done.probe).then(|| row.arm.clone()));
        println!("{:?}", total.iter().map(|(a, r)| (a, share(*r))).collect::<Vec<_>>());
    }
}
