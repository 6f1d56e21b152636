//! What the loop needs of a terminal, so that it can be played on another one.

use crate::ui::terminal::{Terminal, TerminalEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use std::io;
use tokio::time::Instant;

/// What is drawn on and listened to.
pub(super) trait Glass {
    /// See [`Terminal::size`].
    fn size(&self) -> io::Result<(u16, u16)>;
    /// See [`Terminal::next`].
    async fn next(&mut self) -> TerminalEvent;
    /// See [`Terminal::ready_at`].
    fn ready_at(&self, now: Instant) -> Instant;
    /// See [`Terminal::is_ready`].
    fn is_ready(&self, now: Instant, urgent: bool) -> bool;
    /// See [`Terminal::show`].
    fn show(&mut self, now: Instant, next: &Buffer, cursor: Option<Position>) -> usize;
    /// See [`Terminal::forget_what_is_shown`].
    fn forget_what_is_shown(&mut self);
    /// See [`Terminal::copy`].
    fn copy(&mut self, text: &str);
    /// See [`Terminal::set_title`].
    fn set_title(&mut self, title: &str);
    /// See [`Terminal::suspend`].
    fn suspend(&mut self) -> io::Result<()>;
    /// See [`Terminal::woken`].
    fn woken(&mut self) -> io::Result<()>;
}

impl Glass for Terminal {
    fn size(&self) -> io::Result<(u16, u16)> {
        Self::size()
    }

    async fn next(&mut self) -> TerminalEvent {
        self.next().await
    }

    fn ready_at(&self, now: Instant) -> Instant {
        self.ready_at(now)
    }

    fn is_ready(&self, now: Instant, urgent: bool) -> bool {
        self.is_ready(now, urgent)
    }

    fn show(&mut self, now: Instant, next: &Buffer, cursor: Option<Position>) -> usize {
        self.show(now, next, cursor)
    }

    fn forget_what_is_shown(&mut self) {
        self.forget_what_is_shown();
    }

    fn copy(&mut self, text: &str) {
        self.copy(text);
    }

    fn set_title(&mut self, title: &str) {
        self.set_title(title);
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.suspend()
    }

    fn woken(&mut self) -> io::Result<()> {
        self.woken()
    }
}
