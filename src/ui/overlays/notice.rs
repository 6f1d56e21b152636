//! Sentences for the person: they appear in the corner, stay as long as they matter, and go by themselves.

use crate::domain::Timestamp;
use crate::domain::text::Text;
use crate::link::Level;
use crate::ui::format;
use crate::ui::theme::{Role, Theme};
use crate::ui::widgets::frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::time::Duration;

/// Sentences that wait or are shown; older ones give way and are counted.
const MOST: usize = 16;

/// Sentences shown at once.
const MOST_SHOWN: usize = 3;

/// Widest sentence, in columns.
const WIDEST: u16 = 60;

/// Most lines of one sentence.
const MOST_LINES: usize = 3;

struct Notice {
    level: Level,
    text: Text,
    until: Timestamp,
    times: u32,
}

/// The sentences that are shown, newest last.
#[derive(Default)]
pub struct Notices {
    notices: VecDeque<Notice>,
}

impl Notices {
    /// Shows a sentence from `now` on; the same one again starts anew and is counted.
    pub fn push(&mut self, level: Level, text: impl Into<Text>, now: Timestamp) {
        let text = text.into();
        let until = now.plus(lasts(level));
        let same = |it: &&mut Notice| it.level == level && it.text == text;
        if let Some(notice) = self.notices.iter_mut().find(same) {
            notice.until = until;
            notice.times += 1;
            return;
        }
        if self.notices.len() == MOST {
            self.notices.pop_front();
        }
        self.notices.push_back(Notice {
            level,
            text,
            until,
            times: 1,
        });
    }

    /// Drops what has been shown long enough; returns whether anything looks different.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.notices.len();
        self.notices.retain(|notice| notice.until > now);
        self.notices.len() != before
    }

    /// Drops the newest sentence; returns whether there was one.
    pub fn dismiss(&mut self) -> bool {
        self.notices.pop_back().is_some()
    }

    /// Milliseconds until the next one goes.
    pub fn next_change_ms(&self, now: Timestamp) -> Option<u64> {
        let next = self.notices.iter().map(|notice| notice.until).min()?;
        Some(u64::try_from(next.since(now).as_millis()).unwrap_or(u64::MAX))
    }

    /// Draws the newest ones from the bottom right corner of `area` upwards.
    pub fn draw(&self, theme: &Theme, area: Rect, buffer: &mut Buffer) {
        let width = WIDEST.min(area.width);
        let mut bottom = area.bottom();
        for notice in self.notices.iter().rev().take(MOST_SHOWN) {
            let lines = notice.lines(width.saturating_sub(3).into());
            let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
            if bottom.saturating_sub(area.y) < height || width < 8 {
                return;
            }
            let widest = lines
                .iter()
                .map(|line| format::width(line))
                .max()
                .unwrap_or(0);
            let taken = u16::try_from(widest + 3).unwrap_or(width).min(width);
            bottom -= height;
            let place = Rect::new(area.right() - taken, bottom, taken, height);
            frame::clear(theme, Role::Panel, place, buffer);
            for (y, line) in (place.y..).zip(&lines) {
                buffer.set_string(place.x, y, "▌", theme.style(mark(notice.level)));
                buffer.set_string(place.x + 2, y, line, theme.level(notice.level));
            }
        }
    }
}

impl Notice {
    fn lines(&self, columns: usize) -> Vec<String> {
        let mut text = self.text.as_str().to_owned();
        if self.times > 1 {
            text = format!("{text} ({} times)", self.times);
        }
        let mut lines = format::wrapped(&text, columns);
        if lines.len() > MOST_LINES {
            lines.truncate(MOST_LINES);
            let last = lines.last_mut().expect("some are left");
            *last = format::cut(&format!("{last} …"), columns);
        }
        lines
    }
}

fn mark(level: Level) -> Role {
    match level {
        Level::Info => Role::Accent,
        Level::Warn => Role::Warn,
        Level::Wrong => Role::Wrong,
    }
}

/// How long a sentence is shown: what failed stays until it can be read twice.
fn lasts(level: Level) -> Duration {
    Duration::from_secs(match level {
        Level::Info => 5,
        Level::Warn => 10,
        Level::Wrong => 30,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Depth, Look};

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_secs(seconds))
    }

    fn drawn(notices: &Notices, width: u16, height: u16) -> Vec<String> {
        let theme = Theme::embedded(Look {
            depth: Depth::None,
            swap_up_down: false,
        });
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        notices.draw(&theme, buffer.area, &mut buffer);
        let line = |y| {
            (0..width)
                .map(|x| buffer[(x, y)].symbol())
                .collect::<String>()
        };
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn a_sentence_goes_when_it_was_shown_long_enough() {
        let mut notices = Notices::default();
        notices.push(Level::Info, "copied", at(0));
        notices.push(Level::Wrong, "link lost", at(0));
        assert_eq!(notices.next_change_ms(at(1)), Some(4_000));
        assert!(!notices.expire(at(4)));
        assert!(notices.expire(at(5)));
        assert_eq!(
            drawn(&notices, 20, 1),
            ["         ▌ link lost"].map(|it| it.to_owned())
        );
        assert!(notices.dismiss());
        assert!(!notices.dismiss());
        assert_eq!(notices.next_change_ms(at(5)), None);
    }

    #[test]
    fn the_newest_is_at_the_bottom_and_long_ones_break() {
        let mut notices = Notices::default();
        notices.push(Level::Info, "one", at(0));
        notices.push(Level::Warn, "the link is slow today", at(0));
        assert_eq!(
            drawn(&notices, 20, 4),
            [
                "",
                "              ▌ one",
                "    ▌ the link is",
                "    ▌ slow today"
            ]
        );
        assert_eq!(drawn(&notices, 20, 1), [""]);
    }

    #[test]
    fn the_same_sentence_is_counted_and_all_are_bounded() {
        let mut notices = Notices::default();
        for _ in 0..3 {
            notices.push(Level::Warn, "again", at(0));
        }
        assert_eq!(drawn(&notices, 30, 1), ["             ▌ again (3 times)"]);
        for number in 0..99 {
            notices.push(Level::Info, number.to_string(), at(0));
        }
        assert_eq!(notices.notices.len(), MOST);
    }
}
