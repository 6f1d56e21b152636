use super::*;
use crate::domain::order::OrderChange;
use crate::domain::{
    AccountId, AssetClass, ClientOrderId, ConnectionId, Exits, Mode, OrderDraft, OrderKind,
    OrderSize, Price, Quantity, Side, StopLoss, TimeInForce,
};
use crate::sim::market::Speed;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

const MARGIN: usize = 0;
const IRA: usize = 1;

fn start() -> Timestamp {
    Timestamp::parse("2026-11-24T15:00:00Z").unwrap()
}

fn world(seed: u64) -> World {
    world_of(Cast::FIRST, seed)
}

fn world_of(cast: &'static Cast, seed: u64) -> World {
    let options = MarketOptions {
        seed,
        universe: 0,
        quotes_per_second: 200,
        hours: MarketHours::Always,
        recording: Arc::default(),
        speed: Speed::Times(1),
    };
    World::new(options, cast, start())
}

/// A world and the seconds that passed in it.
struct Scene {
    world: World,
    now: Timestamp,
}

impl Scene {
    fn new() -> Self {
        Self {
            world: world(1),
            now: start(),
        }
    }

    fn wait(&mut self, seconds: u64) -> Vec<String> {
        for _ in 0..seconds * 10 {
            self.now = self.now.plus(Duration::from_millis(100));
            self.world.advance(self.now);
        }
        let notices = self.world.take_notices();
        notices.iter().map(|notice| written(&notice.kind)).collect()
    }

    fn percent(&self, symbol: &str, percent: i64) -> Price {
        let market = &self.world.market;
        let mark = market
            .mark(market.find(&Symbol::new(symbol)).unwrap())
            .unwrap();
        Price((mark.0 * Decimal::new(percent, 2)).round_dp(2))
    }

    fn place(&mut self, customer: usize, draft: OrderDraft) -> Result<ClientOrderId, Refusal> {
        let order = NewOrder {
            draft,
            client_id: None,
        };
        self.world.place(customer, order, self.now)
    }

    fn standing(&self, id: &ClientOrderId) -> Standing {
        let mut customers = self.world.customers.iter();
        customers
            .find_map(|customer| customer.order(id))
            .unwrap()
            .standing
    }
}

fn written(kind: &NoticeKind) -> String {
    if let NoticeKind::Filled { complete, .. } = kind {
        return if *complete { "filled" } else { "partly" }.to_owned();
    }
    format!("{kind:?}").to_lowercase()
}

fn draft(symbol: &str, side: Side, units: i64, kind: OrderKind) -> OrderDraft {
    OrderDraft {
        account: AccountId {
            connection: ConnectionId::new("simulated"),
            number: "1".into(),
        },
        mode: Mode::Paper,
        symbol: Symbol::new(symbol),
        class: AssetClass::Equity,
        side,
        size: OrderSize::Quantity(Quantity(units.into())),
        kind,
        time_in_force: TimeInForce::Day,
        extended_hours: false,
        exits: Exits::None,
    }
}

#[test]
fn cash_and_holdings_are_the_sum_of_what_happened() {
    for seed in 1..6 {
        for customer in &world(seed).customers {
            let name = customer.profile.name;
            let cash: Decimal = customer.activities.iter().map(Activity::cash).sum();
            assert_eq!(cash, customer.cash, "{seed} {name}");
            assert!(cash > Decimal::ZERO, "{seed} {name}");
            let mut held: BTreeMap<&Symbol, Decimal> = BTreeMap::new();
            for (symbol, units) in customer.activities.iter().filter_map(Activity::units) {
                *held.entry(symbol).or_default() += units;
            }
            held.retain(|_, units| !units.is_zero());
            let holdings = customer.holdings.iter();
            let holdings = holdings
                .map(|(symbol, holding)| (symbol, holding.quantity))
                .collect();
            assert_eq!(held, holdings, "{seed} {name}");
            assert!(
                customer
                    .activities
                    .is_sorted_by_key(|activity| activity.time)
            );
            assert!(
                customer.holdings.len() > 1 && customer.orders.len() > 20,
                "{seed} {name}"
            );
            assert!(customer.open_orders().count() > 0, "{seed} {name}");
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_people() {
    let people = |seed| {
        let customers = world(seed).customers;
        let people = customers
            .into_iter()
            .map(|one| (one.key, one.secret, one.number, one.cash));
        people.collect::<Vec<_>>()
    };
    assert_eq!(people(4), people(4));
    assert_ne!(people(4), people(5));
    let keys = people(4);
    assert!(keys[0].0.starts_with("PK") && keys[3].0.starts_with("AK"));
}

#[test]
fn an_order_is_taken_worked_and_filled() {
    let mut scene = Scene::new();
    let cash = scene.world.customers[MARGIN].cash;
    let id = scene
        .place(MARGIN, draft("PEP", Side::Buy, 3, OrderKind::Market))
        .unwrap();
    assert_eq!(scene.standing(&id), Standing::Accepted);
    assert_eq!(scene.wait(1), ["accepted", "working", "filled"]);
    let customer = &scene.world.customers[MARGIN];
    let order = customer.order(&id).unwrap();
    assert_eq!(
        (order.standing, order.filled),
        (Standing::Filled, Decimal::from(3))
    );
    assert_eq!(customer.held(&Symbol::new("PEP")), Decimal::from(3));
    assert_eq!(
        customer.cash,
        cash - Decimal::from(3) * order.average.unwrap().0
    );
    let last = customer.activities.last().unwrap();
    assert_eq!(last.units(), Some((&Symbol::new("PEP"), Decimal::from(3))));
}

#[test]
fn more_than_is_shown_fills_in_parts() {
    let mut scene = Scene::new();
    let id = scene
        .place(MARGIN, draft("F", Side::Buy, 3500, OrderKind::Market))
        .unwrap();
    let told = scene.wait(30);
    assert_eq!(scene.standing(&id), Standing::Filled, "{told:?}");
    assert!(told.contains(&"partly".to_owned()), "{told:?}");
}

#[test]
fn cancelling_and_replacing_take_effect_with_the_next_beat() {
    let mut scene = Scene::new();
    let limit = scene.percent("KO", 90);
    let kind = OrderKind::Limit { limit };
    let id = scene
        .place(MARGIN, draft("KO", Side::Buy, 3, kind))
        .unwrap();
    let change = OrderChange {
        quantity: Some(Quantity(Decimal::from(5))),
        ..OrderChange::default()
    };
    let early = scene
        .world
        .replace(MARGIN, &id, change.clone(), None, scene.now);
    assert_eq!(early, Err(Refusal::NotReplaceable(Standing::Accepted)));
    scene.wait(1);
    let new = scene
        .world
        .replace(MARGIN, &id, change, None, scene.now)
        .unwrap();
    assert_eq!(scene.standing(&id), Standing::ReplacePending);
    assert_eq!(scene.wait(1), ["pendingreplace", "replaced", "working"]);
    let customer = &scene.world.customers[MARGIN];
    assert_eq!(customer.order(&id).unwrap().replaced_by, Some(new.clone()));
    assert_eq!(
        customer.order(&new).unwrap().quantity(),
        Some(Decimal::from(5))
    );
    let (now, world) = (scene.now, &mut scene.world);
    assert_eq!(world.cancel(MARGIN, &id, now), Err(Refusal::NotCancelable));
    assert_eq!(world.cancel(MARGIN, &new, now), Ok(()));
    assert_eq!(world.cancel(MARGIN, &new, now), Err(Refusal::NotCancelable));
    assert_eq!(
        world.cancel(IRA, &new, now),
        Err(Refusal::NoSuchOrder),
        "somebody else's"
    );
    assert_eq!(scene.wait(1), ["pendingcancel", "cancelled"]);
}

#[test]
fn what_is_bound_cannot_be_spent_or_sold_twice() {
    let mut scene = Scene::new();
    let before = scene.world.customers[IRA]
        .figures(&scene.world.market)
        .buying_power;
    let limit = scene.percent("DIS", 90);
    let kind = OrderKind::Limit { limit };
    scene.place(IRA, draft("DIS", Side::Buy, 10, kind)).unwrap();
    let after = scene.world.customers[IRA]
        .figures(&scene.world.market)
        .buying_power;
    assert_eq!(before - after, limit.0 * Decimal::TEN);
    let too_much = scene.place(IRA, draft("DIS", Side::Buy, 100_000, kind));
    assert!(
        matches!(too_much, Err(Refusal::BuyingPower { .. })),
        "{too_much:?}"
    );
    let symbol = Symbol::new("VOO");
    let held = scene.world.customers[IRA].held(&symbol) - scene.world.customers[IRA].bound(&symbol);
    let held: i64 = held.trunc().try_into().unwrap();
    let high = OrderKind::Limit {
        limit: scene.percent("VOO", 150),
    };
    scene
        .place(IRA, draft("VOO", Side::Sell, held, high))
        .unwrap();
    let twice = scene.place(IRA, draft("VOO", Side::Sell, 1, high));
    assert!(
        matches!(&twice, Err(Refusal::Quantity { available, .. }) if available.is_zero()),
        "{twice:?}"
    );
}

#[test]
fn orders_that_cannot_be_are_refused() {
    let mut scene = Scene::new();
    let (low, high) = (scene.percent("BA", 90), scene.percent("BA", 110));
    let resting = draft("BA", Side::Buy, 1, OrderKind::Limit { limit: low });
    let order = scene.place(MARGIN, resting).unwrap();
    let wash = Err(Refusal::WashTrade { order });
    let sell = |kind| draft("BA", Side::Sell, 1, kind);
    assert_eq!(scene.place(MARGIN, sell(OrderKind::Market)), wash);
    assert_eq!(
        scene.place(MARGIN, sell(OrderKind::Limit { limit: low })),
        wash
    );
    assert!(
        scene
            .place(MARGIN, sell(OrderKind::Limit { limit: high }))
            .is_ok()
    );
    let short = scene.place(IRA, sell(OrderKind::Market));
    assert!(
        matches!(short, Err(Refusal::Quantity { .. })),
        "a cash account cannot sell short"
    );
    let bracket = |take_profit, stop| OrderDraft {
        exits: Exits::Bracket {
            take_profit,
            stop_loss: StopLoss { stop, limit: None },
        },
        ..draft("CAT", Side::Buy, 1, OrderKind::Market)
    };
    let (low, high) = (scene.percent("CAT", 90), scene.percent("CAT", 110));
    for (profit, stop) in [(low, low), (high, high), (low, high)] {
        let refused = scene.place(MARGIN, bracket(profit, stop));
        assert!(
            matches!(refused, Err(Refusal::Misplaced(_))),
            "{profit} {stop}"
        );
    }
    assert!(scene.place(MARGIN, bracket(high, low)).is_ok());
}

#[test]
fn a_day_order_ends_with_the_exchange_s_day() {
    let mut scene = Scene::new();
    let limit = scene.percent("GE", 90);
    let kind = OrderKind::Limit { limit };
    let day = scene
        .place(MARGIN, draft("GE", Side::Buy, 1, kind))
        .unwrap();
    let stays = OrderDraft {
        time_in_force: TimeInForce::GoodTilCancelled,
        ..draft("GE", Side::Buy, 1, kind)
    };
    let stays = scene.place(MARGIN, stays).unwrap();
    scene.wait(1);
    scene.now = Timestamp::parse("2026-11-24T20:59:59Z").unwrap();
    scene.wait(0);
    scene.world.advance(scene.now);
    assert_eq!(scene.standing(&day), Standing::Working);
    scene.now = Timestamp::parse("2026-11-24T21:00:00Z").unwrap();
    scene.world.advance(scene.now);
    assert_eq!(scene.standing(&day), Standing::Expired);
    assert_eq!(scene.standing(&stays), Standing::Working);
}

#[test]
fn equity_of_the_past_ends_in_equity_of_today() {
    let scene = Scene::new();
    for customer in &scene.world.customers {
        let market = &scene.world.market;
        let past = customer.equity_at(market, scene.now);
        let today = customer.figures(market).equity;
        let difference = (past - today).abs() / today;
        assert!(difference < Decimal::new(2, 3), "{past} {today}");
        assert_eq!(customer.equity_at(market, customer.created), Decimal::ZERO);
    }
}

#[test]
fn two_casts_of_one_market_see_the_same_prices_and_share_some_holdings() {
    let (mut one, mut other) = (world(1), world_of(Cast::SECOND, 1));
    // They are never asked at quite the same time.
    for tenth in 0..40 {
        let now = start().plus(Duration::from_millis(100 * tenth));
        one.advance(now);
        if tenth % 3 == 0 {
            other.advance(now);
        }
    }
    let end = start().plus(Duration::from_secs(5));
    one.advance(end);
    other.advance(end);
    for listing in 0..one.market.listings().len() {
        assert_eq!(
            one.market.line(listing).quote,
            other.market.line(listing).quote
        );
    }
    let held = |world: &World, symbol: &str| {
        let symbol = Symbol::new(symbol);
        world
            .customers
            .iter()
            .any(|one| !one.held(&symbol).is_zero())
    };
    for seed in 1..6 {
        let (one, other) = (world(seed), world_of(Cast::SECOND, seed));
        for symbol in ["AAPL", "SPY"] {
            assert!(held(&other, symbol), "{seed} {symbol}");
        }
        let shared = one.market.listings().iter().filter(|listing| {
            held(&one, listing.symbol.as_str()) && held(&other, listing.symbol.as_str())
        });
        assert!(shared.count() > 2, "{seed}");
        assert_ne!(one.customers[0].number, other.customers[0].number);
    }
}
