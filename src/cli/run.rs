//! The full-screen program: the cockpit on the person's own vault, the demo, and a picture of it.

use super::FullScreen;
use super::exit::{Exit, Failure};
use super::picture::{Cell, Picture, Style};
use crate::config::ConfigFile;
use crate::domain::Clock;
use crate::link::local::Busy;
use crate::link::vault::Opener;
use crate::link::{DoorRequest, SecretRequest};
use crate::runtime::clock::SystemClock;
use crate::start::{self, Running, Setup};
use crate::ui::app::App;
use crate::ui::app::still::StillCell;
use crate::ui::theme::{Depth, Look, Themes};
use crate::ui::{self, Face, FaceError, Outcome};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Threads whose panics are caught where they happen: the vault's store runs on it.
const CAUGHT: &[&str] = &["vault"];

/// Number of the signal that tells of a terminal that went away.
const HANG_UP: u8 = 1;

/// Size of the picture, in columns and rows.
const PICTURE: (u16, u16) = (140, 40);

/// How long the demo runs before its picture is taken.
const PICTURE_AFTER: Duration = Duration::from_secs(6);

/// Makes a panic anywhere say where it was and nothing else, after the terminal was given back: to be called before
/// anything secret can exist.
pub fn report_panics() {
    ui::terminal::install_panic_hook(CAUGHT);
}

/// The screens of [`ui`].
pub struct Screens;

impl FullScreen for Screens {
    async fn cockpit(
        &self,
        setup: Setup,
        file: ConfigFile,
        opener: Option<Opener>,
    ) -> Result<Exit, Failure> {
        let running = start::launch(&setup, true)?;
        if let Some(opener) = opener {
            let request = SecretRequest::Door(DoorRequest::Unlock(opener));
            running.hub.attach().request_secret(request)?;
        }
        match show(running, setup.clone(), Some(file)).await? {
            // Nothing of the vault is taken along: the demo is a world of its own.
            Outcome::LookAround => show_demo(setup).await,
            outcome @ (Outcome::Quit | Outcome::HungUp | Outcome::Signal(_)) => {
                Ok(exit_of(outcome))
            }
        }
    }

    async fn demo(&self, setup: Setup, _: ConfigFile) -> Result<Exit, Failure> {
        show_demo(setup).await
    }

    async fn picture(&self, setup: Setup) -> Result<Picture, Failure> {
        let running = start::launch_demo(&setup).await?;
        let still = watch(&running, setup).await?;
        running.stop().await;
        let rows = still
            .into_iter()
            .map(|row| row.into_iter().map(cell).collect())
            .collect();
        Ok(Picture {
            title: "tradedeck demo".to_owned(),
            rows,
        })
    }
}

async fn show(
    mut running: Running,
    setup: Setup,
    config_file: Option<ConfigFile>,
) -> Result<Outcome, Failure> {
    let face = Face {
        screen: running.hub.attach(),
        clock: Arc::new(SystemClock),
        new_id: Box::new(random_id),
        themes: Some(setup.paths.themes()),
        no_colour: setup.no_colour,
        config: setup.config,
        config_file,
    };
    let outcome = running.accompany(ui::run(face)).await;
    running.stop().await;
    Ok(outcome??)
}

async fn show_demo(setup: Setup) -> Result<Exit, Failure> {
    let running = start::launch_demo(&setup).await?;
    Ok(exit_of(show(running, setup, None).await?))
}

fn exit_of(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Quit | Outcome::LookAround => Exit::Done,
        Outcome::HungUp => Exit::Signal(HANG_UP),
        Outcome::Signal(number) => Exit::Signal(u8::try_from(number).unwrap_or(u8::MAX)),
    }
}

/// Runs the demo for a while and draws what it shows.
async fn watch(running: &Running, setup: Setup) -> Result<Vec<Vec<StillCell>>, Failure> {
    let look = Look {
        depth: Depth::True,
        swap_up_down: false,
    };
    let mut app = App::new(
        setup.config,
        Themes::embedded(),
        look,
        Arc::new(SystemClock),
        Box::new(random_id),
    )
    .map_err(FaceError::from)?;
    app.resize(PICTURE.0, PICTURE.1);
    let screen = running.hub.attach();
    let until = Instant::now() + PICTURE_AFTER;
    while tokio::time::timeout_at(until, screen.changed())
        .await
        .is_ok()
    {
        for effect in app.update(screen.drain()) {
            if let ui::app::Effect::Send(request) = effect {
                screen.request(request)?;
            }
        }
    }
    Ok(app.still(SystemClock.now()))
}

/// Colours of a cell that leaves them to the terminal.
const GROUND: [u8; 3] = [16, 16, 20];
const TEXT: [u8; 3] = [208, 208, 216];

fn cell(still: StillCell) -> Cell {
    Cell {
        text: still.text,
        style: Style {
            foreground: still.foreground.unwrap_or(TEXT),
            background: still.background.unwrap_or(GROUND),
            bold: still.bold,
            dim: still.dim,
            italic: still.italic,
            underlined: still.underlined,
        },
    }
}

/// An order's id is never guessable: it comes from the system's randomness.
fn random_id() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("a system without randomness cannot open a vault either");
    bytes
}

impl From<FaceError> for Failure {
    fn from(error: FaceError) -> Self {
        let exit = match &error {
            FaceError::Keys(_) => Exit::Usage,
            FaceError::Terminal(_) => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<Busy> for Failure {
    fn from(busy: Busy) -> Self {
        Self::new(Exit::Failed, busy.to_string())
    }
}
