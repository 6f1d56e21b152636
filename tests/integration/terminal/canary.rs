//! What is secret leaves memory with the lock.

use super::cockpit::Cockpit;
use crate::cli::machine::PASSPHRASE;
use rustix::process::Pid;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;

/// Larger stretches are looked through in pieces of so many bytes.
const PIECE: usize = 1 << 20;

/// How often each text stands in a process's memory.
fn copies(pid: Pid, texts: &[String]) -> io::Result<Vec<usize>> {
    let folder = format!("/proc/{}", pid.as_raw_nonzero());
    let memory = File::open(format!("{folder}/mem"))?;
    let mut counts = vec![0; texts.len()];
    for line in fs::read_to_string(format!("{folder}/maps"))?.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        if !rest.starts_with("rw") {
            continue; // what is not written to holds no secret
        }
        let (start, end) = range.split_once('-').unwrap();
        let address = |text: &str| u64::from_str_radix(text, 16).unwrap();
        count(&memory, address(start)..address(end), texts, &mut counts);
    }
    Ok(counts)
}

fn count(memory: &File, range: std::ops::Range<u64>, texts: &[String], counts: &mut [usize]) {
    let overlap = texts.iter().map(String::len).max().unwrap_or(0);
    let mut at = range.start;
    let mut piece = vec![0; PIECE + overlap];
    while at < range.end {
        let length = usize::try_from(range.end - at).unwrap().min(piece.len());
        // Pages that cannot be read hold nothing of ours: the kernel's own.
        let read = memory.read_at(&mut piece[..length], at).unwrap_or(0);
        for (text, count) in texts.iter().zip(counts.iter_mut()) {
            let found = piece[..read].windows(text.len()).enumerate();
            let begins =
                found.filter(|(place, window)| *place < PIECE && *window == text.as_bytes());
            *count += begins.count();
        }
        at += PIECE as u64;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_canary() {
    let cockpit = Cockpit::connected().await;
    let customer = cockpit.0.customer();
    let texts = [PASSPHRASE.to_owned(), customer.key, customer.secret];
    let mut seat = cockpit.setting(&[]).start();
    cockpit.unlock(&mut seat);
    let number = customer.account_number;
    let end = number[number.len() - 4..].to_owned();
    seat.until("the account is read", |screen, _| {
        screen.contents().contains(&end) && screen.contents().contains("● 1")
    });
    let open = match copies(seat.pid(), &texts) {
        Ok(open) => open,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            println!("skipped: only root may look into a hardened process");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(open[0], 0, "the passphrase is gone once the vault is open");
    assert!(
        open[1] > 0 && open[2] > 0,
        "what is looked for can be found: {open:?}"
    );
    cockpit.0.run(&["lock"], "").expect(0);
    seat.until("it is locked", |screen, _| {
        screen.contents().contains("Passphrase")
    });
    assert_eq!(copies(seat.pid(), &texts).unwrap(), [0, 0, 0]);
    cockpit.unlock(&mut seat);
    seat.until("the account is back", |screen, _| {
        screen.contents().contains(&end)
    });
}
