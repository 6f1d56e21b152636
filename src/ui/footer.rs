//! stub
use crate::link::Level;
use crate::ui::panes::PaneContext;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
/// x
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkFigures {
    /// x
    pub latency_ms: Option<u64>,
    /// x
    pub bytes_per_second: u64,
    /// x
    pub frames_per_second: u32,
}
/// x
pub fn draw(
    _c: &PaneContext<'_>,
    _h: &[(String, String)],
    _n: Option<(Level, &str)>,
    _l: LinkFigures,
    _a: Rect,
    _b: &mut Buffer,
) {
}
/// x
pub fn hint_at(_h: &[(String, String)], _a: Rect, _at: Position) -> Option<usize> {
    None
}
