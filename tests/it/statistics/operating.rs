//! How often intervals cover and gates err, over many synthetic data sets.
//!
//! `cargo test --test it operating -- --ignored` makes `results/coverage.csv`
//! and `results/gate.csv` again. The tests that always run repeat some cells
//! with fewer data sets and check what the files say. All cells use the same
//! random numbers, so that their errors are alike.

use super::simulate::Design;
use super::simulate::Normals;
use super::simulate::Rates;
use super::simulate::as_float;

use dreamtrial::stats::Interval;
use dreamtrial::stats::Level;
use dreamtrial::stats::Scale;
use dreamtrial::stats::difference;
use dreamtrial::stats::eprocess::BettingGate;
use dreamtrial::stats::gate::Decision;
use dreamtrial::stats::gate::Gate;
use dreamtrial::stats::gate::GateRule;
use dreamtrial::stats::ratio;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const SEED: u64 = 20_260_101;
const MARGIN: f64 = 0.10;
const COVERAGE_SETS: usize = 20_000;
const GATE_SETS: usize = 200_000;
const COVERAGE_HEAD: &str =
    "quantity,base,treat,icc,streams,data_sets,coverage,misses_above,misses_below,without_interval";
const GATE_HEAD: &str = "rule,differences,mean,sd,margin,streams,data_sets,pass,fail,mean_streams";

fn path(name: &str) -> String {
    format!("{}/results/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// One quantity in one cell.
#[derive(Default)]
struct Tally {
    covered: usize,
    /// The whole interval lies above the truth.
    above: usize,
    below: usize,
    without: usize,
}

impl Tally {
    fn add(&mut self, interval: Option<Interval>, truth: f64) {
        match interval {
            None => self.without += 1,
            Some(interval) if interval.lower() > truth => self.above += 1,
            Some(interval) if interval.upper() < truth => self.below += 1,
            Some(_) => self.covered += 1,
        }
    }
}

#[derive(Clone, Copy)]
struct Cell {
    rates: (f64, f64),
    icc: f64,
    streams: usize,
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for rates in [(0.10, 0.60), (0.05, 0.30), (0.60, 0.70)] {
        for icc in [0.1, 0.3] {
            for streams in [20, 40] {
                cells.push(Cell {
                    rates,
                    icc,
                    streams,
                });
            }
        }
    }
    cells
}

/// Difference and ratio in one cell.
fn coverage(cell: Cell, data_sets: usize) -> [(&'static str, Tally); 2] {
    let design = Design {
        streams: cell.streams,
        blocks: (4, 12),
        repetitions: 3,
        correlation: 0.5,
        shared: 0.3,
    };
    let base = Rates::new(cell.rates.0, cell.icc);
    let treat = Rates::new(cell.rates.1, cell.icc);
    let [mut differences, mut ratios] = [Tally::default(), Tally::default()];
    for data_set in 0..data_sets {
        let mut normals = Normals::new(SEED, u64::try_from(data_set).unwrap());
        let data = design.draw(&base, &treat, &mut normals);
        let level = Level::NINETY_FIVE;
        let d = difference::difference(&data, Scale::Proportion, level).unwrap();
        differences.add(d.interval, treat.mean - base.mean);
        let r = ratio::ratio(&data, Scale::Proportion, level).unwrap();
        ratios.add(r.interval, treat.mean / base.mean);
    }
    [("difference", differences), ("ratio", ratios)]
}

/// What stream differences look like.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Normal with this mean and standard deviation.
    Normal(f64, f64),
    /// Rates over so many rows in each arm, with these true rates.
    Rows(usize, f64, f64),
}

impl Shape {
    fn name(self) -> String {
        match self {
            Self::Normal(..) => "normal".into(),
            Self::Rows(rows, base, treat) => format!("{rows} rows at {base:.2} and {treat:.2}"),
        }
    }

    fn moments(self) -> (f64, f64) {
        match self {
            Self::Normal(mean, sd) => (mean, sd),
            Self::Rows(rows, base, treat) => {
                let variance = base * (1.0 - base) + treat * (1.0 - treat);
                (treat - base, (variance / as_float(rows)).sqrt())
            }
        }
    }

    fn draw(self, normals: &mut Normals) -> f64 {
        match self {
            Self::Normal(mean, sd) => (mean + sd * normals.next()).clamp(-1.0, 1.0),
            Self::Rows(rows, base, treat) => {
                let treat = as_float(normals.hits(rows, treat));
                (treat - as_float(normals.hits(rows, base))) / as_float(rows)
            }
        }
    }
}

/// How a series is decided.
#[derive(Clone, Copy, Debug)]
enum Rule {
    Planned,
    Betting,
}

impl Rule {
    const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Betting => "betting",
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct GateCell {
    rule: Rule,
    shape: Shape,
    streams: usize,
}

fn bet(series: &[f64]) -> (Decision, usize) {
    let mut gate = BettingGate::with_margin(MARGIN).unwrap();
    for difference in series {
        gate.push(*difference).unwrap();
        if gate.decision().is_some() {
            break;
        }
    }
    (gate.close(), gate.streams())
}

/// Shares of passes and of fails, and the mean number of streams used.
fn gate(cell: GateCell, data_sets: usize) -> [f64; 3] {
    let planned = Gate::new(GateRule::with_margin(MARGIN), cell.streams).unwrap();
    let [mut passes, mut fails, mut used] = [0_usize; 3];
    for data_set in 0..data_sets {
        let mut normals = Normals::new(SEED, u64::try_from(data_set).unwrap());
        let series = (0..cell.streams).map(|_| cell.shape.draw(&mut normals));
        let series = series.collect::<Vec<_>>();
        let (decision, streams) = match cell.rule {
            Rule::Planned => {
                let stop = planned.close(&series).unwrap();
                (stop.decision, stop.streams)
            }
            Rule::Betting => bet(&series),
        };
        passes += usize::from(decision == Decision::Pass);
        fails += usize::from(decision == Decision::Fail);
        used += streams;
    }
    [passes, fails, used].map(|sum| as_float(sum) / as_float(data_sets))
}

/// The boundary, what the gates are good for, and awkward shapes.
fn gate_cells() -> Vec<GateCell> {
    let shapes = [-0.10, 0.0, 0.05, -0.25].map(|mean| Shape::Normal(mean, 0.21));
    let shapes = shapes
        .into_iter()
        .chain([Shape::Rows(11, 0.50, 0.40), Shape::Rows(4, 0.95, 0.85)]);
    let sizes = [
        (Rule::Planned, 12),
        (Rule::Planned, 24),
        (Rule::Planned, 60),
        (Rule::Betting, 24),
        (Rule::Betting, 60),
    ];
    let cells = sizes.into_iter().flat_map(|(rule, streams)| {
        shapes.clone().map(move |shape| GateCell {
            rule,
            shape,
            streams,
        })
    });
    cells.collect()
}

type Row = BTreeMap<String, String>;

fn table(name: &str, head: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path(name)).unwrap();
    let names = reader.headers().unwrap().iter().collect::<Vec<_>>();
    assert_eq!(names.join(","), head);
    reader.deserialize().map(Result::unwrap).collect()
}

fn field(row: &Row, name: &str) -> f64 {
    row[name].parse().unwrap()
}

/// Whether a share of `data_sets` is that of the table, up to four standard
/// errors; a share too rare to be seen in the table counts as 0.0002.
fn agrees(share: f64, data_sets: usize, row: &Row, name: &str) -> bool {
    let known = field(row, name);
    let likely = known.max(0.0002);
    let se = (likely * (1.0 - likely) / as_float(data_sets)).sqrt();
    (share - known).abs() <= 4.0 * se
}

#[test]
fn intervals_cover_in_every_cell_of_the_table() {
    let rows = table("coverage.csv", COVERAGE_HEAD);
    assert_eq!(rows.len(), 2 * cells().len());
    for row in &rows {
        let coverage = field(row, "coverage");
        assert!((0.93..=0.97).contains(&coverage), "{row:?}");
    }
    let data_sets = 1500;
    for (index, cell) in cells().into_iter().enumerate() {
        // The rare base rate with strong clustering, and the common one.
        if cell.streams == 20 && cell.rates.0 < 0.5 && cell.icc > 0.2 {
            for ((quantity, tally), row) in coverage(cell, data_sets).iter().zip(&rows[2 * index..])
            {
                assert_eq!(row["quantity"], *quantity);
                let share = as_float(tally.covered) / as_float(data_sets);
                assert!(agrees(share, data_sets, row, "coverage"), "{share} {row:?}");
            }
        }
    }
}

#[test]
fn gates_err_as_often_as_the_table_says() {
    let rows = table("gate.csv", GATE_HEAD);
    assert_eq!(rows.len(), gate_cells().len());
    let data_sets = 20_000;
    for (cell, row) in gate_cells().into_iter().zip(&rows) {
        assert_eq!(row["rule"], cell.rule.name());
        let (mean, _) = cell.shape.moments();
        let boundary = (mean + MARGIN).abs() < 1e-9;
        if !boundary || cell.streams < 24 {
            continue;
        }
        if matches!(cell.shape, Shape::Normal(..)) {
            assert!(field(row, "pass") <= 0.055 && field(row, "fail") <= 0.055);
        }
        let [passes, fails, _] = gate(cell, data_sets);
        assert!(agrees(passes, data_sets, row, "pass"), "{passes} {row:?}");
        assert!(agrees(fails, data_sets, row, "fail"), "{fails} {row:?}");
    }
}

#[test]
#[ignore = "writes results/coverage.csv; takes a while"]
fn operating_intervals() {
    let mut table = format!("{COVERAGE_HEAD}\n");
    for cell in cells() {
        for (quantity, tally) in coverage(cell, COVERAGE_SETS) {
            let (base, treat) = cell.rates;
            let share = |count| as_float(count) / as_float(COVERAGE_SETS);
            let (icc, streams) = (cell.icc, cell.streams);
            writeln!(
                table,
                "{quantity},{base:.2},{treat:.2},{icc},{streams},{COVERAGE_SETS},{:.4},{:.4},{:.4},{:.4}",
                share(tally.covered),
                share(tally.above),
                share(tally.below),
                share(tally.without),
            )
            .unwrap();
        }
    }
    std::fs::write(path("coverage.csv"), table).unwrap();
}

#[test]
#[ignore = "writes results/gate.csv; takes a while"]
fn operating_gates() {
    let mut table = format!("{GATE_HEAD}\n");
    for cell in gate_cells() {
        let [passes, fails, used] = gate(cell, GATE_SETS);
        let (mean, sd) = cell.shape.moments();
        let (rule, shape, streams) = (cell.rule.name(), cell.shape.name(), cell.streams);
        writeln!(
            table,
            "{rule},{shape},{mean:.2},{sd:.3},{MARGIN:.2},{streams},{GATE_SETS},{passes:.4},{fails:.4},{used:.1}",
        )
        .unwrap();
    }
    std::fs::write(path("gate.csv"), table).unwrap();
}
