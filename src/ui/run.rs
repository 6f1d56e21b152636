//! The loop of the screen: keys, updates, signals and time in; requests and frames out.
//!
//! It waits for whatever comes first, takes in everything that is there, and draws at most once: a key's frame at
//! once, others at a steady pace, none when nothing changed or while the terminal still takes the one before.

mod glass;
mod rate;
mod signals;

use crate::config::{Config, ConfigFile};
use crate::domain::Clock;
use crate::link::{Request, ScreenEnd};
use crate::ui::app::{App, Effect, NewId};
use crate::ui::keymap::KeymapError;
use crate::ui::terminal::{Options, PLAIN, Terminal, TerminalEvent};
use crate::ui::theme::{Depth, Look, Themes};
use glass::Glass;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rate::Rate;
use signals::{Signals, Told};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often the configuration file is looked at.
const LOOK_AT_CONFIG_EVERY: Duration = Duration::from_secs(2);

/// How often the runtime is told that a person is there.
const SIGNS_EVERY: Duration = Duration::from_secs(1);

/// Longest wait for the vault to be locked before the program is stopped.
const LONGEST_LOCK: Duration = Duration::from_secs(2);

/// Something on screen changes with every second.
const FRAME_OF_THE_SECOND: Duration = Duration::from_secs(1);

/// Frames a second at most over SSH.
const MOST_FRAMES_OVER_SSH: u32 = 10;

/// What a screen is made from.
pub struct Face {
    /// The runtime's other end.
    pub screen: ScreenEnd,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids of orders come from.
    pub new_id: NewId,
    /// The configuration in force.
    pub config: Config,
    /// The file it came from, to be read again when it changes; `None` in the demo.
    pub config_file: Option<ConfigFile>,
    /// The person's own themes, if they have any.
    pub themes: Option<std::path::PathBuf>,
    /// Whether colours are never used.
    pub no_colour: bool,
}

/// How a screen ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The person left.
    Quit,
    /// The person wants to look around in the simulation.
    LookAround,
    /// The terminal went away.
    HungUp,
    /// A signal ended it.
    Signal(i32),
}

/// Why a screen did not begin.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// The configured keys contradict each other.
    #[error(transparent)]
    Keys(#[from] KeymapError),
    /// There is no terminal, or it failed.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
}

/// Shows the screen until the person leaves, the terminal goes away or a signal comes.
///
/// # Errors
/// [`FaceError`]; the terminal is as it was then.
pub async fn run(face: Face) -> Result<Outcome, FaceError> {
    let look = Look {
        depth: depth(face.no_colour),
        swap_up_down: face.config.ui.swap_up_down,
    };
    let themes = all_themes(face.themes.as_deref());
    let options = Options {
        mouse: face.config.ui.mouse,
        max_kbps: face.config.ui.max_kbps,
        plain: std::env::var("TERM").is_ok_and(|term| PLAIN.contains(&term.as_str())),
    };
    let frame_time = frame_time(&face.config);
    let mut app = App::new(face.config, themes, look, face.clock.clone(), face.new_id)?;
    let (width, height) = Terminal::size()?;
    app.resize(width, height);
    let signals = Signals::listen()?; // before there is a terminal to give back
    let mut stage = Stage {
        terminal: Terminal::enter(options)?,
        buffer: Buffer::empty(Rect::new(0, 0, width, height)),
        signals,
        app,
        screen: face.screen,
        clock: face.clock,
        config_file: face.config_file,
        dirty: true,
        urgent: true,
        frame_time,
        next_frame: Instant::now(),
        next_look: Instant::now() + LOOK_AT_CONFIG_EVERY,
        next_sign: Instant::now(),
        stop_by: None,
        title: String::new(),
        rate: Rate::default(),
    };
    Ok(stage.play().await)
}

fn depth(no_colour: bool) -> Depth {
    if no_colour {
        Depth::None
    } else {
        Depth::from_environment(|name| std::env::var(name).ok())
    }
}

fn all_themes(folder: Option<&Path>) -> Themes {
    let mut themes = Themes::embedded();
    if let Some(folder) = folder {
        themes.add_folder(folder);
    }
    themes
}

fn frame_time(config: &Config) -> Duration {
    let over_ssh = std::env::var_os("SSH_CONNECTION").is_some();
    let most = if over_ssh {
        MOST_FRAMES_OVER_SSH
    } else {
        u32::MAX
    };
    Duration::from_secs(1) / config.ui.frames_per_second.clamp(1, most)
}

/// The running screen.
struct Stage<G> {
    terminal: G,
    buffer: Buffer,
    signals: Signals,
    app: App,
    screen: ScreenEnd,
    clock: Arc<dyn Clock>,
    config_file: Option<ConfigFile>,
    /// Whether something may look different.
    dirty: bool,
    /// Whether a key waits for its frame.
    urgent: bool,
    frame_time: Duration,
    next_frame: Instant,
    next_look: Instant,
    /// When the runtime may be told again that a person is there.
    next_sign: Instant,
    /// Set while the program is to be stopped, once the vault is locked: how long that is waited for.
    stop_by: Option<Instant>,
    title: String,
    rate: Rate,
}

/// What came first.
enum First {
    Event(TerminalEvent),
    Update,
    Signal(Told),
    Time,
}

impl<G: Glass> Stage<G> {
    async fn play(&mut self) -> Outcome {
        loop {
            self.draw();
            let first = self.wait().await;
            match self.take(first).and_then(|taken| {
                self.stop_when_locked()?;
                Ok(taken)
            }) {
                Ok(None) => {}
                Ok(Some(outcome)) => return outcome,
                // It was entered, so it was there: a hang-up wakes the program before it says so.
                Err(_gone) => return Outcome::HungUp,
            }
        }
    }

    fn take(&mut self, first: First) -> Result<Option<Outcome>, FaceError> {
        match first {
            First::Event(event) => self.take_event(event),
            First::Update => self.take_updates(),
            First::Signal(Told::End(number)) => Ok(Some(Outcome::Signal(number))),
            First::Signal(Told::Sleep) => self.do_all(vec![Effect::Suspend]),
            First::Signal(Told::Woken) => {
                self.terminal.woken()?;
                self.resize().map(|()| None)
            }
            First::Signal(Told::Resize) => self.resize().map(|()| None),
            First::Time => self.take_time(),
        }
    }

    async fn wait(&mut self) -> First {
        let wake = self.wake();
        tokio::select! {
            biased;
            told = self.signals.next() => First::Signal(told),
            event = self.terminal.next() => First::Event(event),
            () = self.screen.changed() => First::Update,
            () = tokio::time::sleep_until(wake) => First::Time,
        }
    }

    /// When something has to be done though nothing comes.
    fn wake(&self) -> Instant {
        let now = Instant::now();
        if self.dirty {
            let paced = if self.urgent { now } else { self.next_frame };
            return paced.max(self.terminal.ready_at(now));
        }
        let change = self
            .app
            .next_change_ms(self.clock.now())
            .map(|millis| now + Duration::from_millis(millis));
        [change, self.stop_by, Some(self.next_look)]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(now)
    }

    fn take_time(&mut self) -> Result<Option<Outcome>, FaceError> {
        self.dirty = true;
        let now = Instant::now();
        // A moment early rather than a wake-up of its own.
        if now + FRAME_OF_THE_SECOND >= self.next_look {
            self.next_look = now + LOOK_AT_CONFIG_EVERY;
            if let Some(read) = self.config_file.as_mut().and_then(ConfigFile::changed) {
                self.app.use_config(read.map_err(|error| error.to_string()));
            }
        }
        let effects = self.app.tick();
        self.do_all(effects)
    }

    fn take_updates(&mut self) -> Result<Option<Outcome>, FaceError> {
        let answers = self.screen.answers();
        let updates = self.screen.drain();
        self.dirty = true;
        let mut effects = self.app.update(updates);
        effects.extend(self.app.answer(answers));
        self.do_all(effects)
    }

    fn take_event(&mut self, event: TerminalEvent) -> Result<Option<Outcome>, FaceError> {
        let effects = match event {
            TerminalEvent::Key(key) => self.app.key(key),
            TerminalEvent::Paste(text) => self.app.paste(&text),
            TerminalEvent::Click(at) => self.app.click(at),
            TerminalEvent::Wheel(at, down) => self.app.wheel(at, down),
            TerminalEvent::HungUp => return Ok(Some(Outcome::HungUp)),
            TerminalEvent::Focused
            | TerminalEvent::FrameTaken
            | TerminalEvent::Synchronised(_)
            | TerminalEvent::StatusAnswered
            | TerminalEvent::AttributesAnswered => return Ok(None),
        };
        self.dirty = true;
        self.urgent = true;
        self.tell_of_a_person();
        self.do_all(effects)
    }

    /// Keeps the vault from being locked for want of a key. A full inbox loses one sign of many.
    fn tell_of_a_person(&mut self) {
        let now = Instant::now();
        if now >= self.next_sign {
            self.next_sign = now + SIGNS_EVERY;
            let _ = self.screen.request(Request::Present);
        }
    }

    /// A stopped process keeps what is in its memory, and cannot lock itself: the vault is locked first.
    fn stop(&mut self) -> Result<(), FaceError> {
        if self.app.is_open() && self.screen.request(Request::Lock).is_ok() {
            self.stop_by = Some(Instant::now() + LONGEST_LOCK);
            return Ok(());
        }
        self.stop_now()
    }

    fn stop_when_locked(&mut self) -> Result<(), FaceError> {
        match self.stop_by {
            Some(by) if !self.app.is_open() || Instant::now() >= by => self.stop_now(),
            Some(_) | None => Ok(()),
        }
    }

    fn stop_now(&mut self) -> Result<(), FaceError> {
        self.stop_by = None;
        self.terminal.suspend()?;
        self.resize()
    }

    fn do_all(&mut self, effects: Vec<Effect>) -> Result<Option<Outcome>, FaceError> {
        for effect in effects {
            match effect {
                Effect::Send(request) => {
                    if let Err(busy) = self.screen.request(request) {
                        self.app.was_busy(&busy.to_string());
                    }
                }
                Effect::SendSecret(request) => {
                    if let Err(busy) = self.screen.request_secret(request) {
                        self.app.was_busy(&busy.to_string());
                    }
                }
                Effect::Copy(text) => self.terminal.copy(&text),
                Effect::Redraw => self.redraw(),
                Effect::Suspend => self.stop()?,
                Effect::LookAround => return Ok(Some(Outcome::LookAround)),
                Effect::Quit => return Ok(Some(Outcome::Quit)),
            }
        }
        Ok(None)
    }

    fn resize(&mut self) -> Result<(), FaceError> {
        let (width, height) = self.terminal.size()?;
        self.app.resize(width, height);
        self.buffer = Buffer::empty(Rect::new(0, 0, width, height));
        self.redraw();
        Ok(())
    }

    fn redraw(&mut self) {
        self.terminal.forget_what_is_shown();
        self.dirty = true;
        self.urgent = true;
    }

    fn draw(&mut self) {
        let now = Instant::now();
        let due = self.urgent || now >= self.next_frame;
        if !self.dirty || !due || !self.terminal.is_ready(now, self.urgent) {
            return;
        }
        let time = self.clock.now();
        self.buffer.reset();
        let cursor = self.app.draw(
            time,
            self.rate.figures(now, self.app.latency_ms()),
            &mut self.buffer,
        );
        let bytes = self.terminal.show(now, &self.buffer, cursor);
        self.rate.count(now, bytes);
        self.dirty = false;
        self.urgent = false;
        self.next_frame = now + self.frame_time;
        let title = self.app.title(time);
        if title != self.title {
            self.terminal.set_title(&title);
            self.title = title;
        }
    }
}

#[cfg(test)]
mod tests;
