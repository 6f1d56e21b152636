//! The link over a Unix socket: one-shot commands beside a running cockpit, later attached screens.
//!
//! Each line is one JSON value. Both ends say their [`VERSION`] first and part with a sentence when they differ;
//! then updates go one way and requests the other. Secrets never travel here: a [`SecretRequest`](super::SecretRequest)
//! cannot be serialised. The server's mailbox cuts a slow client to the latest quotes, so it never slows the engine.
//! Only the person's own processes are answered: the folder is 0700, the socket 0600, and the peer's uid is checked.

use super::local::{Hub, Inbound, ScreenEnd, ScreenId};
use super::{Request, Update, VERSION};
use rustix::net::sockopt::socket_peercred;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// Longest line either end accepts, in bytes; a snapshot of a full replica stays below it.
pub const MOST_LINE: usize = 8 * 1024 * 1024;

/// Clients served at once; one more is turned away.
pub const MOST_CLIENTS: usize = 16;

/// How long either end waits for the other's first line.
const GREETING: Duration = Duration::from_secs(5);

/// How long a client may leave a line unread before it is dropped.
const STUCK: Duration = Duration::from_secs(60);

/// How long the server waits before it offers a request again to a busy runtime, or accepts again after a failure.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a link over the socket did not come about, or ended.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Nobody listens there.
    #[error("no cockpit is running")]
    NotRunning,
    /// Another process listens there already.
    #[error("another cockpit is running with this vault; close it first")]
    Taken,
    /// The folder or the file is not the person's alone.
    #[error("{path}: {problem}")]
    Unsafe {
        /// What.
        path: String,
        /// What is wrong and what to do.
        problem: &'static str,
    },
    /// The process at the other end belongs to another user.
    #[error("the process at the other end of the socket belongs to another user")]
    Stranger,
    /// The other end speaks another version of the link.
    #[error(
        "the running cockpit speaks version {theirs} of the link and this program version {ours}; \
         restart the cockpit with this program"
    )]
    Version {
        /// This program's.
        ours: u32,
        /// The other end's.
        theirs: u32,
    },
    /// A line of more than [`MOST_LINE`] bytes.
    #[error("a line of more than {MOST_LINE} bytes came over the socket")]
    Oversize,
    /// A line that means nothing.
    #[error("a line that means nothing came over the socket")]
    Garbled,
    /// The other end closed.
    #[error("the cockpit closed the connection; start the command again")]
    Closed,
    /// The system refused.
    #[error("the socket failed: {0}")]
    Io(#[from] io::Error),
}

/// The first line of either end.
#[derive(Serialize, Deserialize)]
struct Greeting {
    link: u32,
}

/// A socket that clients may connect to. It goes away when this is dropped.
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    /// Held as long as we listen: it tells a living cockpit's socket from one that was left behind.
    _lock: File,
}

/// A screen whose runtime is in another process.
pub struct Attached {
    /// Works like a screen in the runtime's own process, but for secrets, which are dropped unsent.
    pub screen: ScreenEnd,
    pump: Option<AbortOnDropHandle<SocketError>>,
}

impl Attached {
    /// Waits until the screen has something to drain.
    ///
    /// # Errors
    /// The link ended, and why.
    pub async fn changed(&mut self) -> Result<(), SocketError> {
        let pump = self.pump.as_mut().ok_or(SocketError::Closed)?;
        let ended = tokio::select! {
            biased;
            () = self.screen.changed() => return Ok(()),
            ended = pump => ended.unwrap_or(SocketError::Closed),
        };
        self.pump = None;
        Err(ended)
    }
}

impl Listener {
    /// Listens at `path`, in a folder that is made if it is missing. What a dead process left there is replaced.
    ///
    /// # Errors
    /// [`SocketError::Taken`] beside a living listener; [`SocketError::Unsafe`] where others could reach the socket.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        check_folder(folder)?;
        let lock = lock_beside(path)?;
        match fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(path)?,
            Ok(_) => return Err(unsafe_at(path, "is not a socket; move it away")),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let socket = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self {
            socket,
            path: path.to_owned(),
            _lock: lock,
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // What is left behind is replaced by the next listener, so a failure here is of no consequence.
        let _ = fs::remove_file(&self.path);
    }
}

fn unsafe_at(path: &Path, problem: &'static str) -> SocketError {
    SocketError::Unsafe {
        path: path.display().to_string(),
        problem,
    }
}

fn check_folder(folder: &Path) -> Result<(), SocketError> {
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() {
        return Err(unsafe_at(folder, "must be a folder and not a link to one"));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(unsafe_at(folder, "belongs to another user"));
    }
    if found.mode() & 0o077 != 0 {
        return Err(unsafe_at(folder, "is open to others; chmod it to 700"));
    }
    Ok(())
}

fn lock_beside(path: &Path) -> Result<File, SocketError> {
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.with_extension("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(SocketError::Taken),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Serves every client as a screen of its own, until it is dropped.
pub async fn serve(listener: Listener, hub: Hub) {
    let room = Arc::new(Semaphore::new(MOST_CLIENTS));
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.socket.accept().await else {
            tokio::time::sleep(PAUSE).await; // out of file descriptors, most likely
            continue;
        };
        let Ok(place) = room.clone().try_acquire_owned() else {
            tracing::warn!("a client was turned away: {MOST_CLIENTS} are connected");
            continue;
        };
        let hub = hub.clone();
        clients.spawn(async move {
            let Err(error) = serve_client(stream, &hub).await;
            tracing::debug!("a client left: {error}");
            drop(place);
        });
    }
}

/// A conversation that ends only by a reason to end it.
type Ended = Result<std::convert::Infallible, SocketError>;

async fn serve_client(stream: UnixStream, hub: &Hub) -> Ended {
    check_peer(&stream)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    greet(&mut reader, &mut writer).await?;
    let screen = hub.attach();
    tokio::select! {
        ended = take_requests(reader, &screen) => ended,
        ended = tell_updates(writer, &screen) => ended,
    }
}

fn check_peer(stream: &UnixStream) -> Result<(), SocketError> {
    let peer = socket_peercred(stream).map_err(io::Error::from)?;
    if peer.uid != rustix::process::geteuid() {
        tracing::warn!("a process of another user was refused at the socket");
        return Err(SocketError::Stranger);
    }
    Ok(())
}

/// Both ends speak at once, so that each learns the other's version even where it will part.
async fn greet(
    reader: &mut (impl AsyncBufRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
) -> Result<(), SocketError> {
    let spoken = async {
        write_line(writer, &Greeting { link: VERSION }).await?;
        read_line::<Greeting>(reader, &mut Vec::new()).await
    };
    let theirs = tokio::time::timeout(GREETING, spoken)
        .await
        .map_err(|_| SocketError::Closed)??
        .link;
    if theirs != VERSION {
        return Err(SocketError::Version {
            ours: VERSION,
            theirs,
        });
    }
    Ok(())
}

async fn take_requests(mut reader: BufReader<OwnedReadHalf>, screen: &ScreenEnd) -> Ended {
    let mut line = Vec::new();
    loop {
        let request: Request = read_line(&mut reader, &mut line).await?;
        // While the runtime is busy nothing more is read; the client's own queue fills and its screen is told.
        while screen.request(request.clone()).is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn tell_updates(mut writer: OwnedWriteHalf, screen: &ScreenEnd) -> Ended {
    loop {
        screen.changed().await;
        for update in screen.drain() {
            write_line(&mut writer, &update).await?;
        }
    }
}

/// Attaches to the cockpit that listens at `path`.
///
/// # Errors
/// [`SocketError::NotRunning`] where nobody listens; [`SocketError::Version`] beside another release.
pub async fn connect(path: &Path) -> Result<Attached, SocketError> {
    let stream = UnixStream::connect(path).await.map_err(|error| {
        match error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::ConnectionRefused {
            true => SocketError::NotRunning,
            false => SocketError::Io(error),
        }
    })?;
    check_peer(&stream)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    greet(&mut reader, &mut writer).await?;

    let (hub, mut inbox) = Hub::new();
    let screen = hub.attach();
    screen.drain(); // asks for a snapshot, which the other end sends a new screen anyway
    let Ok(Inbound::Request(id, _)) = inbox.try_recv() else {
        return Err(SocketError::Closed);
    };
    let pump = tokio::spawn(async move {
        let ended = tokio::select! {
            ended = take_updates(reader, &hub, id) => ended,
            ended = tell_requests(writer, inbox) => ended,
        };
        let Err(error) = ended;
        error
    });
    Ok(Attached {
        screen,
        pump: Some(AbortOnDropHandle::new(pump)),
    })
}

async fn take_updates(mut reader: BufReader<OwnedReadHalf>, hub: &Hub, screen: ScreenId) -> Ended {
    let mut line = Vec::new();
    loop {
        match read_line(&mut reader, &mut line).await? {
            Update::Snapshot(snapshot) => hub.send_snapshot(screen, &snapshot),
            Update::Numbered { sequence, event } => hub.publish(sequence, &event),
            Update::Quotes { lines, .. } => hub.publish_quotes(&lines),
            Update::Entries(page) => hub.send_entries(screen, &page),
        }
    }
}

async fn tell_requests(mut writer: OwnedWriteHalf, mut inbox: mpsc::Receiver<Inbound>) -> Ended {
    loop {
        match inbox.recv().await.ok_or(SocketError::Closed)? {
            Inbound::Request(_, request) => write_line(&mut writer, &request).await?,
            Inbound::Secret(..) => {} // never travels; wiped as it is dropped here
            Inbound::Departed => return Err(SocketError::Closed),
        }
    }
}

async fn write_line(
    writer: &mut (impl AsyncWrite + Unpin),
    value: &impl Serialize,
) -> Result<(), SocketError> {
    let mut line = serde_json::to_vec(value).map_err(|_| SocketError::Garbled)?;
    if line.len() >= MOST_LINE {
        return Err(SocketError::Oversize);
    }
    line.push(b'\n');
    match tokio::time::timeout(STUCK, writer.write_all(&line)).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(SocketError::Closed),
    }
}

async fn read_line<T: DeserializeOwned>(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> Result<T, SocketError> {
    line.clear();
    line.shrink_to(64 * 1024);
    let most = u64::try_from(MOST_LINE).expect("8 MiB fit") + 1;
    (&mut *reader).take(most).read_until(b'\n', line).await?;
    if line.pop_if(|last| *last == b'\n').is_none() {
        return Err(match line.len() > MOST_LINE {
            true => SocketError::Oversize,
            false => SocketError::Closed,
        });
    }
    serde_json::from_slice(line).map_err(|_| SocketError::Garbled)
}

#[cfg(test)]
mod tests;
