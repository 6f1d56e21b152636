//! What stands in the memory of a process.

use crate::terminal::needles::Needles;
use rustix::process::Pid;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

/// Larger stretches are looked through in pieces of so many bytes.
const PIECE: usize = 1 << 20;

const PAGE: usize = 4_096;

/// Something that is looked for.
pub(super) struct Wanted {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl Wanted {
    pub(super) fn new(name: &'static str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        Self { name, bytes }
    }
}

/// Where something was found: its name, and in which mapping.
pub(super) type Found = (String, String);

/// Every place where something wanted stands in a process's memory.
pub(super) fn copies(pid: Pid, wanted: &[Wanted]) -> io::Result<Vec<Found>> {
    let mut needles = Needles::default();
    for it in wanted {
        needles.add(it.name, &*it.bytes);
    }
    let folder = format!("/proc/{}", pid.as_raw_nonzero());
    let memory = File::open(format!("{folder}/mem"))?;
    let mut found = Vec::new();
    for line in fs::read_to_string(format!("{folder}/maps"))?.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        if !rest.starts_with("rw") {
            continue; // what is not written to holds no secret
        }
        let (start, end) = range.split_once('-').unwrap();
        let address = |text: &str| u64::from_str_radix(text, 16).unwrap();
        for name in look(&memory, address(start)..address(end), &needles) {
            found.push((name.to_owned(), line.to_owned()));
        }
    }
    Ok(found)
}

fn look<'n>(memory: &File, range: Range<u64>, needles: &'n Needles) -> Vec<&'n str> {
    let mut found = Vec::new();
    // What begins in a piece may end in the next.
    let mut piece = vec![0; PIECE + needles.longest()];
    for at in range.clone().step_by(PIECE) {
        let length = usize::try_from(range.end - at).unwrap().min(piece.len());
        // Pages that cannot be read hold nothing of ours: the kernel's own.
        let read = memory.read_at(&mut piece[..length], at).unwrap_or(0);
        let read = &piece[..read];
        for start in (0..read.len().min(PIECE)).step_by(PAGE) {
            let page = &read[start..read.len().min(start + PAGE)];
            if page != &[0; PAGE][..page.len()] {
                found.extend(needles.found_in(&read[start..], page.len()));
            }
        }
    }
    found
}
