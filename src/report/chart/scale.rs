//! Linear axes.

/// Maps numbers from `from` to `to` onto pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    max: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// An axis from zero at pixel `start` to `max` at pixel `end`.
    pub(super) const fn new(max: f64, start: f64, end: f64) -> Self {
        Self { max, start, end }
    }

    /// The largest number.
    pub(super) const fn max(self) -> f64 {
        self.max
    }

    /// The pixel of a number.
    pub(super) fn at(self, number: f64) -> f64 {
        self.start + number / self.max * (self.end - self.start)
    }
}

/// The marks of an axis of rates.
pub(super) const RATES: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

/// Round marks from zero to the first one at or above `max`, about `count` of them.
pub(super) fn ticks(max: f64, count: f64) -> Vec<f64> {
    if max <= 0.0 || !max.is_finite() {
        return vec![0.0, 1.0];
    }
    let raw = max / count;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= raw * 0.999)
        .unwrap_or(power * 10.0);
    let mut ticks = vec![0.0];
    let mut index = 0.0;
    loop {
        index += 1.0;
        ticks.push(index * step);
        if index * step >= max * 0.999_999 || index > 100.0 {
            return ticks;
        }
    }
}

/// The marks of an axis, all with the same number of decimals and unit.
pub(super) fn tick_labels(prefix: &str, ticks: &[f64]) -> Vec<String> {
    let max = ticks.last().copied().unwrap_or(0.0);
    let step = ticks.get(1).copied().unwrap_or(1.0);
    let (unit, suffix) = if max >= 1e6 {
        (1e6, "M")
    } else if max >= 1e4 {
        (1e3, "k")
    } else {
        (1.0, "")
    };
    let step = step / unit;
    let decimals = (0..6)
        .find(|digits| {
            let shifted = step * 10_f64.powi(*digits);
            (shifted - shifted.round()).abs() < 1e-6 * shifted.max(1.0)
        })
        .and_then(|digits| usize::try_from(digits).ok())
        .unwrap_or(6);
    ticks
        .iter()
        .map(|tick| {
            if *tick <= 0.0 {
                format!("{prefix}0")
            } else {
                format!("{prefix}{:.decimals$}{suffix}", tick / unit)
            }
        })
        .collect()
}

/// A count as a number to calculate with.
pub(super) fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// Moves `wanted` positions (sorted upwards) apart until each has its `height`,
/// all between `top` and `bottom`, with the least squared movement.
///
/// If they do not fit, they are packed from `top` downwards and the last ones
/// go past `bottom`: callers make the plot tall enough.
pub(super) fn spread(wanted: &[f64], heights: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    // Blocks of labels that touch: (sum of wanted block starts, members, height).
    let mut blocks: Vec<(f64, usize, f64)> = Vec::new();
    let total: f64 = heights.iter().sum();
    let start = |block: &(f64, usize, f64), before: f64| {
        let room = (bottom - total + before).max(top + before);
        (block.0 / number(block.1)).clamp(top + before, room)
    };
    for (centre, height) in wanted.iter().zip(heights) {
        blocks.push((centre - height / 2.0, 1, *height));
        while let [.., upper, lower] = blocks.as_slice() {
            let before_upper: f64 = blocks[..blocks.len() - 2].iter().map(|block| block.2).sum();
            let upper_end = start(upper, before_upper) + upper.2;
            if upper_end <= start(lower, before_upper + upper.2) {
                break;
            }
            let merged = (
                upper.0 + lower.0 - upper.2 * number(lower.1),
                upper.1 + lower.1,
                upper.2 + lower.2,
            );
            blocks.truncate(blocks.len() - 2);
            blocks.push(merged);
        }
    }
    let mut placed = Vec::new();
    let mut before = 0.0;
    for block in &blocks {
        let mut y = start(block, before);
        for height in heights.iter().skip(placed.len()).take(block.1) {
            placed.push(y + height / 2.0);
            y += height;
        }
        before += block.2;
    }
    placed
}
