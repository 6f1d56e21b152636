//! The order in which entries count, whatever order they arrived in.
//!
//! Per account, entries are ordered by their time, at one instant by their kind, then by their id:
//!
//! 1. splits, exchanges and spin-offs, for what is traded at that instant is what came out of them;
//! 2. the end of options, before the delivery that it leads to;
//! 3. units that came, 4. trades, 5. units that went, 6. cash and what was only noted.
//!
//! Of trades at one instant, those that add to what the position was before the instant come first, so that a fill that
//! closes does not cross zero only because its id sorts first; in a flat position purchases come first. That needs the
//! positions, so the book does it: here such trades stand in the order of their ids.
//!
//! An entry that corrects another takes its place, also its place in time; of several that correct the same one the
//! latest counts. An exercise or assignment that is listed up to [`DELIVERY_DAYS`] after its delivery comes before it.

use crate::domain::{AccountId, Entry, EntryId, OptionEnd, Side, Symbol, Timestamp, What};
use crate::engine::accounting::book::terms::Terms;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// How long after the delivery of the underlying the end of the option may be listed, and the other way round: a weekend
/// with a holiday lies between at most.
pub const DELIVERY_DAYS: Duration = Duration::from_secs(5 * 24 * 3600);

/// An entry and the moment at which it counts.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// When it counts: its own time, but for corrections and late ends of options.
    pub time: Timestamp,
    /// What happened.
    pub entry: &'a Entry,
}

impl Placed<'_> {
    /// What it is ordered by, before the book looks at trades of one instant.
    pub(super) fn key(&self) -> (Timestamp, u8, &EntryId) {
        (self.time, rank(&self.entry.what), &self.entry.id)
    }
}

/// What was left out of the order, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Entries whose id was there already.
    pub repeated: usize,
    /// Entries that a correction took the place of, and takings back themselves.
    pub corrected: usize,
    /// Takings back and corrections of entries that are not there; the corrections count as they are.
    pub orphans: usize,
}

/// One account's entries in the order in which they count.
#[derive(Clone, Debug, Default)]
pub struct Chronicle<'a> {
    /// In order.
    pub entries: Vec<Placed<'a>>,
    /// What is not among them.
    pub left_out: LeftOut,
}

/// Puts the entries of every account in order; time is that of sorting, and nothing is copied.
pub fn chronicles<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
) -> BTreeMap<&'a AccountId, Chronicle<'a>> {
    let mut accounts: BTreeMap<&AccountId, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        accounts.entry(&entry.account).or_default().push(entry);
    }
    let accounts = accounts.into_iter();
    accounts
        .map(|(account, entries)| (account, chronicle(entries)))
        .collect()
}

/// Puts the entries of one account in order.
pub fn chronicle(mut entries: Vec<&Entry>) -> Chronicle<'_> {
    let mut left_out = LeftOut::default();
    let arrived = entries.len();
    let mut ids = HashSet::with_capacity(arrived);
    entries.retain(|entry| ids.insert(&entry.id));
    left_out.repeated = arrived - entries.len();
    let corrected = Corrections::among(&entries);
    left_out.orphans = corrected.orphans;
    let known = entries.len();
    let kept = entries.into_iter().filter(|entry| corrected.counts(entry));
    let mut placed: Vec<Placed> = kept
        .map(|entry| Placed {
            time: corrected.time(entry),
            entry,
        })
        .collect();
    left_out.corrected = known - placed.len();
    put_ends_before_deliveries(&mut placed);
    placed.sort_by(|a, b| a.key().cmp(&b.key()));
    Chronicle {
        entries: placed,
        left_out,
    }
}

/// Which entries were corrected, by which.
#[derive(Default)]
struct Corrections<'a> {
    /// Corrected → the correction that counts.
    by: HashMap<&'a EntryId, &'a Entry>,
    /// Correction → the moment of what it corrects.
    times: HashMap<&'a EntryId, Timestamp>,
    orphans: usize,
}

impl<'a> Corrections<'a> {
    fn among(entries: &[&'a Entry]) -> Self {
        let mut found = Self::default();
        // An entry that names itself corrects nothing.
        let corrects = |entry: &&&Entry| entry.corrects.as_ref().is_some_and(|it| *it != entry.id);
        let correcting = entries.iter().filter(corrects);
        let correcting: Vec<&Entry> = correcting.copied().collect();
        for entry in &correcting {
            let Some(target) = &entry.corrects else {
                continue;
            };
            let best = found.by.entry(target).or_insert(entry);
            if (entry.time, &entry.id) > (best.time, &best.id) {
                *best = entry;
            }
        }
        found.orphans = entries.iter().filter(|it| is_lonely_taking(it)).count();
        if correcting.is_empty() {
            return found;
        }
        let wanted: HashSet<&EntryId> = found.by.keys().copied().collect();
        let targets = entries.iter().filter(|entry| wanted.contains(&entry.id));
        let targets: HashMap<&EntryId, &Entry> = targets.map(|it| (&it.id, *it)).collect();
        for entry in &correcting {
            match root(entry, &targets) {
                Some(time) => {
                    found.times.insert(&entry.id, time);
                }
                None => found.orphans += 1,
            }
        }
        found
    }

    /// Whether an entry is counted: nothing corrects it, it is no taking back, and no other correction won.
    fn counts(&self, entry: &Entry) -> bool {
        let won = |target| self.by.get(target).is_some_and(|best| best.id == entry.id);
        let target = entry.corrects.as_ref().filter(|it| **it != entry.id);
        let has_lost = target.is_some_and(|target| !won(target));
        let is_corrected = self.by.contains_key(&entry.id);
        !has_lost && !is_corrected && !matches!(entry.what, What::TakenBack)
    }

    fn time(&self, entry: &Entry) -> Timestamp {
        self.times.get(&entry.id).copied().unwrap_or(entry.time)
    }
}

fn is_lonely_taking(entry: &Entry) -> bool {
    matches!(entry.what, What::TakenBack) && entry.corrects.is_none()
}

/// The moment of the entry at the start of a chain of corrections; `None` where it is not there or runs in a circle.
fn root(entry: &Entry, targets: &HashMap<&EntryId, &Entry>) -> Option<Timestamp> {
    let mut at = entry;
    for _ in 0..=targets.len() {
        match &at.corrects {
            Some(target) if *target != at.id => at = targets.get(target)?,
            _ => return Some(at.time),
        }
    }
    None
}

/// A delivery of an option's underlying, as its end and its trade agree on it.
type Delivery<'a> = (Symbol, Decimal, Side, Decimal);

/// Moves the end of an option before a delivery that is listed earlier.
fn put_ends_before_deliveries(placed: &mut [Placed]) {
    let mut ends: HashMap<Delivery, Vec<usize>> = HashMap::new();
    for (index, one) in placed.iter().enumerate() {
        if let Some(delivery) = delivery_of(one.entry) {
            ends.entry(delivery).or_default().push(index);
        }
    }
    if ends.is_empty() {
        return;
    }
    let mut moves = Vec::new();
    for one in placed.iter() {
        let What::Trade(trade) = &one.entry.what else {
            continue;
        };
        let symbol = trade.holding.symbol.clone();
        let delivery = (
            symbol,
            trade.price.0.normalize(),
            trade.side,
            trade.quantity.0.normalize(),
        );
        let Some(waiting) = ends.get_mut(&delivery) else {
            continue;
        };
        let is_near = |at: &usize| placed[*at].time.since(one.time) <= DELIVERY_DAYS;
        let late = |at: &usize| placed[*at].time > one.time && is_near(at);
        let earliest = waiting
            .iter()
            .copied()
            .filter(late)
            .min_by_key(|at| placed[*at].key());
        if let Some(at) = earliest {
            waiting.retain(|it| *it != at);
            moves.push((at, one.time));
        }
    }
    for (at, time) in moves {
        placed[at].time = time;
    }
}

fn delivery_of(entry: &Entry) -> Option<Delivery<'_>> {
    let What::OptionEnded {
        holding,
        how,
        quantity,
    } = &entry.what
    else {
        return None;
    };
    let held = match how {
        OptionEnd::Expired => return None,
        OptionEnd::Exercised => true,
        OptionEnd::Assigned => false,
    };
    let terms = Terms::of(&holding.symbol)?;
    let units = quantity.0.abs().checked_mul(holding.multiplier)?;
    let side = terms.delivery(held);
    Some((terms.underlying, terms.strike, side, units.normalize()))
}

fn rank(what: &What) -> u8 {
    match what {
        What::Split { .. } | What::Exchanged { .. } | What::SpunOff { .. } => 0,
        What::OptionEnded { .. } => 1,
        What::Units { quantity, .. } if quantity.0.is_sign_positive() => 2,
        What::Trade(_) => 3,
        What::Units { .. } => 4,
        What::Cash { .. } | What::Noted { .. } | What::TakenBack => 5,
    }
}
