//! The year before the start: customers with deposits, trades, dividends and fees at the market's own
//! past prices, so that cash and holdings are the sum of what happened; then a few orders of today.

use super::activity::{Activity, Cash, CashKind, Happening};
use super::order::{BookedOrder, Standing};
use super::story::{Cast, Story, letters};
use super::{Customer, World};
use crate::domain::{
    AccountId, AssetClass, ConnectionId, Exits, Mode, OrderDraft, OrderKind, OrderSize, Price,
    Quantity, Side, Symbol, TimeInForce, Timestamp,
};
use crate::sim::calendar::TradingDay;
use crate::sim::market::PriceSource;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
/// Regulators' fee on sales, in millionths of the amount; about what the SEC took in 2024.
const FEE_PPM: i64 = 28;

impl World {
    /// Makes the customers, lives through their year and leaves some orders standing.
    pub(super) fn settle_in(&mut self, cast: &'static Cast, now: Timestamp) {
        for (index, story) in cast.stories.iter().enumerate() {
            let customer = self.make_customer(cast, story, now.minus(DAY * 366));
            self.customers.push(customer);
            self.live_through(index, story, now);
        }
        for (index, story) in cast.stories.iter().enumerate() {
            self.leave_orders(index, story, now);
        }
        self.advance(now);
        self.notices.clear();
    }

    fn make_customer(&mut self, cast: &Cast, story: &Story, created: Timestamp) -> Customer {
        let paper = story.profile.paper;
        let number = (cast.number)(&mut self.random, paper);
        Customer {
            profile: story.profile.clone(),
            id: self.make_id(),
            number,
            key: format!(
                "{}{}",
                if paper { "PK" } else { "AK" },
                letters(&mut self.random, 18)
            ),
            secret: (0..40).map(|_| self.random.alphanumeric()).collect(),
            created,
            cash: Decimal::ZERO,
            holdings: BTreeMap::new(),
            orders: Vec::new(),
            activities: Vec::new(),
            by_id: HashMap::new(),
            by_client_id: HashMap::new(),
            open: Vec::new(),
        }
    }

    fn live_through(&mut self, index: usize, story: &Story, now: Timestamp) {
        let calendar = self.market.calendar().clone();
        let first = calendar.date_of(now.minus(DAY * 365));
        let mut fees = Decimal::ZERO;
        let mut month = first.month();
        let days: Vec<TradingDay> = calendar.days(first, calendar.date_of(now)).collect();
        let past = days.iter().filter(|day| day.close < now);
        for (number, day) in past.enumerate() {
            let morning = day.open.minus(Duration::from_hours(1));
            if number == 0 {
                self.receive(
                    index,
                    day,
                    morning,
                    (CashKind::Deposit, story.deposit.into()),
                );
            } else if day.date.month() != month && story.monthly > 0 {
                self.receive(
                    index,
                    day,
                    morning,
                    (CashKind::Deposit, story.monthly.into()),
                );
            }
            if !fees.is_zero() {
                self.receive(index, day, morning, (CashKind::RegulatoryFee, -fees));
            }
            if day.date.month() != month && day.date.month() % 3 == 0 {
                self.pay_dividends(index, day, morning);
            }
            month = day.date.month();
            fees = self.trade_for_a_day(index, story, day, number);
        }
    }

    fn receive(
        &mut self,
        index: usize,
        day: &TradingDay,
        time: Timestamp,
        (kind, amount): (CashKind, Decimal),
    ) {
        let description = match kind {
            CashKind::Deposit => "Cash deposit",
            CashKind::Withdrawal => "Cash withdrawal",
            CashKind::Dividend => "Cash dividend",
            CashKind::RegulatoryFee => "REG fee for proceeds of sales",
            CashKind::Interest => "Interest",
        };
        self.add_cash(
            index,
            time,
            Happening::Cash(Cash {
                kind,
                amount,
                date: day.date,
                symbol: None,
                quantity: None,
                description: description.to_owned(),
            }),
        );
    }

    fn add_cash(&mut self, index: usize, time: Timestamp, happening: Happening) {
        let id = self.make_id();
        let activity = Activity {
            id,
            time,
            happening,
        };
        let customer = &mut self.customers[index];
        customer.cash += activity.cash();
        customer.activities.push(activity);
    }

    fn pay_dividends(&mut self, index: usize, day: &TradingDay, time: Timestamp) {
        let held: Vec<(Symbol, Decimal)> = self.customers[index]
            .holdings
            .iter()
            .map(|(symbol, holding)| (symbol.clone(), holding.quantity))
            .collect();
        for (number, (symbol, units)) in held.into_iter().enumerate() {
            let Some(listing) = self.market.find(&symbol) else {
                continue;
            };
            let per_unit = match self.market.listings()[listing].price {
                PriceSource::Seeded(shape) => Decimal::new(shape.dividend_cents, 2),
                PriceSource::Recorded => Decimal::ZERO,
            };
            if per_unit.is_zero() {
                continue;
            }
            let happening = Happening::Cash(Cash {
                kind: CashKind::Dividend,
                amount: units * per_unit,
                date: day.date,
                description: format!("Cash dividend of {per_unit} a share"),
                symbol: Some(symbol),
                quantity: Some(Quantity(units)),
            });
            let later = Duration::from_millis(u64::try_from(number).unwrap_or_default());
            self.add_cash(index, time.plus(later), happening);
        }
    }

    /// The trades of one day; returns the fees they will cost the next morning.
    fn trade_for_a_day(
        &mut self,
        index: usize,
        story: &Story,
        day: &TradingDay,
        number: usize,
    ) -> Decimal {
        let mut proceeds = Decimal::ZERO;
        let session = day.close.since(day.open).as_secs();
        if let (true, Some(symbol)) = (number < 5, story.keeps.get(number)) {
            let time = day.open.plus(Duration::from_secs(611));
            self.trade(index, symbol, Side::Buy, time);
        }
        if number == 20
            && let Some(symbol) = story.short
        {
            self.trade(
                index,
                symbol,
                Side::Sell,
                day.open.plus(Duration::from_secs(901)),
            );
        }
        let trades = (0..2)
            .filter(|_| self.random.u32(0..10) < story.trades_a_week)
            .count();
        let mut times: Vec<u64> = (0..trades).map(|_| self.random.u64(900..session)).collect();
        times.sort_unstable();
        for second in times {
            let symbol = story.symbols[self.random.usize(0..story.symbols.len())];
            let held = self.customers[index].held(&Symbol::new(symbol));
            let side = match !held.is_zero() && self.random.u32(0..10) < 4 {
                true => Side::Sell,
                false => Side::Buy,
            };
            let time = day
                .open
                .plus(Duration::from_secs(second))
                .plus(Duration::from_micros(self.random.u64(0..1_000_000)));
            proceeds += self.trade(index, symbol, side, time);
        }
        if story.elaborate {
            return Decimal::ZERO;
        }
        (proceeds * Decimal::new(FEE_PPM, 6))
            .round_dp_with_strategy(2, RoundingStrategy::AwayFromZero)
    }

    /// One order of the past, in one or two executions; returns what a sale brought.
    fn trade(&mut self, index: usize, symbol: &str, side: Side, time: Timestamp) -> Decimal {
        let symbol = Symbol::new(symbol);
        let price = self
            .market
            .find(&symbol)
            .and_then(|listing| self.market.price_at(listing, time));
        let Some(price) = price else {
            return Decimal::ZERO;
        };
        let units = self.units_to_trade(index, &symbol, side, price);
        if units <= Decimal::ZERO {
            return Decimal::ZERO;
        }
        let kind = match self.random.bool() {
            true => OrderKind::Market,
            false => OrderKind::Limit { limit: price },
        };
        let draft = self.draft(index, symbol, side, units, kind);
        let mut order = BookedOrder::new(
            self.make_order_id(),
            self.make_id().to_string(),
            draft,
            time.minus(Duration::from_millis(340)),
        );
        order.standing = Standing::Filled;
        order.filled = units;
        order.average = Some(price);
        order.updated = time;
        order.ended = Some(time);
        let first = match units > Decimal::TEN && self.random.u8(0..6) == 0 {
            true => (units / Decimal::from(3)).trunc(),
            false => units,
        };
        let parts = [(first, units - first), (units - first, Decimal::ZERO)];
        for (done, (part, leaves)) in parts
            .into_iter()
            .enumerate()
            .filter(|(_, (part, _))| !part.is_zero())
        {
            let at = time.plus(Duration::from_millis(
                u64::try_from(done).unwrap_or_default(),
            ));
            self.execute(index, &order, (part, leaves), at);
        }
        self.customers[index].add_order(order);
        match side {
            Side::Sell => units * price.0,
            Side::Buy => Decimal::ZERO,
        }
    }

    fn execute(
        &mut self,
        index: usize,
        order: &BookedOrder,
        (part, leaves): (Decimal, Decimal),
        time: Timestamp,
    ) {
        let id = self.make_id();
        let price = order.average.unwrap_or_default();
        let (symbol, side) = (order.draft.symbol.clone(), order.draft.side);
        let customer = &mut self.customers[index];
        let short = side == Side::Sell && customer.held(&symbol) <= Decimal::ZERO;
        customer.settle(&symbol, side, Quantity(part), price);
        customer.activities.push(Activity {
            id,
            time,
            happening: Happening::Fill {
                order: order.id.clone(),
                symbol,
                side,
                short,
                quantity: Quantity(part),
                price,
                cumulative: Quantity(order.filled - leaves),
                leaves: Quantity(leaves),
            },
        });
    }

    fn units_to_trade(
        &mut self,
        index: usize,
        symbol: &Symbol,
        side: Side,
        price: Price,
    ) -> Decimal {
        let customer = &self.customers[index];
        let held = customer.held(symbol);
        let share = |money: Decimal, percent: u32| {
            let part = money * Decimal::new(i64::from(percent), 2);
            part.checked_div(price.0).unwrap_or_default().trunc()
        };
        match side {
            Side::Buy if held >= Decimal::ZERO => share(customer.cash, self.random.u32(6..22)),
            Side::Buy => Decimal::ZERO,
            Side::Sell if held > Decimal::ZERO => {
                let half = (held / Decimal::TWO).trunc();
                if self.random.bool() { held } else { half }
            }
            Side::Sell => share(customer.cash, 5),
        }
    }

    pub(super) fn draft(
        &self,
        index: usize,
        symbol: Symbol,
        side: Side,
        units: Decimal,
        kind: OrderKind,
    ) -> OrderDraft {
        let customer = &self.customers[index];
        OrderDraft {
            account: AccountId {
                connection: ConnectionId::new("simulated"),
                number: customer.number.as_str().into(),
            },
            mode: if customer.profile.paper {
                Mode::Paper
            } else {
                Mode::Live
            },
            symbol,
            class: AssetClass::Equity,
            side,
            size: OrderSize::Quantity(Quantity(units)),
            kind,
            time_in_force: TimeInForce::Day,
            extended_hours: false,
            exits: Exits::None,
        }
    }
}
