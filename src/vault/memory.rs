//! Where keys lie: in one page that the system neither swaps out nor dumps, wiped as each key is dropped. The only
//! file with `unsafe`, because pages are asked for by pointer. Without that page keys lie on the heap, still wiped.

use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mlock, mmap_anonymous};
use zeroize::Zeroize as _;

const CELL: usize = 32;
const CELLS: usize = 128;
const PAGE: usize = CELL * CELLS;

/// How well the memory is guarded that keys lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyMemory {
    /// Neither swapped out nor in a core dump.
    Guarded,
    /// The system refused; keys are wiped when they are dropped all the same.
    Unguarded {
        /// What it refused, and why.
        why: String,
    },
}

/// How well the memory is guarded that this process keeps its keys in.
#[must_use]
pub fn key_memory() -> KeyMemory {
    match page() {
        Ok(page) => page.guard.clone(),
        Err(why) => KeyMemory::Unguarded { why: why.clone() },
    }
}

/// Room for one key: zeros at first, wiped when dropped.
pub(super) struct Cell(Room);

enum Room {
    InPage { page: &'static Page, index: usize },
    OnHeap(Box<[u8; CELL]>),
}

impl Cell {
    pub(super) fn new() -> Self {
        let in_page = page().as_ref().ok().and_then(|page| {
            let index = page.take()?;
            Some(Room::InPage { page, index })
        });
        Self(in_page.unwrap_or_else(|| Room::OnHeap(Box::new([0; CELL]))))
    }
}

impl Deref for Cell {
    type Target = [u8; CELL];

    fn deref(&self) -> &[u8; CELL] {
        match &self.0 {
            Room::InPage { page, index } => page.cell(*index),
            Room::OnHeap(bytes) => bytes,
        }
    }
}

impl DerefMut for Cell {
    fn deref_mut(&mut self) -> &mut [u8; CELL] {
        match &mut self.0 {
            Room::InPage { page, index } => page.cell_mut(*index),
            Room::OnHeap(bytes) => bytes,
        }
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        self.zeroize();
        if let Room::InPage { page, index } = self.0 {
            page.give_back(index);
        }
    }
}

/// One page, mapped once and never unmapped. Bit `n` of `taken` is set while cell `n` has an owner.
struct Page {
    start: NonNull<u8>,
    taken: Mutex<u128>,
    guard: KeyMemory,
}

fn page() -> &'static Result<Page, String> {
    static PAGE: OnceLock<Result<Page, String>> = OnceLock::new();
    PAGE.get_or_init(Page::map)
}

impl Page {
    fn take(&self) -> Option<usize> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let index = taken.trailing_ones();
        *taken |= 1_u128.checked_shl(index)?;
        usize::try_from(index).ok()
    }

    fn give_back(&self, index: usize) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken &= !(1_u128 << index);
    }
}

#[expect(
    unsafe_code,
    reason = "locking a page, and handing out its parts, goes by pointer"
)]
mod raw {
    use super::*;

    // SAFETY: the memory behind `start` belongs to no thread, stays mapped for ever, and each part of it is reached
    // only through the one `Cell` that took it.
    unsafe impl Send for Page {}
    // SAFETY: as above; `taken` is a mutex.
    unsafe impl Sync for Page {}

    impl Page {
        pub(super) fn map() -> Result<Self, String> {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            // SAFETY: a new private mapping wherever the system likes touches no memory of ours.
            let start =
                unsafe { mmap_anonymous(std::ptr::null_mut(), PAGE, access, MapFlags::PRIVATE) };
            let start = start.map_err(|error| format!("no page of memory was given: {error}"))?;
            // SAFETY: exactly the mapping made above; neither call changes what is in it.
            let (locked, left_out) = unsafe {
                let locked = mlock(start, PAGE);
                (locked, madvise(start, PAGE, Advice::LinuxDontDump))
            };
            let refused = |what, error| KeyMemory::Unguarded {
                why: format!("{what}: {error}"),
            };
            let guard = match (locked, left_out) {
                (Ok(()), Ok(())) => KeyMemory::Guarded,
                (Err(error), _) => refused("it may be swapped out", error),
                (Ok(()), Err(error)) => refused("it may be in a core dump", error),
            };
            Ok(Self {
                start: NonNull::new(start.cast()).ok_or("a page at address 0")?,
                taken: Mutex::new(0),
                guard,
            })
        }

        pub(super) fn cell(&self, index: usize) -> &[u8; CELL] {
            assert!(index < CELLS);
            // SAFETY: inside the page, which is initialised (the system zeroes it); no mutable reference exists,
            // because those are made only from `&mut` of the one `Cell` that has this index.
            unsafe { self.start.add(index * CELL).cast().as_ref() }
        }

        #[expect(
            clippy::mut_from_ref,
            reason = "the page is shared, its cells are not: each has one owner"
        )]
        pub(super) fn cell_mut(&self, index: usize) -> &mut [u8; CELL] {
            assert!(index < CELLS);
            // SAFETY: as in `cell`; the caller holds `&mut` of the only `Cell` with this index.
            unsafe { self.start.add(index * CELL).cast().as_mut() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_apart_empty_at_first_and_more_than_a_page_holds_can_be_had() {
        let mut cells: Vec<Cell> = (0..2 * CELLS).map(|_| Cell::new()).collect();
        assert!(cells.iter().all(|cell| **cell == [0; CELL]));
        for (number, cell) in cells.iter_mut().enumerate() {
            cell[..8].copy_from_slice(&number.to_be_bytes());
        }
        for (number, cell) in cells.iter().enumerate() {
            assert_eq!(cell[..8], number.to_be_bytes());
        }
    }

    #[test]
    fn a_page_hands_each_cell_out_once_and_takes_it_back_wiped() {
        let page: &'static Page = Box::leak(Box::new(Page::map().unwrap()));
        let taken: Vec<usize> = (0..CELLS).map(|_| page.take().unwrap()).collect();
        assert_eq!(taken, (0..CELLS).collect::<Vec<_>>());
        assert_eq!(page.take(), None);
        let mut cell = Cell(Room::InPage { page, index: 7 });
        cell.fill(9);
        assert_eq!(*page.cell(7), [9; CELL]);
        drop(cell);
        assert_eq!(*page.cell(7), [0; CELL]);
        assert_eq!(page.take(), Some(7));
    }

    #[test]
    fn the_system_is_asked_to_guard_the_page() {
        let guard = Page::map().unwrap().guard;
        let limit = rustix::process::getrlimit(rustix::process::Resource::Memlock).current;
        if limit.is_none_or(|limit| limit > 4 * PAGE as u64) {
            assert_eq!(guard, KeyMemory::Guarded);
        }
    }
}
