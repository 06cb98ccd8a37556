//! PNG pictures of the charts, for slides and for sites that show no SVG.

use super::ChartError;
use resvg::tiny_skia::Pixmap;
use resvg::tiny_skia::Transform;
use resvg::usvg::Options;
use resvg::usvg::Tree;
use resvg::usvg::fontdb::Source;
use std::sync::Arc;

/// `DejaVu` Sans 2.37, unmodified; its licence is beside it.
static FONT: &[u8] = include_bytes!("fonts/DejaVuSans.ttf");

/// The name of [`FONT`].
const FAMILY: &str = "DejaVu Sans";

/// The most pixels a side: a picture of this size takes 256 MiB.
const LIMIT: u16 = 8192;

/// Renders an SVG as PNG, `scale` pixels for each pixel of the design.
///
/// Only the embedded font is used, never one of the system: the same SVG
/// gives the same picture everywhere.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, ChartError> {
    let mut options = Options {
        font_family: FAMILY.to_owned(),
        ..Options::default()
    };
    let fonts = options.fontdb_mut();
    fonts.load_font_source(Source::Binary(Arc::new(FONT)));
    fonts.set_sans_serif_family(FAMILY);
    let tree = Tree::from_str(svg, &options)?;
    let width = (tree.size().width() * scale).ceil();
    let height = (tree.size().height() * scale).ceil();
    let refused = || ChartError::Size {
        width,
        height,
        limit: LIMIT,
    };
    let mut pixels = Pixmap::new(
        side(width).ok_or_else(refused)?,
        side(height).ok_or_else(refused)?,
    )
    .ok_or_else(refused)?;
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    pixels.encode_png().map_err(|error| ChartError::Png {
        message: error.to_string(),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be between 1 and the limit"
)]
fn side(length: f32) -> Option<u32> {
    (1.0..=f32::from(LIMIT))
        .contains(&length)
        .then_some(length as u32)
}
