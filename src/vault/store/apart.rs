//! A process of its own for the database, from its opening to its closing.
//!
//! What sled leaves behind, threads that wake up for ever, locks that it never gives back after an error, ends with
//! that process; so does a deadlock, because its parent waits only so long. It is the same program, started on itself.
//! Its standard input is the file of the [`InstanceLock`](super::super::lock::InstanceLock), so that the vault counts
//! as in use until both are gone; its standard output is the socket on which it is asked and answers, once. It sees
//! nothing that is not sealed.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::error::{Damage, VaultError};
use super::{Edit, Rows, visit};

/// The largest store there may be, and some.
const LONGEST_FRAME: u32 = 80 * 1024 * 1024;

/// A database that is open for longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program that opens the database, and how it is told to.
#[derive(Clone)]
pub(in super::super) struct Apart {
    pub(in super::super) program: PathBuf,
    pub(in super::super) arguments: Vec<OsString>,
    pub(in super::super) lock: Arc<File>,
}

/// What is sent back.
#[derive(Serialize, Deserialize)]
enum Answer {
    Held(Rows),
    Unreadable,
    Unlisted,
    Failed(String),
}

impl Apart {
    pub(super) fn visit(&self, folder: &Path, edit: Option<Edit>) -> Result<Rows, VaultError> {
        let asked = self.ask(folder, &edit);
        let answer = asked.map_err(|error| VaultError::StoreFailed(error.to_string()))?;
        match answer {
            Answer::Held(rows) => Ok(rows),
            Answer::Unreadable => Err(Damage::Store.into()),
            Answer::Unlisted => Err(Damage::Unlisted.into()),
            Answer::Failed(why) => Err(VaultError::StoreFailed(why)),
        }
    }

    fn ask(&self, folder: &Path, edit: &Option<Edit>) -> io::Result<Answer> {
        let (mut ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(PATIENCE))?;
        ours.set_write_timeout(Some(PATIENCE))?;
        let mut keeper = self.start(folder, theirs)?;
        let answered = send(&mut ours, edit).and_then(|()| receive(&mut ours));
        if answered.is_err() {
            // Gone already, most likely; if it hangs, it must not outlive our patience.
            let _ = keeper.kill();
        }
        keeper.wait()?;
        answered
    }

    fn start(&self, folder: &Path, socket: UnixStream) -> io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .arg(folder)
            .env_clear()
            .stdin(Stdio::from(self.lock.try_clone()?))
            .stdout(Stdio::from(OwnedFd::from(socket)))
            .stderr(Stdio::null())
            // What is typed at the terminal to end its parent must not reach it in the middle of a change.
            .process_group(0)
            .spawn()
    }
}

/// The other side: does what it is asked on its standard output, and answers.
///
/// # Errors
/// When its standard output is not the socket of a parent that asks.
pub fn serve(folder: &Path) -> io::Result<()> {
    let socket = io::stdout().as_fd().try_clone_to_owned()?;
    let mut socket = UnixStream::from(socket);
    socket.peer_addr()?;
    let edit: Option<Edit> = receive(&mut socket)?;
    let answer = match visit(folder, edit) {
        Ok(rows) => Answer::Held(rows),
        Err(VaultError::Damaged(Damage::Store)) => Answer::Unreadable,
        Err(VaultError::Damaged(Damage::Unlisted)) => Answer::Unlisted,
        Err(VaultError::StoreFailed(why)) => Answer::Failed(why),
        Err(other) => Answer::Failed(other.to_string()),
    };
    send(&mut socket, &answer)
}

/// A frame: its length as `u32`, big-endian, then as much postcard.
fn send(socket: &mut UnixStream, value: &impl Serialize) -> io::Result<()> {
    let bytes = postcard::to_stdvec(value).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    socket.write_all(&length.to_be_bytes())?;
    socket.write_all(&bytes)
}

fn receive<T: DeserializeOwned>(socket: &mut UnixStream) -> io::Result<T> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > LONGEST_FRAME {
        return Err(io::Error::other("it says more than a store can hold"));
    }
    let mut bytes = Vec::new();
    socket.take(length.into()).read_to_end(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(io::Error::other)
}
