//! What a disk may hold after the power was cut: from what a process did to it, in order, the states that were promised
//! nothing else. What a file's fsync covered is there. Of the data written since, each 4 KiB block is there as it was at
//! some moment. Names, lengths cut and folders come in order, as a journal keeps them, up to some moment; every fsync
//! commits the journal, as ext4's does.

use std::collections::{HashMap, HashSet};

use super::home::*;
use super::process::Said;

const BLOCK: usize = 4096;

/// One thing that was done to the disk.
#[derive(Debug)]
enum Act {
    Make(usize),
    MakeFolder,
    Rename(PathBuf),
    Remove,
    Cut(usize, usize),
    Write(usize, usize, Vec<u8>),
    Sync(Option<usize>),
    SyncRange(usize, usize, usize),
    Say(Vec<u8>),
}

#[derive(Debug)]
struct Event {
    path: PathBuf,
    act: Act,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Folder,
    /// A file, by its number.
    File(usize),
}

type Names = BTreeMap<PathBuf, Node>;

/// A folder as it was, all of it on the disk, and what was done to it since.
pub(super) struct History {
    root: PathBuf,
    names: Names,
    files: Vec<Vec<u8>>,
    events: Vec<Event>,
}

/// How much of what was not synced is on the disk.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unsynced {
    Nothing,
    /// What was written before this event.
    Before(usize),
    /// Any block as of any moment.
    Blocks(u64),
    Everything,
}

/// When and how the power went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// After so many events.
    pub(super) at: usize,
    /// The journal is on the disk up to this event, or as far as it was committed.
    pub(super) journal: usize,
    pub(super) unsynced: Unsynced,
    /// Whether the disk keeps what `sync_file_range` sent to it.
    pub(super) keeps_ranges: bool,
}

impl Cut {
    /// Any of them, among so many events.
    pub(super) fn any(random: &mut fastrand::Rng, events: usize) -> Self {
        let at = random.usize(..=events);
        let unsynced = match random.u8(..4) {
            0 => Unsynced::Nothing,
            1 => Unsynced::Before(random.usize(..=at)),
            2 => Unsynced::Blocks(random.u64(..)),
            _ => Unsynced::Everything,
        };
        let journal = [0, random.usize(..=at), at][random.usize(..3)];
        Self {
            at,
            journal,
            unsynced,
            keeps_ranges: random.bool(),
        }
    }
}

impl History {
    /// Begins with the folder as it is now.
    pub(super) fn of(root: &Path) -> Self {
        let mut history = Self {
            root: root.to_path_buf(),
            names: Names::new(),
            files: Vec::new(),
            events: Vec::new(),
        };
        history.look(root);
        history
    }

    fn look(&mut self, path: &Path) {
        if path.is_dir() {
            self.names.insert(path.to_path_buf(), Node::Folder);
            for entry in fs::read_dir(path).unwrap() {
                self.look(&entry.unwrap().path());
            }
        } else if path.is_file() {
            let number = self.files.len();
            self.names.insert(path.to_path_buf(), Node::File(number));
            self.files.push(fs::read(path).unwrap());
        }
    }

    /// Adds what was written down while a process ran.
    pub(super) fn read(&mut self, log: &Path) {
        let bytes = fs::read(log).unwrap();
        let mut names = self.names.clone();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (op, path, number, data) = take(&mut rest);
            let act = self.act(&names, op, &path, number, data);
            follow(&mut names, &path, &act);
            self.events.push(Event { path, act });
        }
    }

    fn act(&mut self, names: &Names, op: u8, path: &Path, number: usize, data: &[u8]) -> Act {
        let file = || match names.get(path) {
            Some(Node::File(file)) => *file,
            Some(Node::Folder) | None => panic!("{} was not made", path.display()),
        };
        match op {
            b'c' => {
                self.files.push(Vec::new());
                Act::Make(self.files.len() - 1)
            }
            b'd' => Act::MakeFolder,
            b'm' => Act::Rename(PathBuf::from(str::from_utf8(data).unwrap())),
            b'u' => Act::Remove,
            b't' => Act::Cut(file(), number),
            b'w' => Act::Write(file(), number, data.to_vec()),
            b'f' | b'g' if names.get(path) == Some(&Node::Folder) => Act::Sync(None),
            b'f' | b'g' => Act::Sync(Some(file())),
            b's' => {
                let length = usize::from_ne_bytes(data.try_into().unwrap());
                let end = if length == 0 {
                    usize::MAX
                } else {
                    number + length
                };
                Act::SyncRange(file(), number, end)
            }
            b'a' => Act::Say(data.to_vec()),
            other => panic!("no such line in a log: {other}"),
        }
    }

    pub(super) fn events(&self) -> usize {
        self.events.len()
    }

    /// What the process had said by then.
    pub(super) fn said(&self, at: usize) -> Said {
        let mut said = Said::default();
        let mut text = Vec::new();
        for event in &self.events[..at] {
            if let Act::Say(bytes) = &event.act {
                text.extend_from_slice(bytes);
            }
        }
        String::from_utf8_lossy(&text)
            .lines()
            .for_each(|line| said.hear(line));
        said
    }

    /// Puts into `target` what the disk holds after the cut.
    pub(super) fn restore(&self, cut: Cut, target: &Path) {
        let (names, files) = self.after(cut);
        for (path, node) in &names {
            let inside = path.strip_prefix(&self.root).unwrap();
            let path = if inside.as_os_str().is_empty() {
                target.to_path_buf()
            } else {
                target.join(inside)
            };
            match node {
                Node::Folder => fs::create_dir_all(&path).unwrap(),
                Node::File(file) => fs::write(&path, &files[*file]).unwrap(),
            }
        }
        if target.exists() {
            make_private(target);
        }
    }

    /// What got its name before it was on the disk, and what was acknowledged before its name was. Stricter than the
    /// cuts: here a sync is good for nothing but what it is called on.
    pub(super) fn careless(&self) -> Vec<String> {
        let mut names = self.names.clone();
        let mut unsynced = Unwritten::default();
        let mut found = Vec::new();
        for Event { path, act } in &self.events {
            match act {
                Act::Write(file, ..) | Act::Cut(file, _) => {
                    unsynced.files.insert(*file);
                }
                Act::Make(_) | Act::MakeFolder => {
                    unsynced.folders.insert(above(path));
                }
                Act::Sync(Some(file)) => {
                    unsynced.files.remove(file);
                }
                Act::Sync(None) => {
                    unsynced.folders.remove(path);
                    unsynced.renamed.retain(|to| above(to) != *path);
                }
                Act::Rename(to) => {
                    let inside = names.iter().filter(|(name, _)| name.starts_with(path));
                    let loose = inside.filter(|(name, node)| unsynced.has(name, node));
                    found.extend(loose.map(|(name, _)| format!("{} is renamed", name.display())));
                    unsynced.renamed.push(to.clone());
                }
                Act::Say(_) => {
                    let said = unsynced.renamed.drain(..);
                    found.extend(said.map(|to| format!("{} is acknowledged", to.display())));
                }
                // What is gone again counts for nothing.
                Act::Remove => unsynced.renamed.retain(|to| to != path),
                Act::SyncRange(..) => {}
            }
            follow(&mut names, path, act);
        }
        found
    }

    fn after(&self, cut: Cut) -> (Names, Vec<Vec<u8>>) {
        let synced = Synced::by(self, cut);
        let mut blocks = Blocks::new(cut);
        let (mut names, mut files) = (self.names.clone(), self.files.clone());
        for (index, event) in self.events[..cut.at].iter().enumerate() {
            let journaled = index < synced.journal;
            match &event.act {
                Act::Write(file, at, bytes) => {
                    for (from, part) in by_blocks(*at, bytes) {
                        let is_there = synced.covers(*file, index, from, part.len())
                            || blocks.reach(*file, from / BLOCK, index);
                        if is_there {
                            write_at(&mut files[*file], from, part);
                        }
                    }
                }
                Act::Cut(file, length) if journaled => files[*file].resize(*length, 0),
                act @ (Act::Make(_) | Act::MakeFolder | Act::Rename(_) | Act::Remove) => {
                    if journaled {
                        follow(&mut names, &event.path, act);
                    }
                }
                Act::Cut(..) | Act::Sync(_) | Act::SyncRange(..) | Act::Say(_) => {}
            }
        }
        (names, files)
    }
}

/// What was promised to be on the disk.
struct Synced {
    /// The journal, up to this event.
    journal: usize,
    /// The data of a file, up to this event.
    files: HashMap<usize, usize>,
    /// `(file, from, to)`: a range, up to this event.
    ranges: Vec<(usize, usize, usize, usize)>,
}

impl Synced {
    fn by(history: &History, cut: Cut) -> Self {
        let mut synced = Self {
            journal: cut.journal,
            files: HashMap::new(),
            ranges: Vec::new(),
        };
        for (index, event) in history.events[..cut.at].iter().enumerate() {
            if let Act::Sync(file) = event.act {
                synced.journal = synced.journal.max(index);
                synced.files.extend(file.map(|file| (file, index)));
            }
            if let (Act::SyncRange(file, from, to), true) = (&event.act, cut.keeps_ranges) {
                synced.ranges.push((*file, *from, *to, index));
            }
        }
        synced
    }

    fn covers(&self, file: usize, index: usize, from: usize, length: usize) -> bool {
        let whole = self.files.get(&file).is_some_and(|&until| index < until);
        let ranged = |&(of, start, end, until): &(usize, usize, usize, usize)| {
            of == file && index < until && start <= from && from + length <= end
        };
        whole || self.ranges.iter().any(ranged)
    }
}

/// What was done since the sync that would keep it.
#[derive(Default)]
struct Unwritten {
    files: HashSet<usize>,
    /// In which something was made.
    folders: HashSet<PathBuf>,
    renamed: Vec<PathBuf>,
}

impl Unwritten {
    fn has(&self, name: &Path, node: &Node) -> bool {
        match node {
            Node::File(file) => self.files.contains(file),
            Node::Folder => self.folders.contains(name),
        }
    }
}

fn above(path: &Path) -> PathBuf {
    path.parent().unwrap().to_path_buf()
}

/// How far each block of each file came, of what was not synced.
struct Blocks {
    cut: Cut,
    reached: HashMap<(usize, usize), usize>,
    random: fastrand::Rng,
}

impl Blocks {
    fn new(cut: Cut) -> Self {
        let seed = match cut.unsynced {
            Unsynced::Blocks(seed) => seed,
            Unsynced::Nothing | Unsynced::Before(_) | Unsynced::Everything => 0,
        };
        Self {
            cut,
            reached: HashMap::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Whether what was written to the block by this event is on the disk.
    fn reach(&mut self, file: usize, block: usize, index: usize) -> bool {
        let at = self.cut.at;
        let random = &mut self.random;
        let any = || [0, random.usize(..=at), at][random.usize(..3)];
        let until = match self.cut.unsynced {
            Unsynced::Nothing => 0,
            Unsynced::Before(event) => event,
            Unsynced::Blocks(_) => *self.reached.entry((file, block)).or_insert_with(any),
            Unsynced::Everything => at,
        };
        index < until
    }
}

/// One line of the log: op, path, number, data.
fn take<'a>(rest: &mut &'a [u8]) -> (u8, PathBuf, usize, &'a [u8]) {
    let mut cut = |length: usize| {
        let (taken, left) = rest.split_at(length);
        *rest = left;
        taken
    };
    let op = cut(1)[0];
    let path = usize::from(u16::from_ne_bytes(cut(2).try_into().unwrap()));
    let number = usize::from_ne_bytes(cut(8).try_into().unwrap());
    let data = usize::from_ne_bytes(cut(8).try_into().unwrap());
    let path = PathBuf::from(str::from_utf8(cut(path)).unwrap());
    (op, path, number, cut(data))
}

/// What an act makes of the names.
fn follow(names: &mut Names, path: &Path, act: &Act) {
    match act {
        Act::Make(file) => {
            names.insert(path.to_path_buf(), Node::File(*file));
        }
        Act::MakeFolder => {
            names.insert(path.to_path_buf(), Node::Folder);
        }
        Act::Remove => {
            names.remove(path);
        }
        Act::Rename(to) => {
            let inside = |name: &PathBuf| name.starts_with(path);
            let moved: Vec<PathBuf> = names.keys().filter(|name| inside(name)).cloned().collect();
            names.retain(|name, _| !name.starts_with(to));
            for name in moved {
                let node = names.remove(&name).unwrap();
                let rest = name.strip_prefix(path).unwrap();
                let is_itself = rest.as_os_str().is_empty();
                let name = if is_itself { to.clone() } else { to.join(rest) };
                names.insert(name, node);
            }
        }
        Act::Cut(..) | Act::Write(..) | Act::Sync(_) | Act::SyncRange(..) | Act::Say(_) => {}
    }
}

/// The parts of a write that lie in one block each.
fn by_blocks(at: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let first = (BLOCK - at % BLOCK).min(bytes.len());
    let (head, rest) = bytes.split_at(first);
    let rest = rest.chunks(BLOCK).enumerate();
    let rest = rest.map(move |(index, part)| (at + first + index * BLOCK, part));
    std::iter::once((at, head)).chain(rest)
}

fn write_at(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if file.len() < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
    }
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(op: u8, path: &str, number: usize, data: &[u8]) -> Vec<u8> {
        let mut line = vec![op];
        line.extend_from_slice(&u16::try_from(path.len()).unwrap().to_ne_bytes());
        line.extend_from_slice(&number.to_ne_bytes());
        line.extend_from_slice(&data.len().to_ne_bytes());
        line.extend_from_slice(path.as_bytes());
        line.extend_from_slice(data);
        line
    }

    /// A history of a folder `/r` that was made and emptied before.
    fn history(lines: &[Vec<u8>]) -> History {
        let scratch = tempfile::tempdir().unwrap();
        let log = scratch.path().join("log");
        fs::write(&log, lines.concat()).unwrap();
        let root = PathBuf::from("/r");
        let mut history = History {
            names: Names::from([(root.clone(), Node::Folder)]),
            root,
            files: Vec::new(),
            events: Vec::new(),
        };
        history.read(&log);
        history
    }

    fn found(history: &History, at: usize, unsynced: Unsynced) -> Option<Vec<u8>> {
        let cut = Cut {
            at,
            journal: 0,
            unsynced,
            keeps_ranges: false,
        };
        let (names, mut files) = history.after(cut);
        match names.get(Path::new("/r/b")) {
            Some(Node::File(file)) => Some(std::mem::take(&mut files[*file])),
            Some(Node::Folder) | None => None,
        }
    }

    #[test]
    fn what_was_synced_is_there_and_nothing_else_must_be() {
        let history = history(&[
            line(b'c', "/r/a", 0, b""),
            line(b'w', "/r/a", 0, b"first"),
            line(b'm', "/r/a", 0, b"/r/b"),
            line(b'f', "/r/b", 0, b""),
            line(b'w', "/r/b", 0, b"other"),
        ]);
        assert_eq!(found(&history, 3, Unsynced::Everything), None, "no name");
        assert_eq!(found(&history, 4, Unsynced::Nothing).unwrap(), b"first");
        assert_eq!(found(&history, 5, Unsynced::Nothing).unwrap(), b"first");
        assert_eq!(found(&history, 5, Unsynced::Everything).unwrap(), b"other");
        assert_eq!(found(&history, 5, Unsynced::Before(4)).unwrap(), b"first");
    }

    #[test]
    fn a_folder_s_sync_keeps_names_and_no_data() {
        let history = history(&[
            line(b'c', "/r/b", 0, b""),
            line(b'w', "/r/b", 0, b"data"),
            line(b'f', "/r", 0, b""),
        ]);
        assert_eq!(found(&history, 3, Unsynced::Nothing).unwrap(), b"");
    }

    #[test]
    fn blocks_come_one_by_one_and_whole() {
        let data = vec![7; 40 * BLOCK];
        let history = history(&[
            line(b'c', "/r/b", 0, b""),
            line(b'f', "/r", 0, b""),
            line(b'w', "/r/b", 100, &data),
        ]);
        let file = found(&history, 3, Unsynced::Blocks(1)).unwrap();
        let blocks = file[BLOCK..].chunks_exact(BLOCK);
        let whole = |block: &[u8], byte: u8| block.iter().all(|&found| found == byte);
        assert!(blocks.clone().all(|it| whole(it, 0) || whole(it, 7)));
        assert!(blocks.clone().any(|it| whole(it, 0)) && blocks.clone().any(|it| whole(it, 7)));
    }

    #[test]
    fn a_ranged_sync_counts_where_the_disk_keeps_it() {
        let history = history(&[
            line(b'c', "/r/b", 0, b""),
            line(b'f', "/r", 0, b""),
            line(b'w', "/r/b", 0, b"data"),
            line(b's', "/r/b", 0, &100_usize.to_ne_bytes()),
        ]);
        let cut = |keeps_ranges| Cut {
            at: 4,
            journal: 0,
            unsynced: Unsynced::Nothing,
            keeps_ranges,
        };
        assert_eq!(history.after(cut(true)).1, [b"data".to_vec()]);
        assert_eq!(history.after(cut(false)).1, [Vec::<u8>::new()]);
    }
}
