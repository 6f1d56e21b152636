//! stub
use crate::ui::panes::PaneContext;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
/// x
pub fn draw(_c: &PaneContext<'_>, _a: Rect, _b: &mut Buffer) {}
/// x
pub fn title(_c: &PaneContext<'_>) -> String {
    String::new()
}
