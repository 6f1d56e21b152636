//! One account, counted: entries go in one after the other, lots, cash and realised profit come out.

mod cash;
mod corporate;
pub mod lots;
mod option;
pub mod rows;
pub mod terms;
mod trade;

pub use lots::{Lot, Lots, Method, Pick};
pub use rows::{
    CashFlow, Closing, FlowCause, Opening, Premium, Problem, Realised, SplitSeen, Trouble,
};

use crate::domain::{AccountId, Currency, Entry, EntryId, Holding, Side, Symbol, Timestamp, What};
use crate::engine::accounting::chronicle::{Chronicle, LeftOut, Placed};
use crate::engine::accounting::ladder::calendar::day_of;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// How an account's closings choose their lots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Which lots go first.
    pub method: Method,
    /// For [`Method::Chosen`]: the closing entry and what it takes.
    pub picks: BTreeMap<EntryId, Vec<Pick>>,
}

/// What is held of one instrument, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Of what.
    pub holding: Holding,
    /// Its lots; together they are `units`.
    pub lots: Lots,
    /// How many; negative when short.
    pub units: Decimal,
    /// Where its latest day began.
    pub day: DayMark,
    /// The latest instant, and whether the position was short before it.
    instant: (Timestamp, bool),
}

/// What a position was when a day began, and what that day's trades paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayMark {
    /// Which day.
    pub day: Date,
    /// Units before it, in units after the splits of the day.
    pub units: Decimal,
    /// What its trades brought, negative where they cost; `None` where one of them is unknown.
    pub flow: Option<Decimal>,
}

impl Position {
    fn new(holding: &Holding, time: Timestamp) -> Self {
        Self {
            holding: holding.clone(),
            lots: Lots::default(),
            units: Decimal::ZERO,
            day: DayMark {
                day: day_of(time),
                units: Decimal::ZERO,
                flow: Some(Decimal::ZERO),
            },
            instant: (time, false),
        }
    }

    fn is_short(&self) -> bool {
        self.units < Decimal::ZERO
    }

    /// Notes that something changes at `time`, before it does.
    fn turn_to(&mut self, time: Timestamp) {
        if self.instant.0 == time {
            return;
        }
        self.instant = (time, self.is_short());
        let day = day_of(time);
        if day != self.day.day {
            self.day = DayMark {
                day,
                units: self.units,
                flow: Some(Decimal::ZERO),
            };
        }
    }

    /// Whether a trade takes away from what there was before the instant `time`.
    fn reduces(&self, side: Side, time: Timestamp) -> bool {
        let was_short = match self.instant.0 == time {
            true => self.instant.1,
            false => self.is_short(),
        };
        was_short == (side == Side::Buy)
    }
}

/// Whether an entry was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It was the next one.
    Counted,
    /// It belongs before something that is counted, or corrects it: the account is to be rebuilt.
    Rebuild,
}

/// Whoever wants to see a book before and after each entry.
pub trait Watch {
    /// The entry is the next one.
    fn before(&mut self, book: &AccountBook, next: &Placed);

    /// The entry is counted.
    fn after(&mut self, book: &AccountBook, counted: &Placed);
}

/// Nobody.
pub(super) struct Unwatched;

impl Watch for Unwatched {
    fn before(&mut self, _: &AccountBook, _: &Placed) {}

    fn after(&mut self, _: &AccountBook, _: &Placed) {}
}

/// What an entry is ordered by, with its trade's place at its instant.
type Key = (Timestamp, u8, bool, EntryId);

/// One account's lots, cash and results.
#[derive(Clone, Debug)]
pub struct AccountBook {
    /// Which account.
    pub account: AccountId,
    /// How closings choose their lots.
    pub choice: Choice,
    /// By instrument; those that are closed stay with 0 units.
    pub positions: BTreeMap<Symbol, Position>,
    /// All cash, settled or not.
    pub cash: BTreeMap<Currency, Decimal>,
    /// What became final, in order.
    pub realised: Vec<Realised>,
    /// What was bought or sold short, in order.
    pub openings: Vec<Opening>,
    /// Splits, in order.
    pub splits: Vec<SplitSeen>,
    /// Cash that moved without a trade, in order.
    pub flows: Vec<CashFlow>,
    /// Cash that was not yet settled when the latest entry happened.
    pub unsettled: BTreeMap<(Date, EntryId), CashFlow>,
    /// What the units had cost that left in kind; `None` where one of them is unknown.
    pub moved_out: BTreeMap<Currency, Option<Decimal>>,
    /// Fees that came with trades, by day.
    pub fees: BTreeMap<(Date, Symbol, Currency), Decimal>,
    /// Profit of futures that was not paid out by daily settlement, before the value of what is open.
    pub futures: BTreeMap<Currency, Decimal>,
    /// Premiums of used options whose delivery is still to come.
    pub premiums: Vec<Premium>,
    /// What could not be counted, or not in full.
    pub troubles: Vec<Trouble>,
    /// What was never counted.
    pub left_out: LeftOut,
    last: Option<Key>,
}

impl AccountBook {
    /// An account of which nothing is known yet.
    pub fn new(account: AccountId, choice: Choice) -> Self {
        Self {
            account,
            choice,
            positions: BTreeMap::new(),
            cash: BTreeMap::new(),
            realised: Vec::new(),
            openings: Vec::new(),
            splits: Vec::new(),
            flows: Vec::new(),
            unsettled: BTreeMap::new(),
            moved_out: BTreeMap::new(),
            fees: BTreeMap::new(),
            futures: BTreeMap::new(),
            premiums: Vec::new(),
            troubles: Vec::new(),
            left_out: LeftOut::default(),
            last: None,
        }
    }

    /// Counts a whole history.
    pub fn rebuilt(account: AccountId, choice: Choice, chronicle: &Chronicle) -> Self {
        Self::watched(account, choice, chronicle, &mut Unwatched)
    }

    /// Counts a whole history before somebody's eyes.
    pub fn watched(
        account: AccountId,
        choice: Choice,
        chronicle: &Chronicle,
        watch: &mut impl Watch,
    ) -> Self {
        let mut book = Self::new(account, choice);
        book.left_out = chronicle.left_out.clone();
        book.extend(&chronicle.entries, watch);
        book
    }

    /// Counts entries in their order, after those that are counted already.
    pub(super) fn extend(&mut self, entries: &[Placed], watch: &mut impl Watch) {
        let is_trade = |placed: &Placed| matches!(placed.entry.what, What::Trade(_));
        let at_one_instant =
            |a: &Placed, b: &Placed| a.time == b.time && is_trade(a) && is_trade(b);
        for run in entries.chunk_by(at_one_instant) {
            let mut run: Vec<Placed> = run.to_vec();
            if run.len() > 1 {
                run.sort_by_cached_key(|placed| self.key(placed));
            }
            for placed in run {
                watch.before(self, &placed);
                self.count(&placed);
                watch.after(self, &placed);
            }
        }
    }

    /// Counts one more entry, if it comes after all that were counted.
    pub fn apply(&mut self, entry: &Entry) -> Step {
        let placed = Placed {
            time: entry.time,
            entry,
        };
        let is_next = self
            .last
            .as_ref()
            .is_none_or(|last| *last < self.key(&placed));
        if !is_next || entry.corrects.is_some() || option::may_be_late(&entry.what) {
            return Step::Rebuild;
        }
        self.count(&placed);
        Step::Counted
    }

    /// When the latest counted entry happened; `None` where none was.
    pub fn counted_until(&self) -> Option<Timestamp> {
        self.last.as_ref().map(|last| last.0)
    }

    fn key(&self, placed: &Placed) -> Key {
        let (time, rank, id) = placed.key();
        let mut reduces = false;
        if let What::Trade(trade) = &placed.entry.what {
            let held = self.positions.get(&trade.holding.symbol);
            reduces = held.map_or(trade.side == Side::Sell, |it| it.reduces(trade.side, time));
        }
        (time, rank, reduces, id.clone())
    }

    fn count(&mut self, placed: &Placed) {
        self.last = Some(self.key(placed));
        let at = At {
            id: &placed.entry.id,
            time: placed.time,
            settles: placed.entry.settles,
        };
        match &placed.entry.what {
            What::Trade(trade) => self.trade(at, trade),
            What::Cash {
                cause,
                amount,
                symbol,
            } => self.money(at, *cause, *amount, symbol.as_ref()),
            What::Units {
                holding,
                quantity,
                cost,
            } => self.move_in_kind(at, holding, quantity.0, *cost),
            What::OptionEnded {
                holding,
                how,
                quantity,
            } => self.end_option(at, holding, *how, quantity.0),
            What::Split { symbol, from, to } => self.split(at, symbol, *from, *to),
            What::Exchanged { .. } => self.exchange(at, &placed.entry.what),
            What::SpunOff { .. } => self.spin_off(at, &placed.entry.what),
            What::TakenBack => {}
            What::Noted {
                amount,
                symbol,
                quantity,
            } => self.note(at, *amount, symbol.as_ref(), *quantity),
        }
    }

    fn trouble(&mut self, at: At, symbol: Option<&Symbol>, problem: Problem) {
        self.troubles.push(Trouble {
            entry: at.id.clone(),
            time: at.time,
            symbol: symbol.cloned(),
            problem,
        });
    }
}

/// Which entry is being counted.
#[derive(Clone, Copy)]
struct At<'a> {
    id: &'a EntryId,
    time: Timestamp,
    settles: Option<Date>,
}
