//! Width, wrapping and wording of the text on a chart.
//!
//! An SVG is laid out before anyone knows which sans-serif font will be used,
//! so widths are those of `DejaVu` Sans: it is among the widest fonts in use and
//! it is the one that [`super::png`] embeds. Narrower fonts leave more room.

use super::Estimate;

/// Advance widths of the printable ASCII characters, in thousandths of an em.
const ADVANCES: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];

/// Advance width taken for every other character up to the CJK blocks.
const OTHER: u16 = 840;

/// Advance width taken for full-width characters.
const WIDE: u16 = 1000;

/// Width of `text` at a font size, in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size / 1000.0
}

fn advance(character: char) -> f64 {
    let code = u32::from(character);
    let known = code
        .checked_sub(32)
        .and_then(|index| usize::try_from(index).ok())
        .and_then(|index| ADVANCES.get(index).copied());
    let fallback = if code >= 0x1100 && !(0x2010..=0x2E7F).contains(&code) {
        WIDE
    } else {
        OTHER
    };
    f64::from(known.unwrap_or(fallback))
}

/// `text` without characters that XML forbids or that would break a line.
pub(super) fn clean(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|character| match character {
            '\u{FFFE}' | '\u{FFFF}' => ' ',
            other if other.is_control() => ' ',
            other => other,
        })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` for use inside an XML element or attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Breaks `text` into at most `max_lines` lines of at most `limit` pixels.
///
/// Breaks after spaces and after `+ - _ / , :`, inside of a word only if it
/// is longer than a line. What does not fit ends in an ellipsis.
pub(super) fn wrap(text: &str, size: f64, limit: f64, max_lines: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in pieces(&clean(text)) {
        if width((line.clone() + &piece).trim_end(), size) <= limit {
            line.push_str(&piece);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for character in piece.chars() {
            if !line.is_empty() && width(&line, size) + width_of(character, size) > limit {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    let full = lines.len();
    lines.truncate(max_lines.max(1));
    let cut = lines.len() < full;
    let mut lines: Vec<String> = lines.iter().map(|line| line.trim().to_owned()).collect();
    if cut && let Some(last) = lines.last_mut() {
        while !last.is_empty() && width(last, size) + width_of('…', size) > limit {
            last.pop();
        }
        last.push('…');
    }
    lines
}

fn width_of(character: char, size: f64) -> f64 {
    advance(character) * size / 1000.0
}

/// The width of the longest part of `text` that [`wrap`] keeps in one piece.
pub(super) fn longest_piece(text: &str, size: f64) -> f64 {
    let pieces = pieces(&clean(text));
    pieces
        .iter()
        .map(|piece| width(piece.trim_end(), size))
        .fold(0.0, f64::max)
}

/// The parts of `text` between which a line may be broken.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for character in text.chars() {
        // A `+` begins the next line: `dreamed` / `+outcomes` reads better.
        if character == '+' && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push(character);
        if matches!(character, ' ' | '-' | '_' | '/' | ',' | ':') {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.push(piece);
    pieces
}

/// The width of the widest line.
pub(super) fn widest(lines: &[String], size: f64) -> f64 {
    lines
        .iter()
        .map(|line| width(line, size))
        .fold(0.0, f64::max)
}

/// A number without decimals; halves go up (`format!` alone rounds them to even,
/// and with eight scenarios 12.5 and 37.5 percent are common).
pub(super) fn whole(number: f64) -> String {
    format!("{:.0}", (number + 1e-9).round())
}

/// A rate as percent: whole percents, but neither 0 % nor 100 % unless exact.
pub(super) fn percent(rate: f64) -> String {
    let points = rate * 100.0;
    if points > 0.0 && points < 0.5 {
        "<1%".to_owned()
    } else if (99.5..100.0).contains(&points) {
        ">99%".to_owned()
    } else {
        format!("{}%", whole(points))
    }
}

/// A rate that may be missing.
pub(super) fn percent_or_na(rate: Option<f64>) -> String {
    rate.map_or_else(|| "n/a".to_owned(), percent)
}

/// The interval of a rate, as `45–70`.
pub(super) fn percent_range((lower, upper): (f64, f64)) -> String {
    format!("{}–{}", whole(lower * 100.0), whole(upper * 100.0))
}

/// A rate with its interval, as `58% (45–70)`.
pub(super) fn percent_estimate(estimate: Estimate) -> String {
    match (estimate.value, estimate.interval()) {
        (None, _) => "n/a".to_owned(),
        (Some(value), None) => format!("{} (no interval)", percent(value)),
        (Some(value), Some(range)) => format!("{} ({})", percent(value), percent_range(range)),
    }
}

/// An amount with three significant digits and thousands as `k`, millions as `M`.
pub(super) fn amount(prefix: &str, number: f64) -> String {
    let (scaled, suffix) = if number >= 999_500.0 {
        (number / 1e6, "M")
    } else if number >= 9_995.0 {
        (number / 1e3, "k")
    } else {
        (number, "")
    };
    let decimals = if scaled <= 0.0 || scaled >= 99.95 {
        0
    } else if scaled >= 9.995 {
        1
    } else if scaled >= 0.1 {
        2
    } else {
        4
    };
    let printed = format!("{scaled:.decimals$}");
    let printed =
        if printed.contains('.') && (suffix.is_empty() && prefix.is_empty() || decimals == 4) {
            printed.trim_end_matches('0').trim_end_matches('.')
        } else {
            printed.as_str()
        };
    format!("{prefix}{printed}{suffix}")
}
