//! Colours and marker shapes, all from this one place.

use plotters::style::RGBColor;

/// Main text.
pub(super) const INK: RGBColor = RGBColor(0x1F, 0x1F, 0x1F);
/// Secondary text: contrast with white above 7:1.
pub(super) const MUTED: RGBColor = RGBColor(0x50, 0x50, 0x50);
/// Axes and leader lines.
pub(super) const AXIS: RGBColor = RGBColor(0x8A, 0x8A, 0x8A);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xDF, 0xDF, 0xDF);
/// The background.
pub(super) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);
/// A change for the better; the pair is from the `BrBG` scheme of `ColorBrewer`.
pub(super) const BETTER: RGBColor = RGBColor(0x01, 0x66, 0x5E);
/// A change for the worse.
pub(super) const WORSE: RGBColor = RGBColor(0xA0, 0x4E, 0x00);

/// Okabe and Ito's palette; yellow is replaced by brown and the light blue
/// is darkened, so that all keep a contrast with white near 3:1 or above.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x5A, 0x5A, 0x5A),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xC9, 0x6F, 0xA2),
    RGBColor(0x00, 0x00, 0x00),
    RGBColor(0x3D, 0x9B, 0xD9),
    RGBColor(0x8C, 0x6D, 0x1F),
];

/// The colour of a series.
pub(super) fn colour(palette: usize) -> RGBColor {
    COLOURS[palette % COLOURS.len()]
}

/// The shape of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Square,
    TriangleUp,
    Diamond,
    TriangleDown,
    Plus,
    Hexagon,
}

const SHAPES: [Shape; 7] = [
    Shape::Circle,
    Shape::Square,
    Shape::TriangleUp,
    Shape::Diamond,
    Shape::TriangleDown,
    Shape::Plus,
    Shape::Hexagon,
];

/// The marker shape of a series.
pub(super) fn shape(palette: usize) -> Shape {
    SHAPES[palette % SHAPES.len()]
}

/// Eleven stops of the cividis colour map (Nuñez, Anderton and Renslow 2018),
/// made for colour-blind readers; its lightness grows evenly, so that it also
/// survives black and white print.
const CIVIDIS: [RGBColor; 11] = [
    RGBColor(0, 34, 78),
    RGBColor(8, 51, 112),
    RGBColor(53, 69, 108),
    RGBColor(79, 87, 108),
    RGBColor(102, 105, 112),
    RGBColor(125, 124, 120),
    RGBColor(148, 142, 119),
    RGBColor(174, 163, 113),
    RGBColor(200, 184, 102),
    RGBColor(229, 207, 82),
    RGBColor(254, 232, 56),
];

/// The colour of a rate between 0 and 1.
pub(super) fn cividis(rate: f64) -> RGBColor {
    let mut rest = rate.clamp(0.0, 1.0) * 10.0;
    for pair in CIVIDIS.windows(2) {
        if let [from, to] = pair {
            if rest <= 1.0 {
                let mix = |from: u8, to: u8| blend(from, to, rest);
                return RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2));
            }
            rest -= 1.0;
        }
    }
    CIVIDIS[CIVIDIS.len() - 1]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mix of two bytes is between 0 and 255"
)]
fn blend(from: u8, to: u8, part: f64) -> u8 {
    (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8
}

/// Black or white, whichever is easier to read on `background`.
pub(super) fn text_on(background: RGBColor) -> RGBColor {
    let light = luminance(background);
    // Contrast ratios of WCAG 2.2 against white and against the ink.
    if 1.05 / (light + 0.05) >= (light + 0.05) / (luminance(INK) + 0.05) {
        PAPER
    } else {
        INK
    }
}

/// Relative luminance as WCAG 2.2 defines it.
pub(super) fn luminance(colour: RGBColor) -> f64 {
    let channel = |byte: u8| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.040_45 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(colour.0) + 0.7152 * channel(colour.1) + 0.0722 * channel(colour.2)
}
